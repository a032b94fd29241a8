"""Show results: as text, in a notebook, and as parts of a self-contained HTML page."""

from __future__ import annotations

import hashlib
import io
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, zip_longest
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from cvocr_lab.errors import refuse_ending
from cvocr_lab.files import write_private
from cvocr_lab.kinds import captioned
from cvocr_lab.scoring.mistakes import edits
from cvocr_lab.scoring.plots import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP: Final = "·"
_BLANK: Final = "␣"
_WIDTH: Final = 60

_INK: Final = "#010203"
_RULE: Final = "#040506"
"""Colours that no plot uses; the page replaces them by those of the user's colour scheme."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "before comparing": "Unicode NFC; runs of blanks become one, and blanks at the ends are "
    "removed; nothing else. Case, diacritics and punctuation count. None, NaN and the empty text "
    "are absent. A truth of ### (printed, but unreadable) is left out. If several truths are "
    "accepted, the nearest one counts.",
    "correct, wrong, invented, missing, absent": "both present and equal; both present and "
    "different; only a value; only a truth; neither.",
    "exact": "correct / (correct + wrong + missing): share of printed values read exactly. This is "
    "also the recall, since a wrong value does not count as found.",
    "exact case, exact diacritics, exact loose": "the same, ignoring case; ignoring diacritics "
    "(đ equals d); ignoring case, diacritics, punctuation and blanks.",
    "same value": "the same, with values compared by their type: dates in any printed form, "
    "plates and numbers without separators, places by their parts.",
    "other era": "values that are the name of the place before or after the mergers of July 2025.",
    "right": "(correct + absent) / n; it is misleadingly high if many values are absent.",
    "coverage": "(correct + wrong) / (correct + wrong + missing).",
    "precision, F1": "correct / (correct + wrong + invented); its harmonic mean with exact.",
    "card exact": "share of cards in which every compared field is correct or absent. A card is a "
    "row of the truth.",
    "CER, CER macro": "edits / letters, each summed over the values whose truth is present (not a "
    "mean of rates). Edits: the minimum number of insertions, deletions and replacements "
    "(Levenshtein). A missing value costs its length; an invented value is not counted. CER macro: "
    "mean over the values of edits / letters; short values count as much as long ones.",
    "WER, WER macro": "the same with words instead of letters.",
    "ANLS": "mean over all cells of 1 − edits / longer length, or 0 if that is below one half, "
    "ignoring case; cells where both are absent count 1.",
    "[ … ]": "95 % interval. It is computed by cards, because the values of one card are not "
    "independent: two additional cards, one completely right and one completely wrong, are added, "
    "and the variance between cards gives an effective number of cards.",
    "p": "exact McNemar test of the values on which two readers differ, with Holm's correction for "
    "the number of tests.",
    "AUROC": "probability that a right value has a higher confidence than another one (ties count "
    "half).",
    "Brier score": "mean of (confidence − 1 if right, 0 if not)².",
    "ECE": "mean difference between mean confidence and share right over bands of about equal "
    "size; “by luck alone”: its expected value if all confidences were exactly true.",
}


def _anchor(kind: str, text: str) -> str:
    return f"{kind}-" + (re.sub(r"\W+", "-", text.lower()).strip("-") or "interval")


TERMS: Final[Mapping[str, str]] = {
    heading: _anchor("d", term) for term in DEFINITIONS for heading in (term, *term.split(", "))
}
"""The anchor of the definition of each heading."""


class Displayed(ABC):
    """A result that is shown as a headline, tables and a note."""

    __slots__ = ()

    @abstractmethod
    def headline(self) -> str:
        """Return the result in one line."""

    @abstractmethod
    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        """Return the tables, of which empty ones are left out, and the note ("" for none)."""

    def __repr__(self) -> str:
        tables, note = self._shown()
        texts = [table.to_string() for table in tables if len(table)]
        return "\n".join(
            [f"{type(self).__name__}: {self.headline()}", *texts, *filter(None, [note])]
        )

    def _repr_html_(self) -> str:
        # Without colours, so that it fits light and dark notebooks.
        tables, note = self._shown()
        parts = [f"<p><b>{type(self).__name__}</b>: {escape(self.headline())}</p>"]
        parts += [
            f'<div style="overflow-x:auto">{table.to_html(border=0)}</div>'
            for table in tables
            if len(table)
        ]
        parts += [f"<p><small>{escape(note)}</small></p>"] if note else []
        return f"<div>{''.join(parts)}</div>"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, made of HTML, with an entry in the table of contents.

    `note` describes it in one or two sentences.
    """

    title: str
    parts: tuple[str, ...]
    note: str = ""

    @property
    def anchor(self) -> str:
        """The target of links."""
        return _anchor("s", self.title.partition(":")[0])

    def html(self) -> str:
        """Return the heading, the note and the parts."""
        said = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        title = escape(self.title)
        return f'<h2 id="{self.anchor}">{title}</h2>\n{said}{"".join(self.parts)}\n'


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return a self-contained HTML file with a light and a dark style, which loads nothing.

    `lead` is HTML above the table of contents.  The definitions of the figures come last.
    """
    lines = (
        f'<dt id="{TERMS[term]}">{escape(term)}</dt><dd>{escape(said)}</dd>'
        for term, said in DEFINITIONS.items()
    )
    sections = [*sections, Section("Definitions", (f"<dl>{''.join(lines)}</dl>",))]
    style, script = (
        Path(__file__).with_name(f"report.{kind}").read_text(encoding="utf-8")
        for kind in ("css", "js")
    )
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{digest}'"
    )
    lead = lead.replace(" %", "\N{NO-BREAK SPACE}%")
    entries = "".join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n"
        f"<header><h1>{escape(title)}</h1>\n{lead}</header>\n"
        f'<nav aria-label="contents"><ol>{entries}</ol></nav>\n'
        f"<main>{''.join(s.html() for s in sections)}</main>\n"
        f"<script>{script}</script></body></html>\n"
    )


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """Return large figures side by side: the text, the name, and the interval (or "") of each."""
    return '<div class="tiles">' + "".join(
        f"<div><b>{escape(figure)}</b><span>{escape(what)}</span><small>{escape(said)}</small></div>"
        for figure, what, said in figures
    ) + "</div>\n"  # fmt: skip


def table(rows: pd.DataFrame, *, words: Sequence[str] = (), lively: bool = True) -> str:
    """Return a table of texts; text in brackets, or after a line break, is small.

    The columns in `words` have sentences, which may wrap.  A `lively` table can be sorted by
    clicking on a heading, and searched if it is long.  Headings link to their definitions.
    """
    names = [str(n) if n is not None else "" for n in rows.index.names]
    sorts = lively and len(rows) > 1

    def heading(name: str, how: str) -> str:
        text = f"<button>{escape(name)}</button>" if sorts and name else escape(name)
        term = TERMS.get(name)
        link = (
            f'<a class="q" href="#{term}" aria-label="what {escape(name)} is"></a>' if term else ""
        )
        return f'<th scope="col"{how}>{text}{link}</th>'

    head = "".join(heading(n, ' class="left"') for n in names)
    head += "".join(heading(str(c), _class(c, words)) for c in rows.columns)
    body = []
    for label, cells in zip(rows.index, rows.itertuples(index=False, name=None), strict=True):
        labels = label if isinstance(label, tuple) else (label,)
        line = "".join(f'<th scope="row">{escape(str(part))}</th>' for part in labels)
        line += "".join(
            f"<td{_class(column, words)}>{_cell(cell)}</td>"
            for column, cell in zip(rows.columns, cells, strict=True)
        )
        body.append(f"<tr>{line}</tr>")
    what = ' class="lively"' if sorts else ""
    search = (
        '<input type="search" placeholder="Search this table" aria-label="search this table">'
        if sorts and len(rows) > _SEARCHED
        else ""
    )
    return (
        f'{search}<div class="scroll"><table{what}><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{''.join(body)}</tbody></table></div>\n"
    )


_SEARCHED: Final = 7
"""Maximum number of rows of a table without search."""


def figure(draw: Callable[[Axes], object], *, size: tuple[float, float], says: str) -> str:
    """Return a plot as inline SVG in the text colour of the page; letters are outlines.

    `draw` draws on the given axes, `size` is width and height in inches, and `says` describes the
    plot, as caption and as alternative text.
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
        # A long legend outside the axes must not be cut off.
        about = {"Date": None, "Creator": None}
        drawn.savefig(out, format="svg", metadata=about, bbox_inches="tight")
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor").replace(_RULE, "var(--rule)")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Identifiers must be unique on the page.
    mark = re.sub(r"\W", "", says)[:24]
    svg = re.sub(r'\bid="', f'id="{mark}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{mark}-", svg)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(says)}" ', 1)
    return f"<figure>{svg}<figcaption>{escape(says)}</figcaption></figure>\n"


