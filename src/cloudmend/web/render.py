"""Pages: one self-contained file each, without a network, whose foreign text is inert twice over.

Jinja escapes whatever is put into a template, and a Content-Security-Policy lets a browser run and apply nothing but
our own script and style, which it knows by their hashes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from cloudmend.cli.messages import duration
from cloudmend.cli.scan.report import detail_text
from cloudmend.core.escaping import cut, plural, terminal

_MINUTE: Final = 60.0  # seconds
_VALUE: Final = 300  # characters
_PACKAGE: Final = "cloudmend.web"
_FOLDER: Final = "pages"
# What a browser may break at a hyphen, or anywhere where a column is narrow: ids of resources, records, events and
# accounts, addresses and networks.
_UNBROKEN: Final = re.compile(
    r"\b[a-z]+-[0-9a-f]{8,17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\b"
    r"|\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b|\b\d{12}\b|\b\d+(?:\.\d+){3}(?:/\d+)?|\b[0-9a-f]{1,4}:[0-9a-f:]+(?:/\d+)?"
)


def render(template: str, *, scripts: tuple[str, ...] = (), **values: Any) -> str:
    """Return the page that a template of this folder makes from these values, with its style and scripts inside."""
    style, script = asset("style.css"), Markup().join(map(asset, scripts))
    page = _environment().get_template(template)
    return page.render(**values, style=style, script=script, security=security_policy(style, script))


def asset(name: str) -> Markup:
    """Return a style sheet or script of this folder."""
    return Markup((files(_PACKAGE) / _FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 - our own files, never foreign text


def security_policy(style: str, script: str) -> str:
    """A Content-Security-Policy: these two texts, inline, and nothing else from anywhere."""
    allowed = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def unbroken(text: str) -> Markup:
    """Return the visible text, escaped, with each id on one line. Text that is escaped already stays as it is."""
    shown = str(text if isinstance(text, Markup) else escape(terminal(text)))
    return Markup(_UNBROKEN.sub(r'<span class="keep">\g<0></span>', shown))  # noqa: S704 - escaped, and no match is HTML


def short(text: str) -> str:
    """Return a value of a part, cut if it is too long to read in a table."""
    return cut(terminal(text), _VALUE)


def lasting(length: timedelta) -> str:
    """Return a duration: in tenths of seconds below a minute, otherwise in words."""
    seconds = length.total_seconds()
    return f"{seconds:.1f} s" if seconds < _MINUTE else duration(int(seconds))


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, _FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=terminal, plural=plural, detail_text=detail_text, unbroken=unbroken, lasting=lasting
    )
    environment.filters.update(short=short)
    return environment
