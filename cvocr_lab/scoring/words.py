"""Figures in words and as text."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final

import pandas as pd

from cvocr_lab.kinds import captioned

NAMED: Final = 6
"""Number of fields that a verdict names; the others are counted."""
CARD: Final = "card_exact"
"""Name of the row for whole cards."""


def percent(value: float, digits: int = 1) -> str:
    """Format a share in percent; a dash for NaN."""
    return "–" if value != value else f"{value * 100:.{digits}f} %"


def bounded(value: float, low: float, high: float, digits: int = 1) -> str:
    """Format a share in percent, with its interval in brackets.

    >>> bounded(0.931, 0.88, 0.962)
    '93.1 % [88.0, 96.2]'
    """
    if value != value or low != low:
        return percent(value, digits)
    return f"{percent(value, digits)} [{low * 100:.{digits}f}, {high * 100:.{digits}f}]"


def bounded_column(summary: pd.DataFrame, rate: str, digits: int = 1) -> list[str]:
    """Format a rate of each row of `Score.summary` with its interval."""
    figures = summary[[rate, f"{rate}_low", f"{rate}_high"]].to_numpy(float).tolist()
    return [bounded(value, low, high, digits) for value, low, high in figures]


def points(figures: pd.DataFrame, digits: int) -> list[str]:
    """Format differences with their intervals (three columns) in percentage points."""
    return [
        "–" if row[0] != row[0] else
        "{} [{}, {}]".format(*(f"{v * 100:+.{digits}f}" for v in row)).replace("-", "−")
        for row in figures.to_numpy(float).tolist()
    ]  # fmt: skip


def p_value(p: float) -> str:
    """Format a p value."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def named(field: object) -> str:
    """Return the caption of a field, or the name of the row for whole cards."""
    return "whole cards" if field == CARD else captioned(str(field))


def between(row: pd.Series, rate: str, digits: int = 1) -> str:
    """Format a rate of a row of `Score.summary` for a sentence, with its interval if it has one."""
    value, low, high = (float(row[rate + end]) for end in ("", "_low", "_high"))
    edges = f"; 95 %: {low * 100:.{digits}f} to {high * 100:.{digits}f} %" if low == low else ""
    return percent(value, digits) + edges


def answer(whole: pd.Series, fields: pd.DataFrame, classes: pd.DataFrame) -> str:
    """Say how good a reader is, which fields are worst, and which mistakes are most frequent."""
    printed = int(whole["correct"] + whole["wrong"] + whole["missing"])
    if not whole["n"]:
        return "no value to compare"
    cards = round(whole["card_exact"] * whole["cards"])
    said = [
        f"Cards without a mistake: {cards:,} of {whole['cards']:,.0f} "
        f"({between(whole, 'card_exact')})."
    ]
    if printed:
        said.append(
            f"Printed values exact: {whole['correct']:,.0f} of {printed:,} "
            f"({between(whole, 'exact')}); CER {percent(whole['cer'], 2)}."
        )
    if worst := worst_of(fields):
        named = [f"{captioned(f)} {percent(float(fields['exact'][f]))}" for f in worst]
        said.append(f"Worst: {', '.join(named)}.")
    top = classes["count"].sort_values(ascending=False, kind="stable").head(3)
    mistakes = [f"{name} ({count:,})" for name, count in top.items()]
    mistakes += [f"{what} ({whole[what]:,.0f})" for what in ("missing", "invented") if whole[what]]
    if mistakes:
        said.append(f"What goes wrong: {', '.join(mistakes)}.")
    return " ".join(said)


def worst_of(fields: pd.DataFrame) -> list[str]:
    """Return the three worst fields; fields without a mistake are left out."""
    return [str(f) for f in worst_first(fields[mistaken(fields)]).index[:3]]


def worst_first(summary: pd.DataFrame) -> pd.DataFrame:
    """Sort a summary by the share of exact values, lowest first, then by invented values."""
    by = ["exact", "right", "cer"]
    ascending = [True, True, False]
    return summary.sort_values(by, ascending=ascending, kind="stable", na_position="last")


def mistaken(summary: pd.DataFrame) -> pd.Series:
    """Return which groups have a mistake."""
    return summary[["wrong", "missing", "invented"]].sum(axis=1) > 0


def without_mistake(summary: pd.DataFrame) -> str:
    """Name the groups without a mistake in one line; "" if there are none."""
    fine = worst_first(summary[~mistaken(summary)])
    if fine.empty:
        return ""
    return f"Without a mistake ({printed(fine).sum():,} printed): {', '.join(labelled(fine.index))}"


def overview(summary: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """Format a summary as text, worst first.

    `classes` is `Score.mistakes` grouped like the summary; its last level is the class.
    """
    shown = worst_first(summary)
    return pd.DataFrame(
        {
            "values": [f"{n:,}" for n in printed(shown)],
            "exact": bounded_column(shown, "exact"),
            "CER": bounded_column(shown, "cer", 2),
            "wrong": shown["wrong"].tolist(),
            "missing": shown["missing"].tolist(),
            "invented": shown["invented"].tolist(),
            "mistakes": [_classes(label, classes) for label in shown.index],
        },
        index=labelled(shown.index),
    )


def differing(fields: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Leave out the rows of a comparison in which both readers have the same values right.

    All rows remain if none would remain.  Also return a sentence about the rows left out; "" if
    there are none.
    """
    differ = (fields["fixed"] + fields["broke"] > 0).to_numpy(bool)
    if differ.all() or not differ.any():
        return table, ""
    told = f"Rows not listed, because no value differs: {len(table) - differ.sum()}. "
    return table[differ], told


def printed(summary: pd.DataFrame) -> pd.Series:
    """Count the printed values of each group."""
    return summary[["correct", "wrong", "missing"]].sum(axis=1)


def labelled(index: pd.Index) -> pd.Index:
    """Return the labels of groups as they are shown, with the captions of fields."""
    if isinstance(index, pd.MultiIndex):
        levels = [labelled(index.get_level_values(at)) for at in range(index.nlevels)]
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    if index.name != "field":
        return index
    return pd.Index([captioned(str(field)) for field in index], name="field", dtype=object)


def _classes(label: Hashable, classes: pd.DataFrame) -> str:
    """List the two most frequent classes of mistakes of one group."""
    counts = classes["count"]
    own = counts if counts.index.nlevels == 1 else counts.get(label, counts.iloc[:0])
    top = own.sort_values(ascending=False, kind="stable").head(2)
    return ", ".join(f"{name} {count}" for name, count in top.items())


def listed(names: Iterable[str], most: int | None = None) -> str:
    """Join names with commas and "and"; if there are more than `most`, the rest is counted."""
    some = list(names)
    if most is not None and len(some) > most:
        some = [*some[:most], f"{len(some) - most} more"]
    return " and ".join(filter(None, [", ".join(some[:-1]), *some[-1:]]))