def aligned(truth: str, value: str) -> str:
    """Return HTML with the printed text above the text that was read, and differences marked.

    Corresponding letters are in one column; a dot stands for a letter that one side
    lacks.  Everything is escaped.  Long texts are continued in another pair of lines.
    """
    columns = [
        (printed, read, tag != "equal")
        for tag, above, below in edits(truth, value)
        for printed, read in zip_longest(above, below, fillvalue="")
    ]
    return "".join(
        f'<div class="lines"><div><i>printed</i><code>{_line(part, 0)}</code></div>'
        f"<div><i>read</i><code>{_line(part, 1)}</code></div></div>"
        for part in (columns[at : at + _WIDTH] for at in range(0, len(columns), _WIDTH))
    )


def _line(columns: Sequence[tuple[str, str, bool]], side: int) -> str:
    parts = []
    for differs, run in groupby(columns, key=itemgetter(2)):
        shown = [str(column[side]) for column in run]
        if differs:
            shown = [{"": _GAP, " ": _BLANK}.get(letter, letter) for letter in shown]
        text = escape("".join(shown))
        parts.append(f"<mark>{text}</mark>" if differs else text)
    return "".join(parts)


def entry(label: object, field: str, text: str, *, about: str = "") -> str:
    """Return a value in a list: where it is from, and HTML with its texts."""
    small = f"<br><small>{escape(about)}</small>" if about else ""
    return (
        f'<div class="miss"><div class="about"><b>{escape(str(label))}</b> · '
        f'{escape(captioned(field))}{small}</div><div class="text">{text}</div></div>\n'
    )


def written(text: str, path: str | PathLike[str]) -> Path:
    """Write a page, which contains personal data, with mode 0600, and return its path."""
    refuse_ending(path, ".html", ".htm")
    write_private(path, text)
    return Path(path)


def _class(column: object, words: Sequence[str]) -> str:
    return ' class="words"' if column in words else ""


def _cell(cell: object) -> str:
    found = _INTERVAL.fullmatch(str(cell))
    if found is None:
        first, _, rest = str(cell).partition("\n")
        return escape(first) + (f"<small>{escape(rest)}</small>" if rest else "")
    return f"{escape(found[1])}<small>{escape(found[2])}</small>"


_INTERVAL: Final = re.compile(r"(.+) (\[[^]]+\])")
