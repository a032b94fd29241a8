"""`Comparison`: two readings of the same cards, and the report that it shares with `Readers`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, overload

import pandas as pd

from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import plots
from cvocr_lab.scoring.page import Displayed, Section, aligned, entry, figure, page, table, written
from cvocr_lab.scoring.report import SHOWN, left_out
from cvocr_lab.scoring.words import CARD, NAMED, differing, listed, named, p_value, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes


Listed = tuple[str, str, pd.DataFrame, Mapping[str, str]]
"""Title and meaning of a list of cells, the cells, and the readers shown, by their suffix."""


class ComparisonReport(Displayed):
    """A comparison of readers that can be shown as text, as HTML and as a report."""

    __slots__ = ()

    @abstractmethod
    def verdict(self) -> list[str]:
        """Return the result in sentences."""

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
                Section("Figures per field", (table(shown, words=("verdict",)),), note),
                *lists,
            ],
        )
        return text if path is None else written(text, path)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(ComparisonReport):
    """Reader b compared with reader a on the same truth.

    Parameters
    ----------
    names
        Names of a and b.
    cells
        One row per compared field, labelled like the truth: `row`, `field`, `truth`, and `value`,
        `edits`, `chars`, `outcome` of each reader with ``_a`` and ``_b``.
    fields
        One row per field, over the cells whose truth is present, then ``card_exact`` over whole
        cards: `n`, `exact_a`, `exact_b`, `difference` (b − a) with `low` and `high` (95 %,
        by cards), `fixed` (only b is right), `broke` (only a is right), `both_wrong`,
        `p` (exact McNemar test), `p_holm` (corrected for the number of fields; whole cards are a
        separate test), `cer_a`, `cer_b`, `cer_difference` with `cer_low` and `cer_high`,
        `verdict` on b (``better worse alike open``), and `enough`: the number of cards that would
        decide an open verdict with a power of 80 %, if the readers continue to differ as they did
        here (by at least `detect`); missing for other verdicts.
    detect
        Smallest difference in the share of exact values that matters.  The verdict is ``alike``
        if the whole interval is smaller than this.
    """

    names: tuple[str, str]
    cells: pd.DataFrame
    fields: pd.DataFrame
    detect: float

    @property
    def fixed(self) -> pd.DataFrame:
        """Cells that are right in b and not in a."""
        return self._cells(a=False, b=True)

    @property
    def broke(self) -> pd.DataFrame:
        """Cells that are right in a and not in b."""
        return self._cells(a=True, b=False)

    @property
    def both_wrong(self) -> pd.DataFrame:
        """Cells that are right in neither."""
        return self._cells(a=False, b=False)

    @property
    def invented(self) -> pd.DataFrame:
        """Cells without a truth for which a or b returned a value; they are in no other list."""
        return self.cells[(self.cells[["outcome_a", "outcome_b"]] == "invented").any(axis=1)]

    def verdict(self) -> list[str]:
        """Say in sentences which reader is better, for whole cards and for which fields."""
        if self.fields.empty:
            return ["no value to compare"]
        a, b = self.names
        said = []
        if CARD in self.fields.index:
            row = self.fields.T[CARD]
            said.append(
                f"Cards without a mistake: {a} {row['exact_a']:.1%}, {b} {row['exact_b']:.1%} of "
                f"{row['n']:,}; {self._words(row)}."
            )
        fields = self.fields.drop(index=CARD, errors="ignore")
        for what, word in (
            (f"{b} is better in", "better"),
            (f"{a} is better in", "worse"),
            (f"Alike within {self.detect * 100:g} points:", "alike"),
            ("Too few cards to tell:", "open"),
        ):
            if of := fields.index[fields["verdict"] == word].tolist():
                said.append(f"{what} {listed((captioned(str(field)) for field in of), NAMED)}.")
        made_up = [int((self.cells[f"outcome_{s}"] == "invented").sum()) for s in "ab"]
        if any(made_up):
            said.append(
                f"Values made up where nothing is printed: {a} {made_up[0]:,}, {b} {made_up[1]:,}."
            )
        return said

    def words(self) -> pd.Series:
        """Return the verdict on each field in words."""
        return self.fields.apply(self._words, axis=1) if len(self.fields) else pd.Series(dtype=str)

    def _words(self, row: pd.Series) -> str:
        a, b = self.names
        if row["verdict"] == "open":
            if row["fixed"] + row["broke"] == 0:
                told = f"no difference seen; {self.detect * 100:g} points would"
                return f"{told} take about {row['enough']:,} cards"
            return f"too few to tell; about {row['enough']:,} cards would"
        return {
            "better": f"{b} is better",
            "worse": f"{a} is better",
            "alike": f"alike within {self.detect * 100:g} points",
        }[str(row["verdict"])]

    def table(self) -> pd.DataFrame:
        """Format the figures per field as text."""
        fields, (a, b) = self.fields, self.names
        if fields.empty:
            return pd.DataFrame()
        return pd.DataFrame(
            {
                "n": fields["n"].map("{:,}".format),
                a: fields["exact_a"].map("{:.1%}".format),
                b: fields["exact_b"].map("{:.1%}".format),
                "difference": points(fields[["difference", "low", "high"]], 1),
                "fixed": fields["fixed"],
                "broke": fields["broke"],
                "both wrong": fields["both_wrong"],
                "p": fields["p_holm"].map(p_value),
                "CER difference": points(fields[["cer_difference", "cer_low", "cer_high"]], 2),
                "verdict": self.words(),
            }
        ).set_axis(pd.Index(map(named, fields.index), name="field", dtype=object), axis=0)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the difference of each field on which the readers differ, with its interval.

        Parameters
        ----------
        ax
            The axes to draw on; None for a new transparent figure.
        """
        return plots.differences(differing(self.fields, self.fields)[0], self.names, ax)

    def notes(self) -> str:
        """Explain the columns of the table."""
        fields = len(self.fields.index.drop(CARD, errors="ignore"))
        a, b = self.names
        return (
            f"exact: share of printed values read exactly. difference: {b} − {a} in points, CER "
            f"difference likewise, each with its 95 % interval. fixed: only {b} is right; broke: "
            f"only {a} is right. p: exact McNemar test with Holm's correction for {fields} fields. "
            "“cards would”: the number of cards that would tell with a power of 80 %, if the "
            f"readers continue to differ as they did here, by at least {self.detect * 100:g} "
            "points."
        )

    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        if self.fields.empty:
            return [pd.DataFrame()], ""
        shown, same = differing(self.fields, self.table())
        return [shown], same + self.notes()

    def _page(self) -> tuple[str, str, list[Section]]:
        a, b = self.names
        rows = len(differing(self.fields, self.fields)[0])
        drawn = figure(
            self.plot, size=(8.0, 1.5 + 0.3 * max(rows, 1)),
            says=f"Share exact: {b} minus {a}, with 95 % intervals.",
        )  # fmt: skip
        return f"{b} against {a}", "", [Section("Differences", (drawn,))]

    def _lists(self) -> Iterator[Listed]:
        a, b = self.names
        both = {"a": a, "b": b}
        yield "Broke", f"{a} is right, {b} is not", self.broke, both
        yield "Fixed", f"{b} is right, {a} is not", self.fixed, both
        yield "Both wrong", "neither is right", self.both_wrong, both
        yield "Invented", "there is no such value on the card", self.invented, both

    def _cells(self, *, a: bool, b: bool) -> pd.DataFrame:
        cells = self.cells
        right_a, right_b = (cells[f"outcome_{s}"] == "correct" for s in "ab")
        return cells[(cells["chars_a"] > 0) & (right_a == a) & (right_b == b)]


def _entry(label: object, cell: Mapping[Hashable, object], sides: Mapping[str, str]) -> str:
    """Return one printed value, and the values of the readers that are not right."""
    lines = "".join(
        f'<p class="note">{escape(name)}: {escape(str(cell[f"outcome_{side}"]))}</p>'
        + aligned(str(cell["truth"]), str(cell[f"value_{side}"]))
        for side, name in sides.items()
        if cell[f"outcome_{side}"] not in ("correct", "absent")
    )
    return entry(label, str(cell["field"]), lines)
