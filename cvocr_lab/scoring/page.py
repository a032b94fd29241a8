"""Pieces of a self-contained HTML page: tables, pictures, pairs of lines."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from cvocr_lab.files import write_private
from cvocr_lab.scoring.plots import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK: Final = "#010203"
_RULE: Final = "#040506"
"""Colours no plot uses; the page puts its own, of the reader's colour scheme, in their place."""


def page(title: str, parts: Iterable[str]) -> str:
    """One HTML file with all it needs, in light and dark."""
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{''.join(parts)}</body></html>\n"
    )


def section(title: str, *parts: str, note: str = "") -> str:
    """A heading, what it means, and what stands under it."""
    said = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<h2>{escape(title)}</h2>\n{said}{''.join(parts)}\n"


def table(rows: pd.DataFrame, *, words: Sequence[str] = ()) -> str:
    """A table of texts; a line break in a cell sets what follows in small letters below.

    Parameters
    ----------
    words
        Columns of prose, which may wrap.
    """
    names = [str(n) if n is not None else "" for n in rows.index.names]
    head = "".join(f'<th class="left" scope="col">{escape(n)}</th>' for n in names)
    head += "".join(
        f'<th scope="col"{_class(c, words)}>{escape(str(c))}</th>' for c in rows.columns
    )
    body = []
    for label, cells in zip(rows.index, rows.itertuples(index=False, name=None), strict=True):
        labels = label if isinstance(label, tuple) else (label,)
        line = "".join(f'<th scope="row">{escape(str(part))}</th>' for part in labels)
        line += "".join(
            f"<td{_class(column, words)}>{_cell(cell)}</td>"
            for column, cell in zip(rows.columns, cells, strict=True)
        )
        body.append(f"<tr>{line}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{''.join(body)}</tbody></table></div>\n"
    )


def figure(draw: Callable[[Axes], object], *, size: tuple[float, float], says: str) -> str:
    """A plot as inline SVG in the page's own ink; letters are outlines, so that all are shown.

    Parameters
    ----------
    draw
        Gets the axes to draw on.
    size
        Width and height in inches.
    says
        What the plot shows, for those who cannot see it; also its caption.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    inks = {key: _INK for key, value in STYLE.items() if "color" in key and "face" not in key}
    own = {"grid.color": _RULE, "svg.fonttype": "path", "svg.hashsalt": says}
    with mpl.rc_context(STYLE | inks | own):  # type: ignore[arg-type]
        drawn = Figure(figsize=size, layout="constrained")
        draw(drawn.subplots())
        drawn.patch.set_alpha(0)
        for axes in drawn.axes:
            axes.patch.set_alpha(0)
        out = io.StringIO()
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor").replace(_RULE, "var(--rule)")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Names inside one picture must not be those of another on the page.
    mark = re.sub(r"\W", "", says)[:24]
    svg = re.sub(r'\bid="', f'id="{mark}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{mark}-", svg)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(says)}" ', 1)
    return f"<figure>{svg}<figcaption>{escape(says)}</figcaption></figure>\n"


def write(text: str, path: str | PathLike[str]) -> None:
    """Write a page that shows people's data, with mode 0600."""
    write_private(path, text)


def _class(column: object, words: Sequence[str]) -> str:
    return ' class="words"' if column in words else ""


def _cell(cell: object) -> str:
    first, _, rest = str(cell).partition("\n")
    return escape(first) + (f"<small>{escape(rest)}</small>" if rest else "")
