"""`Readers`: several readings of the same cards, and which reader is best in which fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring import plots, words
from cvocr_lab.scoring.comparison import ComparisonReport, Listed
from cvocr_lab.scoring.intervals import clustered
from cvocr_lab.scoring.page import Section, figure, table, tiles
from cvocr_lab.scoring.paired_tests import beside, differences, judged

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cvocr_lab.scoring.score_result import Score


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Readers(ComparisonReport):
    """Several readers on the same truth, each compared with a baseline.

    Parameters
    ----------
    names
        Names of the readers, in the order given.
    baseline
        The reader that the others are compared with.
    cells
        As in `Comparison`, with ``_<name>`` for each reader.
    whole
        One row per reader, over all fields: `cards` and the share without a mistake `card_exact`;
        `exact`, `precision`, `cer`; counts of `wrong`, `missing` and `invented`, and
        `invented_share`, the share of values that are not printed but were returned; each share
        with ``_low`` and ``_high``; `cost`, if the reader reports it.
    fields
        One row per field and reader, ``card_exact`` last: `n`, `exact` with `exact_low` and
        `exact_high`, `cer`; and, except for the baseline, `difference` to it with `low` and `high`,
        `fixed`, `broke`, `p` (exact McNemar test), `p_holm` (corrected for all fields and
        readers), `verdict` (``better worse alike open``) and `enough`; as in `Comparison.fields`.
    detect
        Smallest difference in the share of exact values that matters.
    """

    names: tuple[str, ...]
    baseline: str
    cells: pd.DataFrame
    whole: pd.DataFrame
    fields: pd.DataFrame
    detect: float

    @classmethod
    def of(cls, scores: Mapping[str, Score], *, baseline: str | None, detect: float) -> Self:
        """Compare scores with the same truth.

        An `ArgumentError` is raised if there are fewer than two readers, or none has the name of
        the baseline.
        """
        names = tuple(scores)
        if len(names) < 2:
            raise ArgumentError("pass at least two readers to compare")
        base = names[0] if baseline is None else baseline
        if base not in scores:
            raise ArgumentError(f"no reader {base!r} to compare with; there are {', '.join(names)}")
        cells = beside({name: score.cells for name, score in scores.items()})
        whole = pd.DataFrame({n: _whole(score, cells, n) for n, score in scores.items()}).T
        whole.index.name = "reader"
        fields = judged(_fields(scores, cells, base), detect=detect)
        return cls(names, base, cells, whole, fields, detect)

    def only(self, name: str) -> pd.DataFrame:
        """Return the printed values that only this reader has right."""
        right = self._right()
        return self.cells[right[name] & (right.sum(axis=1) == 1)]

    @property
    def nobody(self) -> pd.DataFrame:
        """The printed values that no reader has right."""
        return self.cells[self._printed() & ~self._right().any(axis=1)]

    def invented(self, name: str) -> pd.DataFrame:
        """Return the cells without a printed value for which this reader returned one."""
        return self.cells[self.cells[f"outcome_{name}"] == "invented"]

    def verdict(self) -> list[str]:
        """Say in sentences which reader is best, where the others differ, and what is invented."""
        if not len(self.fields):
            return ["no value to compare"]
        order = self.whole.sort_values("exact", ascending=False, kind="stable")
        best, *rest = order.index
        said = [
            f"{best} reads most printed values exactly: {words.between(order.loc[best], 'exact')}. "
            + "; ".join(f"{name} {words.percent(order.loc[name, 'exact'])}" for name in rest)
            + "."
        ]
        for name in self.names:
            if name == self.baseline:
                continue
            verdicts = self.fields.xs(name, level="reader")["verdict"]
            verdicts = verdicts.iloc[np.argsort(verdicts.index != words.CARD, kind="stable")]
            parts = []
            for word in ("better", "worse"):
                if fields := list(map(words.named, verdicts.index[verdicts == word])):
                    parts.append(f"{word} in {words.listed(fields, words.NAMED)}")
            if not verdicts.drop(words.CARD, errors="ignore").isin(["better", "worse"]).any():
                parts.append("no field by itself shows a clear difference")
            said.append(f"{name} against {self.baseline}: {'; '.join(parts)}.")
        invented = self.whole[["invented", "invented_share"]].itertuples(name=None)
        counts = [
            f"{name} {count:,.0f}" + (f" ({words.percent(share)})" if share == share else "")
            for name, count, share in invented
        ]
        return [*said, f"Values made up where nothing is printed: {', '.join(counts)}."]

    def overview(self) -> pd.DataFrame:
        """Format the figures over all fields as text."""
        whole = self.whole
        table = pd.DataFrame(
            {
                "cards": whole["cards"].map("{:,.0f}".format),
                "card exact": words.bounded_column(whole, "card_exact"),
                "exact": words.bounded_column(whole, "exact"),
                "precision": words.bounded_column(whole, "precision"),
                "CER": words.bounded_column(whole, "cer", 2),
                **{c: whole[c].map("{:,.0f}".format) for c in ("wrong", "missing", "invented")},
                "invented of not printed": words.bounded_column(whole, "invented_share"),
            }
        )
        if whole["cost"].notna().any():
            table["cost"] = [f"{c:,.4g}" if c == c else "–" for c in whole["cost"].astype(float)]
        return table

    def table(self) -> pd.DataFrame:
        """Format the differences per field and reader as text."""
        others = self.fields[self.fields.index.get_level_values("reader") != self.baseline]
        base = self.fields.xs(self.baseline, level="reader") if len(self.fields) else self.fields
        fields = others.index.get_level_values("field")
        return pd.DataFrame(
            {
                "n": [f"{n:,.0f}" for n in others["n"]],
                self.baseline: [words.percent(base.loc[f, "exact"]) for f in fields],
                "exact": [words.percent(share) for share in others["exact"]],
                "difference": words.points(others[["difference", "low", "high"]], 1),
                "fixed": [f"{n:,.0f}" for n in others["fixed"]],
                "broke": [f"{n:,.0f}" for n in others["broke"]],
                "p": [words.p_value(p) for p in others["p_holm"]],
                "verdict": [_WORDS[str(v)].format(self.baseline) for v in others["verdict"]],
            },
            index=pd.MultiIndex.from_arrays(
                [list(map(words.named, fields)), others.index.get_level_values("reader")],
                names=["field", "reader"],
            ),
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of exact values per field and reader, with its interval.

        Fields that all readers read without a mistake are left out.

        Parameters
        ----------
        ax
            The axes to draw on; None for a new figure.
        """
        return plots.readers(self._missed(), ax)

    def notes(self) -> str:
        """Explain the columns of the table."""
        return (
            f"difference: share exact minus that of {self.baseline}, in points, over the same "
            f"printed values. fixed: right where {self.baseline} is not; broke: the reverse. p: "
            "exact McNemar test with Holm's correction for all fields and readers."
        )

    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        others = self.fields.index.get_level_values("reader") != self.baseline
        shown, same = words.differing(self.fields[others], self.table())
        return ([self.overview(), shown], same + self.notes()) if len(shown) else ([shown], "")

    def _page(self) -> tuple[str, str, list[Section]]:
        leading = (
            (words.percent(row["exact"]), f"exact: {name}", f"{row['invented']:,.0f} invented")
            for name, row in self.whole.iterrows()
        )
        rows = self._missed().index.get_level_values("field").nunique()
        drawn = figure(
            self.plot, size=(8.6, 1.5 + (0.16 + 0.13 * len(self.names)) * max(rows, 1)),
            says="Share exact of each reader, with 95 % intervals, the worst field first; fields "
            "that all readers read without a mistake are left out.",
        )  # fmt: skip
        sections = [
            Section("All fields together", (table(self.overview()),)),
            Section("Fields", (drawn,)),
        ]
        return f"Readers compared: {words.listed(self.names)}", tiles(leading), sections

    def _lists(self) -> Iterator[Listed]:
        every = {name: name for name in self.names}
        for name in self.names:
            others = {n: n for n in self.names if n != name}
            yield f"Only {name} is right", "the other readers miss it", self.only(name), others
        yield "Nobody is right", "every reader misses it", self.nobody, every
        for name in self.names:
            cells = self.invented(name)
            yield f"Invented by {name}", "there is no such value on the card", cells, {name: name}

    def _missed(self) -> pd.DataFrame:
        """Return the fields with a mistake of any reader, or all if there are none."""
        missed = self.fields[self.fields["exact"].groupby(level="field").transform("min") < 1]
        return missed if len(missed) else self.fields

    def _printed(self) -> pd.Series:
        return self.cells[[f"chars_{name}" for name in self.names]].max(axis=1) > 0

    def _right(self) -> pd.DataFrame:
        printed = self._printed()
        return pd.DataFrame(
            {n: printed & (self.cells[f"outcome_{n}"] == "correct") for n in self.names}
        )


