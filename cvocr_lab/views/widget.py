"""The widgets of the package, and the messages between kernel and page.

The scripts and styles of the pages are in ``static/``.  The script of a widget must be one ES
module without imports, so its parts are concatenated here, without a bundler or a network.

Pictures and values are sent as custom messages and never as traits, so that the widget state in a
saved notebook does not contain them.
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
        "page.js", "box.js", "stage.js", "drawing.js", "tags.js", "gallery.js", "facets.js",
        "view.js", "review.js", "keys.js", "board.js", "board.css", "gallery.css",
    ),
    "sweep": ("page.js", "box.js", "sweep.js", "board.css", "sweep.css"),
}  # fmt: skip
"""Parts of the script and style of each page, in order."""

Message = Mapping[str, object]
OnMessage = Callable[[str, str, Message], None]
"""A function that is called with the view of the page, its request, and the message."""


def static(page: Page, ending: Literal[".js", ".css"]) -> str:
    """Return the script or the style of a page."""
    folder = files("cvocr_lab.views") / "static"
    parts = [part for part in PARTS[page] if part.endswith(ending)]
    return "\n".join((folder / part).read_text(encoding="utf-8") for part in parts)


class Channel:
    """A widget, and the messages between it and the page.

    Messages of the page are handled in the main thread of the kernel.
    """

    def __init__(self, on_message: OnMessage, page: Page) -> None:
        self._on_message = on_message
        self.widget = _widget(page)()
        self.widget.on_msg(self._received)

    def tell(self, view: str, what: str, message: Message, pictures: Sequence[bytes] = ()) -> None:
        """Send a message to a view of the page; thread-safe."""
        self.widget.send({"tell": what, "view": view, **message}, list(pictures))

    def run_in_background(self, view: str, work: Callable[[], object]) -> None:
        """Run something slow in another thread, so that the kernel can go on answering."""
        _thread().submit(self._guarded, view, work)

    def _received(self, _: object, request: object, __: object) -> None:
        if isinstance(request, dict) and isinstance(request.get("ask"), str):
            view = str(request.get("view", ""))
            self._guarded(view, lambda: self._on_message(view, request["ask"], request))

    def _guarded(self, view: str, work: Callable[[], object]) -> None:
        try:
            work()
        except CvocrError as error:
            self.tell(view, "trouble", {"text": str(error)})
        except Exception as error:  # a traceback in the log of the page could show values
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
            "frame.cvocr.show() draws a static picture without it"
        ) from None
    # The browser keeps one style per class name.
    parts = {"_esm": static(page, ".js"), "_css": static(page, ".css")}
    return type(page.capitalize(), (anywidget.AnyWidget,), parts)
