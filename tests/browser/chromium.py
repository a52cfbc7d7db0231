"""Debian's Chromium, driven as a person would use it; it tells what else it was made to do."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

_BINARY: Final = Path("/usr/bin/chromium")
_DRIVER: Final = Path("/usr/bin/chromedriver")
_SCREENSHOTS: Final = Path(__file__).parents[2] / "build/screenshots"
_PATIENCE_S: Final = 60.0
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
)
# What is asked for elsewhere is never reached.
_NOWHERE_ELSE: Final = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# What a page needs no network for.
_INSIDE: Final = ("data:", "chrome:", "chrome-untrusted:", "about:", "file:")


class Look(TypedDict, total=False):
    """What `Browser.emulate` takes."""

    scheme: str
    width: int
    media: str


_LOOKS: Final[dict[str, Look]] = {
    "": {},
    "-dark": {"scheme": "dark"},
    "-print": {"media": "print"},
    "-narrow": {"width": 360},
}


class Browser:
    """One window. Nothing of it outlives the test but its screenshots."""

    def __init__(self, profile: Path, *, rebound: str = "") -> None:
        """`profile` is an empty folder; `rebound`, a name that a stranger's name server makes point to this machine.

        Where there is no Chromium the test fails, and says what to install.
        """
        missing = [str(path) for path in (_BINARY, _DRIVER) if not path.exists()]
        if missing:
            pytest.fail(
                f"There is no {' and no '.join(missing)}: apt-get install chromium chromium-driver", pytrace=False
            )
        options = ChromeOptions()
        options.binary_location = str(_BINARY)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        names = f"MAP {rebound} 127.0.0.1, {_NOWHERE_ELSE}" if rebound else _NOWHERE_ELSE
        for flag in (*_FLAGS, f"--host-resolver-rules={names}", f"--user-data-dir={profile}"):
            options.add_argument(flag)
        self._seen: list[tuple[str, dict[str, Any]]] = []
        # With both paths given, Selenium looks for neither, and downloads nothing.
        self.driver = Chrome(options, Service(str(_DRIVER)))

    def close(self) -> None:
        self.driver.quit()

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """As it is read now, in one step: the page may be renewed meanwhile."""
        return str(self.driver.execute_script("return document.querySelector(arguments[0]).innerText", selector))

    def link(self, text: str) -> WebElement:
        return self.driver.find_element(By.LINK_TEXT, text)

    def press(self, element: WebElement, *keys: str) -> None:
        """Keys, and then Enter, with which another page comes."""
        page = self.find("html")
        element.send_keys(*keys, Keys.ENTER)
        self.wait(lambda: bool(staleness_of(page)(self.driver)))
        self.wait(lambda: self.driver.execute_script("return document.readyState") == "complete")

    def wait(self, until: Callable[[], bool]) -> None:
        """Raises TimeoutException only where it never comes."""
        WebDriverWait(self.driver, _PATIENCE_S, poll_frequency=0.1).until(lambda _: until())

    def emulate(self, *, scheme: str = "light", width: int = 1200, media: str = "screen") -> None:
        """What a reader prefers and has: light or dark, a wide or a narrow window, a screen or paper."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setEmulatedMedia", media=media, features=features)
        self._command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def shoot(self, name: str) -> None:
        """The whole page, as an artefact to look at."""
        _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        picture = self._command("Page.captureScreenshot", captureBeyondViewport=True)
        (_SCREENSHOTS / f"{name}.png").write_bytes(b64decode(picture["data"]))

    def scrolls_sideways(self) -> bool:
        """Whether the page itself does; a table within it may."""
        script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.driver.execute_script(script))

    def check_names(self) -> None:
        """What a screen reader calls things by."""
        assert len(self.all("h1")) == len(self.all("main")) == len(self.all("header")) == 1
        named = self.all("a, button, input:not([type=hidden]), [role=region], [role=img]")
        assert all(element.accessible_name for element in named)
        assert len(self.all("table")) == len(self.all("table > caption"))

    def shoot_all(self, name: str) -> None:
        """In the light, in the dark, on paper and on a phone, where nothing may stick out."""
        for suffix, look in _LOOKS.items():
            self.emulate(**look)
            self.shoot(f"{name}{suffix}")
            assert not self.scrolls_sideways(), suffix
        self.emulate()

    def complaints(self) -> list[str]:
        """What the browser's console was told since this was last asked."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """The addresses that were asked for since this was last asked."""
        sent = [params["request"]["url"] for method, params in self._network() if method == "requestWillBeSent"]
        return [address for address in sent if not address.startswith(_INSIDE)]

    def statuses(self, server: str) -> list[int]:
        """All that a server (host:port) has answered, also what no page may see. It leaves nothing for `requests`."""
        self._seen += self._network()
        sent = {each["requestId"]: each["request"]["url"] for how, each in self._seen if how == "requestWillBeSent"}
        answers = [each for how, each in self._seen if how == "responseReceivedExtraInfo"]
        return [each["statusCode"] for each in answers if urlsplit(sent.get(each["requestId"], "")).netloc == server]

    def _network(self) -> list[tuple[str, dict[str, Any]]]:
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [
            (each["method"].removeprefix("Network."), each["params"])
            for each in messages
            if each["method"].startswith("Network.")
        ]

    def _command(self, name: str, **params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(name, params)
        return answer
