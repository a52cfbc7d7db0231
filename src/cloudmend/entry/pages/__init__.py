"""Pages: one self-contained file each, without a network, whose foreign text is inert twice over.

Jinja escapes whatever is put into a template, and a Content-Security-Policy lets a browser run and apply nothing but
our own script and style, which it knows by their hashes.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cloudmend.core.escaping import terminal
from cloudmend.core.network import readable
from cloudmend.core.scan import plural

_PACKAGE: Final = "cloudmend.entry.pages"


def render(template: str, *, scripts: tuple[str, ...] = (), **values: Any) -> str:
    """The page that a template of this folder makes of these values, with its style and scripts inside."""
    style, script = asset("style.css"), Markup().join(map(asset, scripts))
    page = _environment().get_template(template)
    return page.render(**values, style=style, script=script, security=security_policy(style, script))


def asset(name: str) -> Markup:
    """A style sheet or script of this folder."""
    return Markup((files(_PACKAGE) / name).read_text(encoding="utf-8"))  # noqa: S704 - our own files, never foreign text


def security_policy(style: str, script: str) -> str:
    """A Content-Security-Policy: these two texts, inline, and nothing else from anywhere."""
    allowed = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=terminal, plural=plural, readable=readable)
    return environment
