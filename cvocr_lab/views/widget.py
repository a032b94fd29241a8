"""The widgets of the package.

The scripts and styles of the pages are in ``static/``.  The script of a widget must be one ES
module without imports, so its parts are concatenated here, without a bundler or a network.

Pictures and values are sent as custom messages and never as traits, so that the widget state in a
saved notebook does not contain them.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from cvocr_lab.errors import MissingPartError

if TYPE_CHECKING:
    from anywidget import AnyWidget

Page = Literal["board", "sweep"]

PARTS: Final[Mapping[Page, tuple[str, ...]]] = {
    "board": (
        "page.js", "box.js", "stage.js", "drawing.js", "tags.js", "gallery.js", "facets.js",
        "view.js", "review.js", "keys.js", "board.js", "board.css", "gallery.css",
    ),
    "sweep": ("page.js", "box.js", "sweep.js", "board.css", "sweep.css"),
}  # fmt: skip
"""Parts of the script and style of each page, in order."""

Message = Mapping[str, object]


def static(page: Page, ending: Literal[".js", ".css"]) -> str:
    """Return the script or the style of a page."""
    folder = files("cvocr_lab.views") / "static"
    parts = [part for part in PARTS[page] if part.endswith(ending)]
    return "\n".join((folder / part).read_text(encoding="utf-8") for part in parts)


@cache
def thread() -> ThreadPoolExecutor:
    """Return the thread for everything slow, so that the kernel can go on answering."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="cvocr-pictures")


@cache
def widget_type(page: Page) -> type[AnyWidget]:
    """Return the class of the widgets of a page."""
    try:
        import anywidget
    except ImportError:
        raise MissingPartError(
            "viewer, reviewer and sweep need anywidget: pip install anywidget. "
            "frame.cvocr.show() draws a static picture without it"
        ) from None
    # The browser keeps one style per class name.
    parts = {"_esm": static(page, ".js"), "_css": static(page, ".css")}
    return type(page.capitalize(), (anywidget.AnyWidget,), parts)
