"""`ScoreTables`: the counts of a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import TEXT, listed
from cvocr_lab.scoring.intervals import share
from cvocr_lab.scoring.mistakes import MISTAKES, confused_letters
from cvocr_lab.scoring.page import Displayed
from cvocr_lab.scoring.rates import rates
from cvocr_lab.scoring.texts import key_for

By = str | Sequence[str]

SHOWN: Final = (
    "n", "correct", "wrong", "invented", "missing", "absent", "exact", "exact_low", "exact_high",
    "exact_case", "exact_diacritics", "exact_loose", "same_value", "cer", "cer_low", "cer_high",
    "wer",
)  # fmt: skip
"""The most important columns of `Score.summary`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScoreTables(Displayed):
    """The cells of a `Score`, which documents them, and their counts."""

    cells: pd.DataFrame
    rows: pd.DataFrame
    extra: pd.DataFrame
    unreadable: int
    alignment: pd.DataFrame
    readings: pd.DataFrame
    on: str | None = None
    by: By = "field"
    tone_style: Literal["unify"] | None = None

    def summary(self, by: By | None = None) -> pd.DataFrame:
        """Count outcomes and compute rates, each with its 95 % interval.

        Parameters
        ----------
        by
            Columns to group by, e.g. ``["type", "field"]``: columns of `rows`, of `cells`, or of
            the table that was scored, in this order of precedence; ``()`` for one row over all
            cells; None for the argument `by` of `score`.

        Returns
        -------
        pandas.DataFrame
            The counts `n`, the five outcomes, `other_era` (values that are the name of the place
            in another era) and `cards` (rows of the truth with a cell in the group); then, for
            each of `cvocr_lab.scoring.RATES`, the rate, ``<name>_low`` and ``<name>_high``:
            `exact` = correct / (correct + wrong + missing), `cer` = edits / chars over the cells
            whose truth is present, and others, see `cvocr_lab.scoring.page.DEFINITIONS`.  NaN if
            the denominator is 0.

        Raises
        ------
        ArgumentError
            There is no such column, or its cells cannot be grouped, such as lists.
        """
        keys = self._keys(self.by if by is None else by)
        if len(keys.columns):
            groups = keys.groupby(list(keys), observed=True)
            group, index = groups.ngroup().fillna(-1).to_numpy(np.int64), groups.size().index
        else:
            group, index = np.zeros(len(keys), np.int64), pd.Index(["all"])
        keep = group >= 0  # cells without a value in the column have no group
        found = rates(self.cells[keep], group[keep].astype(np.int64), len(index), len(self.rows))
        table = pd.DataFrame(found, index=index)
        counts = ["n", "correct", "wrong", "invented", "missing", "absent", "other_era", "cards"]
        return table.astype(dict.fromkeys(counts, "int64"))

    def table(self, by: By | None = None) -> pd.DataFrame:
        """Return the most important columns of `summary`."""
        return self.summary(by)[list(SHOWN)]

    def mistakes(self, by: By = ()) -> pd.DataFrame:
        """Count the classes of mistakes in wrong values.

        Parameters
        ----------
        by
            Columns to count by, as for `summary`; the class comes last.

        Returns
        -------
        pandas.DataFrame
            `count` of mistakes, number of `cells` with a mistake of the class, and their `share` of
            the wrong cells, with its interval.
        """
        wrong = (self.cells["outcome"] == "wrong").to_numpy()
        keys = self._keys(by, "class")[wrong].reset_index(drop=True)
        classes = self.cells["mistakes"][wrong].reset_index(drop=True).str.split(";").explode()
        table = keys.take(classes.index.to_numpy()).reset_index(drop=True)
        table["class"] = pd.Categorical(classes, list(MISTAKES))
        grouped = pd.Series(classes.index).groupby([table[name] for name in table], observed=True)
        counts = pd.DataFrame({"count": grouped.size(), "cells": grouped.nunique()})
        if len(keys.columns):
            among = keys.groupby(list(keys), observed=True).size()
            of = among.reindex(counts.reset_index("class").index).to_numpy(np.float64)
        else:
            of = np.full(len(counts), float(len(keys)))
        counts["share"] = counts["cells"] / of
        counts["share_low"], counts["share_high"] = share(counts["cells"], of)
        return counts

    def confusions(self, by: By = ()) -> pd.DataFrame:
        """Count the confused characters, most frequent first.

        Parameters
        ----------
        by
            Columns to count by, as for `summary`; they come first.

        Returns
        -------
        pandas.DataFrame
            `truth_char`, `value_char` ("" if there is none), `class`, `count`.  Letters that are
            part of a mistake of the whole value, such as a dropped line, are left out.
        """
        keys = self._keys(by, "truth_char", "value_char", "class", "count")
        letters = confused_letters(self.cells, key_for(self.tone_style))
        columns = [*keys, "truth_char", "value_char", "class"]
        table = keys.take(letters["place"].to_numpy(np.int64)).reset_index(drop=True).join(letters)
        counts = table.groupby(columns, observed=True).size().rename("count")
        counts = counts.sort_values(ascending=False, kind="stable")
        return counts.reset_index().astype(dict.fromkeys(columns[-3:], TEXT))

    def _keys(self, by: By, *taken: str) -> pd.DataFrame:
        """Return each cell's values of the columns to group by, with a new index.

        The names `taken` are those of other columns of the result.
        """
        cells = self.cells
        found: dict[str, object] = {}
        for name in listed(by):
            if name in taken:
                raise ArgumentError(
                    f"the result has a column {name!r} of its own: rename the column of the truth, "
                    f"truth.rename(columns={{{name!r}: …}})"
                )
            at = cells["row"].to_numpy()
            if name in self.rows:
                said = self.rows[name]
            elif name in self.rows.index.names:
                said = self.rows.index.get_level_values(name).to_series()
            elif name in cells:
                said, at = cells[name], np.arange(len(cells))
            elif name in self.readings:
                said, at = self.readings[name], cells["reading"].to_numpy()
            else:
                known = [*cells.columns, *self.rows.columns, *self.readings.columns]
                raise unknown("column to group by", name, known)
            if said.dtype == object and not all(map(is_hashable, said)):
                raise ArgumentError(
                    f"column {name!r} contains lists or the like, which cannot be grouped: convert "
                    f"them to texts, table.assign({name}=table[{name!r}].map(str))"
                )
            found[name] = said.array.take(at, allow_fill=True)
        return pd.DataFrame(found, index=range(len(cells)))

    @property
    def card_exact(self) -> float:
        """Share of rows of the truth in which every scored field is correct or absent."""
        return float(self.summary(())["card_exact"].iloc[0])

    @property
    def type_right(self) -> float:
        """Share of rows with a `type` in the truth whose reading has this type; NaN without any."""
        if "type" not in self.rows:
            return float("nan")
        rows = self.rows[self.rows["type"].fillna("") != ""]
        return float((rows["type"] == rows["ocr_type"].fillna("")).mean())
