"""cloudmend mends AWS accounts by itself: what was opened to the world is narrowed and proved closed."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
