"""The widget of a sweep: the same talk as the viewer's, another page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from cvocr_lab.errors import MissingPartError
from cvocr_lab.views.widget import Hear, Talk, style

if TYPE_CHECKING:
    from anywidget import AnyWidget


class GridTalk(Talk):
    """The talk of `cvocr_lab.views.widget` with another page.

    Raises
    ------
    MissingPartError
        anywidget is not installed.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self.widget = _grid()()
        self.widget.on_msg(self._heard)


@cache
def _grid() -> type[AnyWidget]:
    try:
        import anywidget
    except ImportError:
        raise MissingPartError("the sweep needs anywidget: pip install anywidget") from None
    static = files("cvocr_lab.views") / "static"

    class Grid(anywidget.AnyWidget):
        _esm = (static / "sweep.js").read_text(encoding="utf-8")
        _css = style() + (static / "sweep.css").read_text(encoding="utf-8")

    return Grid