_WORDS = {
    "better": "better than {}", "worse": "worse than {}", "alike": "alike",
    "open": "too few to tell",
}  # fmt: skip


def _bounded(name: str, above: pd.Series, below: pd.Series) -> dict[str, float]:
    """Return the ratio of two sums over cards, with its interval."""
    low, high = clustered(above, below)
    total = below.sum()
    share = above.sum() / total if total else np.nan
    return {name: share, f"{name}_low": low[0], f"{name}_high": high[0]}


def _cards(cells: pd.DataFrame, reader: str, name: str) -> dict[str, float]:
    """Return the number of cards, and the share that a reader has right, with its interval."""
    right = cells[f"outcome_{reader}"].isin(["correct", "absent"])
    whole = right.groupby(cells["row"].to_numpy()).all()
    return {"cards": len(whole)} | _bounded(name, whole, pd.Series(1, whole.index))


def _whole(score: Score, cells: pd.DataFrame, name: str) -> pd.Series:
    """Return the figures of one reader over all fields."""
    outcome = score.cells["outcome"]
    empty = pd.DataFrame(
        {"invented": outcome == "invented", "all": outcome.isin(["invented", "absent"])}
    ).groupby(score.cells["row"].to_numpy()).sum()  # fmt: skip
    kept = [f"{rate}{end}" for rate in ("exact", "precision", "cer") for end in _ENDS]
    told = score.readings
    cost = told["ocr_cost"].sum(min_count=1) if "ocr_cost" in told else np.nan
    own = {
        **_cards(cells, name, "card_exact"),
        **_bounded("invented_share", empty["invented"], empty["all"]),
        "cost": cost,
    }
    found = score.summary(()).iloc[0][["wrong", "missing", "invented", *kept]]
    row: pd.Series = pd.concat([found, pd.Series(own)]).astype(float)
    return row


def _fields(scores: Mapping[str, Score], cells: pd.DataFrame, base: str) -> pd.DataFrame:
    """Return the figures per field and reader, with the differences to the baseline."""
    parts = {}
    for name, score in scores.items():
        own = pd.concat([score.summary("field"), score.summary(()).set_axis([words.CARD])])
        part = own[["exact", "exact_low", "exact_high", "cer"]].assign(n=words.printed(own))
        cards = _cards(cells, name, "exact")
        for column, of_cards in ("n", cards.pop("cards")), *cards.items():
            part.loc[words.CARD, column] = of_cards
        if name != base:
            part = part.join(differences(cells, base, name)[_JUDGED])
        parts[name] = part[part["n"] > 0]
    table = pd.concat(parts, names=["reader", "field"]).swaplevel().rename_axis(["field", "reader"])
    every = product([*dict.fromkeys(cells["field"].astype(str)), words.CARD], scores)
    table = table.loc[[pair for pair in every if pair in table.index]]
    return table.reindex(columns=["n", "exact", "exact_low", "exact_high", "cer", *_JUDGED])


_ENDS = ("", "_low", "_high")
_JUDGED = ["difference", "low", "high", "fixed", "broke", "p"]
