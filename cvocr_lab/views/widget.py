"""The widgets of the package, and the talk between kernel and page.

The pages' scripts and styles stand in ``static/``.  A widget's script is one ES module and cannot
import files beside it, so its parts are joined here; no bundler, nothing from a network.

No trait of the widget holds a picture or a value: all that travels goes by custom messages, so
that a saved notebook, widget state included, holds neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from cvocr_lab.errors import CvocrError, MissingPartError

if TYPE_CHECKING:
    from anywidget import AnyWidget

Page = Literal["board", "sweep"]

PARTS: Final[Mapping[Page, tuple[str, ...]]] = {
    "board": (
        "page.js",
        "box.js",
        "stage.js",
        "drawing.js",
        "tags.js",
        "gallery.js",
        "facets.js",
        "view.js",
        "review.js",
        "keys.js",
        "board.js",
        "board.css",
        "gallery.css",
    ),
    "sweep": ("page.js", "box.js", "sweep.js", "board.css", "sweep.css"),
}
"""Parts of each page's script and style, in the order they are joined."""

Said = Mapping[str, object]
Hear = Callable[[str, str, Said], None]
"""What is called with the page's view, what it asks, and the whole message."""


def script(page: Page = "board") -> str:
    """The page's script."""
    return _joined(page, ".js")


def style(page: Page = "board") -> str:
    """The page's style."""
    return _joined(page, ".css")


def _joined(page: Page, ending: str) -> str:
    folder = files("cvocr_lab.views") / "static"
    parts = [part for part in PARTS[page] if part.endswith(ending)]
    return "\n".join((folder / part).read_text(encoding="utf-8") for part in parts)


class Talk:
    """One widget, and what is said between it and the page.

    Parameters
    ----------
    hear
        Called for each message of the page, in the kernel's own thread.
    page
        What the widget shows.

    Raises
    ------
    MissingPartError
        anywidget is not installed.
    """

    def __init__(self, hear: Hear, page: Page = "board") -> None:
        self._hear = hear
        self.widget = _widget(page)()
        self.widget.on_msg(self._heard)

    def tell(self, view: str, what: str, said: Said, pictures: Sequence[bytes] = ()) -> None:
        """Send something to a view of the page; may be called from another thread."""
        self.widget.send({"tell": what, "view": view, **said}, list(pictures))

    def later(self, view: str, work: Callable[[], object]) -> None:
        """Do something slow beside the kernel's thread, which stays free to answer."""
        _thread().submit(self._guarded, view, work)

    def _heard(self, _: object, said: object, __: object) -> None:
        if isinstance(said, dict) and isinstance(said.get("ask"), str):
            view = str(said.get("view", ""))
            self._guarded(view, lambda: self._hear(view, said["ask"], said))

    def _guarded(self, view: str, work: Callable[[], object]) -> None:
        try:
            work()
        except CvocrError as error:
            self.tell(view, "trouble", {"text": str(error)})
        except Exception as error:  # a log of the page would keep what a traceback shows
            text = f"Something went wrong in the kernel ({type(error).__name__})."
            self.tell(view, "trouble", {"text": text})


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="cvocr-pictures")


@cache
def _widget(page: Page) -> type[AnyWidget]:
    try:
        import anywidget
    except ImportError:
        raise MissingPartError(
            "viewer, reviewer and sweep need anywidget: pip install anywidget. "
            "frame.cvocr.show() draws a plain picture without it"
        ) from None
    # The browser keeps one style for each name of a class.
    parts = {"_esm": script(page), "_css": style(page)}
    return type(page.capitalize(), (anywidget.AnyWidget,), parts)


Mimebundle = tuple[dict[str, object], dict[str, object]]


def mimebundle(talk: Talk, text: str) -> Mimebundle:
    """What a notebook shows, and keeps, of the widget: its number and a plain text."""
    made = talk.widget._repr_mimebundle_()
    data, about = made if made is not None else ({}, {})
    return {**data, "text/plain": text}, {**about}
