"""`cloudmend demo` before a terminal: it ends with the console, in the browser of whoever watches."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from browser.chromium import Browser
from terminal import terminal
from walkthrough.conftest import ROOT, TOOLS

pytestmark = pytest.mark.browser


def test_the_demo_ends_with_the_console_over_what_was_mended(browser: Browser, tmp_path: Path) -> None:
    opener = tmp_path / "browser"
    opener.write_text("#!/bin/sh\n")
    opener.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "BROWSER": str(opener)}
    with terminal([str(TOOLS / "cloudmend"), "demo"], ROOT, environment) as screen:
        screen.until("Press Ctrl-C to stop it.")
        (group_id,) = re.findall(r"(sg-\w+)\s+tcp/22 .* deployed", screen.said)
        (address,) = re.findall(r"The console is at (\S+)", screen.said)
        browser.driver.get(address)
        assert browser.text("h1") == "Nothing but settings is at fault"
        browser.link(group_id).click()
        assert group_id in browser.text("h1")
        screen.type("\r")
        assert screen.end() == 0
