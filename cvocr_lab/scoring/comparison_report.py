"""A comparison of readers as one HTML file."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from html import escape

import pandas as pd

from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import plots
from cvocr_lab.scoring.definitions import TERMS, definitions
from cvocr_lab.scoring.differences import aligned
from cvocr_lab.scoring.page import Section, figure, page, table, tiles
from cvocr_lab.scoring.report import left_out

Listed = tuple[str, str, pd.DataFrame, Mapping[str, str]]
"""Title and meaning of a list of cells, the cells, and the readers to show by their suffix."""


def comparison_page(
    *,
    title: str,
    names: tuple[str, str],
    verdict: Sequence[str],
    fields: pd.DataFrame,
    shown: pd.DataFrame,
    notes: str,
    lists: Iterable[Listed],
    limit: int,
) -> str:
    """Lay out two readers: who is ahead where, and the values fixed and broken."""
    size = (8.0, 1.5 + 0.3 * max(len(fields), 1))
    drawn = figure(
        lambda ax: plots.differences(fields, names, ax),
        size=size, says=f"Share exact: {names[1]} minus {names[0]}, with 95 % intervals.",
    )  # fmt: skip
    sections = [
        Section("Differences", (drawn,)),
        Section("Figures per field", (table(shown, words=("verdict",), terms=TERMS),), notes),
        *_listed(lists, limit),
        Section("Definitions", (definitions(),)),
    ]
    return page(title, _lead(verdict), sections)


def readers_page(
    *,
    title: str,
    verdict: Sequence[str],
    leading: Iterable[tuple[str, str, str]],
    whole: pd.DataFrame,
    fields: pd.DataFrame,
    shown: pd.DataFrame,
    notes: str,
    lists: Iterable[Listed],
    limit: int,
) -> str:
    """Lay out several readers: who is best, where they differ, what only one gets right."""
    names = fields.index.get_level_values("reader").unique()
    rows = len(fields.index.get_level_values("field").unique())
    drawn = figure(
        lambda ax: plots.readers(fields, ax),
        size=(8.6, 1.5 + (0.16 + 0.13 * len(names)) * max(rows, 1)),
        says="Share exact of each reader, with 95 % intervals, the worst field first; fields that "
        "all readers read without a mistake are left out.",
    )
    sections = [
        Section("All fields together", (table(whole, terms=TERMS),)),
        Section("Fields", (drawn,)),
        Section("Differences", (table(shown, words=("verdict",), terms=TERMS),), notes),
        *_listed(lists, limit),
        Section("Definitions", (definitions(),)),
    ]
    return page(title, tiles(leading) + _lead(verdict), sections)


def _lead(verdict: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in verdict)
    return f'<ul class="verdict">{lines}</ul>'


def _listed(lists: Iterable[Listed], limit: int) -> Iterable[Section]:
    for name, meaning, cells, sides in lists:
        some = cells.head(limit)
        records = zip(some.index, some.to_dict("records"), strict=True)
        entries = tuple(_entry(label, cell, sides) for label, cell in records)
        rest = left_out(len(cells) - limit)
        yield Section(f"{name}: {len(cells):,}", (*entries, rest), meaning)


def _entry(label: object, cell: Mapping[Hashable, object], sides: Mapping[str, str]) -> str:
    """One printed value, and what each reader that missed it made of it."""
    lines = "".join(
        f'<p class="note">{escape(name)}: {escape(str(cell[f"outcome_{side}"]))}</p>'
        + aligned(str(cell["truth"]), str(cell[f"value_{side}"]))
        for side, name in sides.items()
        if cell[f"outcome_{side}"] not in ("correct", "absent")
    )
    return (
        f'<div class="miss"><div class="about"><b>{escape(str(label))}</b> · '
        f'{escape(captioned(str(cell["field"])))}</div><div class="text">{lines}</div></div>\n'
    )
