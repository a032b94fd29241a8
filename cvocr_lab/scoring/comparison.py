"""Two readings of the same cards: who is ahead, where, and whether that is more than luck."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self, overload

import pandas as pd

from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import plots
from cvocr_lab.scoring.comparison_report import comparison_page
from cvocr_lab.scoring.page import written
from cvocr_lab.scoring.pairing import CARD, beside, judge
from cvocr_lab.scoring.report import SHOWN
from cvocr_lab.scoring.words import NAMED, differing, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison:
    """Reader b against reader a on the same truth.

    Parameters
    ----------
    names
        What a and b are called.
    cells
        One row per compared field, labelled like the truth: `row`, `field`, `truth`, and `value`,
        `edits`, `chars`, `outcome` of each reader with ``_a`` and ``_b``.
    fields
        One row per field, over the cells whose truth is present, then ``card_exact`` over whole
        cards: `n`, `exact_a`, `exact_b`, `difference` (b − a) with `low` and `high` (95 %,
        by cards), `fixed` (only b right), `broke` (only a right), `both_wrong`,
        `p` (exact McNemar), `p_holm` (corrected for the number of fields; whole cards are one
        test of their own), `cer_a`, `cer_b`, `cer_difference` with `cer_low` and `cer_high`,
        `verdict` of b (``better worse alike open``) and `enough`: how many cards would tell,
        with a chance of 80 %, if the readers go on to differ as they did here (by `detect` at
        least); missing unless the verdict is open.
    detect
        Smallest difference in the share exact that matters: ``alike`` lies wholly inside it.
    """

    names: tuple[str, str]
    cells: pd.DataFrame
    fields: pd.DataFrame
    detect: float

    @classmethod
    def of(
        cls,
        a: pd.DataFrame,
        b: pd.DataFrame,
        *,
        names: tuple[str, str],
        detect: float,
    ) -> Self:
        """Compare the cells of two scores of one truth."""
        cells = beside({"a": a, "b": b})
        return cls(names, cells, judge(cells, detect=detect), detect)

    @property
    def fixed(self) -> pd.DataFrame:
        """Cells that a misses and b has right."""
        return self._listed(a=False, b=True)

    @property
    def broke(self) -> pd.DataFrame:
        """Cells that a has right and b misses."""
        return self._listed(a=True, b=False)

    @property
    def both_wrong(self) -> pd.DataFrame:
        """Cells that neither has right."""
        return self._listed(a=False, b=False)

    @property
    def invented(self) -> pd.DataFrame:
        """Cells without a truth for which a or b gave a value; no other list has them."""
        return self.cells[(self.cells[["outcome_a", "outcome_b"]] == "invented").any(axis=1)]

    def verdict(self) -> list[str]:
        """Say in sentences who is ahead, on the whole and where."""
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

    def headline(self) -> str:
        """Give the verdict in one line."""
        return " ".join(self.verdict())

    def words(self) -> pd.Series:
        """Say for each field what its figures allow to say."""
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
        """Lay the figures per field out for reading, as text."""
        fields, (a, b) = self.fields, self.names
        if fields.empty:
            return pd.DataFrame()
        return pd.DataFrame(
            {
                "n": fields["n"].map("{:,}".format),
                a: fields["exact_a"].map("{:.1%}".format),
                b: fields["exact_b"].map("{:.1%}".format),
                "difference": [
                    _points(d, low, high, 1)
                    for d, low, high in fields[["difference", "low", "high"]].to_numpy()
                ],
                "fixed": fields["fixed"],
                "broke": fields["broke"],
                "both wrong": fields["both_wrong"],
                "p": fields["p_holm"].map(_chance),
                "CER difference": [
                    "–" if d != d else _points(d, low, high, 2)
                    for d, low, high in fields[["cer_difference", "cer_low", "cer_high"]].to_numpy()
                ],
                "verdict": self.words(),
            }
        ).set_axis(self._labels(), axis=0)

    def _labels(self) -> pd.Index:
        names = ["whole cards" if f == CARD else captioned(str(f)) for f in self.fields.index]
        return pd.Index(names, name="field", dtype=object)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the difference per field with its interval, where any value differs.

        Parameters
        ----------
        ax
            Where to draw; None for a transparent figure of its own.
        """
        return plots.differences(differing(self.fields, self.fields)[0], self.names, ax)

    @overload
    def to_html(self, path: None = None, *, title: str = ..., limit: int = ...) -> str: ...
    @overload
    def to_html(self, path: str | PathLike[str], *, title: str = ..., limit: int = ...) -> Path: ...
    def to_html(
        self, path: str | PathLike[str] | None = None, *, title: str = "", limit: int = SHOWN
    ) -> str | Path:
        """Make a report: one HTML file that opens with the verdict.

        Below stand the differences, the table, and the values broken and fixed.

        Parameters
        ----------
        path
            Where to write it, mode 0600; None to get the text only.
        title
            Heading of the page; "" for the two names.
        limit
            Values shown of each list at most.
        """
        a, b = self.names
        both = {"a": a, "b": b}
        shown, same = differing(self.fields, self.table())
        text = comparison_page(
            title=title or f"{b} against {a}",
            names=self.names,
            verdict=self.verdict(),
            fields=differing(self.fields, self.fields)[0],
            shown=shown,
            notes=same + self.notes(),
            lists=[
                ("Broke", f"{a} is right, {b} is not", self.broke, both),
                ("Fixed", f"{b} is right, {a} is not", self.fixed, both),
                ("Both wrong", "neither is right", self.both_wrong, both),
                ("Invented", "there is no such value on the card", self.invented, both),
            ],
            limit=limit,
        )
        return text if path is None else written(text, path)

    def notes(self) -> str:
        """Say how the figures came about."""
        fields = len(self.fields.index.drop(CARD, errors="ignore"))
        a, b = self.names
        return (
            f"exact: share of printed values read exactly. difference: {b} − {a} in points, CER "
            "difference likewise, each with its 95 % interval. fixed: only "
            f"{b} is right; broke: only {a} is. p: exact McNemar, Holm's correction for {fields} "
            "fields. “cards would”: for a chance of 80 % to tell, if the readers go on to differ "
            f"as they did here, by {self.detect * 100:g} points at least."
        )

    def __repr__(self) -> str:
        if self.fields.empty:
            return f"Comparison: {self.headline()}"
        shown, same = differing(self.fields, self.table())
        return "\n".join([f"Comparison: {self.headline()}", shown.to_string(), same + self.notes()])

    def _repr_html_(self) -> str:
        shown, same = differing(self.fields, self.table())
        return (
            f"<div><p><b>Comparison</b>: {escape(self.headline())}</p>"
            f"{shown.to_html(border=0)}<p><small>{escape(same + self.notes())}</small></p></div>"
        )

    def _listed(self, *, a: bool, b: bool) -> pd.DataFrame:
        cells = self.cells
        right_a, right_b = (cells[f"outcome_{s}"] == "correct" for s in "ab")
        return cells[(cells["chars_a"] > 0) & (right_a == a) & (right_b == b)]


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _points(middle: float, low: float, high: float, digits: int) -> str:
    shown = [f"{share * 100:+.{digits}f}" for share in (middle, low, high)]
    return "{} [{}, {}]".format(*shown).replace("-", "−")
