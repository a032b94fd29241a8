"""What `Comparison` and `Readers` share: the verdict as text, in a notebook, and as a report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from html import escape
from os import PathLike
from pathlib import Path
from typing import overload

import pandas as pd

from cvocr_lab.scoring.definitions import TERMS, definitions
from cvocr_lab.scoring.page import Displayed, Section, aligned, entry, page, table, written
from cvocr_lab.scoring.report import SHOWN, left_out

Listed = tuple[str, str, pd.DataFrame, Mapping[str, str]]
"""Title and meaning of a list of cells, the cells, and the readers shown, by their suffix."""


class ComparisonReport(Displayed):
    """A comparison of readers that can be shown as text, as HTML and as a report."""

    __slots__ = ()

    @abstractmethod
    def verdict(self) -> list[str]:
        """Return the result in sentences."""

    @abstractmethod
    def notes(self) -> str:
        """Explain the columns of the table."""

    @abstractmethod
    def _page(self) -> tuple[str, str, list[Section]]:
        """Return the title, HTML above the verdict, and the first sections of the report."""

    @abstractmethod
    def _lists(self) -> Iterable[Listed]:
        """Return the lists of cells in the report."""

    def headline(self) -> str:
        """Return the verdict in one line."""
        return " ".join(self.verdict())

    @overload
    def to_html(self, path: None = None, *, title: str = ..., limit: int = ...) -> str: ...
    @overload
    def to_html(self, path: str | PathLike[str], *, title: str = ..., limit: int = ...) -> Path: ...

    def to_html(
        self, path: str | PathLike[str] | None = None, *, title: str = "", limit: int = SHOWN
    ) -> str | Path:
        """Create a report as one HTML file: the verdict, the differences, and lists of values.

        Parameters
        ----------
        path
            The file, created with mode 0600 because it contains personal data; None to return
            the HTML only.
        title
            Title of the page; "" for the names of the readers.
        limit
            Maximum number of values in each list.

        Returns
        -------
        pathlib.Path or str
            The path, or the HTML if `path` is None.
        """
        own_title, above, sections = self._page()
        (*_, shown), note = self._shown()
        lines = "".join(f"<li>{escape(line)}</li>" for line in self.verdict())
        lists = []
        for name, meaning, cells, sides in self._lists():
            some = cells.head(limit)
            records = zip(some.index, some.to_dict("records"), strict=True)
            entries = [_entry(label, cell, sides) for label, cell in records]
            entries.append(left_out(len(cells) - limit))
            lists.append(Section(f"{name}: {len(cells):,}", tuple(entries), meaning))
        text = page(
            title or own_title,
            f'{above}<ul class="verdict">{lines}</ul>',
            [
                *sections,
                Section(
                    "Figures per field", (table(shown, words=("verdict",), terms=TERMS),), note,
                ),
                *lists,
                Section("Definitions", (definitions(),)),
            ],
        )  # fmt: skip
        return text if path is None else written(text, path)


def _entry(label: object, cell: Mapping[Hashable, object], sides: Mapping[str, str]) -> str:
    """Return one printed value, and the values of the readers that are not right."""
    lines = "".join(
        f'<p class="note">{escape(name)}: {escape(str(cell[f"outcome_{side}"]))}</p>'
        + aligned(str(cell["truth"]), str(cell[f"value_{side}"]))
        for side, name in sides.items()
        if cell[f"outcome_{side}"] not in ("correct", "absent")
    )
    return entry(label, str(cell["field"]), lines)
