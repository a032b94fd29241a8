"""Count classes of mistakes, and confused characters."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.frames import TEXT
from cvocr_lab.scoring.diagnosis import MISTAKES, WRONG_LINE, diagnose
from cvocr_lab.scoring.distances import distances
from cvocr_lab.scoring.intervals import share
from cvocr_lab.scoring.mistakes import LETTER_CLASSES
from cvocr_lab.scoring.texts import Differing, Key

_PAIR: Final = " pair"
"""A name that columns of users do not have."""


def count_classes(cells: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Count the classes of mistakes; see `Score.mistakes`."""
    wrong = (cells["outcome"] == "wrong").to_numpy()
    keys = keys[wrong].reset_index(drop=True)
    classes = cells["mistakes"][wrong].reset_index(drop=True).str.split(";").explode()
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


def count_pairs(cells: pd.DataFrame, keys: pd.DataFrame, make_key: Key) -> pd.DataFrame:
    """Count pairs of characters; see `Score.confusions`."""
    names = list(keys)
    cells = cells.reset_index(drop=True)
    wrong = cells[(cells["outcome"] == "wrong") & (cells["mistakes"] != WRONG_LINE)]
    found = []
    for field, some in wrong.groupby("field", observed=True):
        group = some.groupby(["truth", "value"], sort=False, observed=True).ngroup().to_numpy()
        first = np.unique(group, return_index=True)[1]
        truths, values = (
            list(map(make_key, some[side].take(first).tolist())) for side in ("truth", "value")
        )
        pairs = Differing.of(truths, values)
        edits = diagnose(pairs, str(field), distances(truths, values)).edits
        each = pd.DataFrame(
            {
                _PAIR: edits.pair,
                "truth_char": _chars(edits.truth),
                "value_char": _chars(edits.value),
                "class": np.array(LETTER_CLASSES, object)[edits.classes()],
            }
        )
        of_cells = keys.loc[some.index].assign(count=1)
        of_cells[_PAIR] = group
        times = of_cells.groupby([*names, _PAIR], observed=True, as_index=False)["count"].sum()
        found.append(each.merge(times, on=_PAIR))
    by = [*names, "truth_char", "value_char", "class"]
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=TEXT) for name in by}).assign(count=0)
    counts = pd.concat(found).groupby(by, observed=True)["count"].sum()
    counts = counts.sort_values(ascending=False, kind="stable")
    return counts.reset_index().astype(dict.fromkeys(by[-3:], TEXT))


def _chars(points: np.ndarray[tuple[int, ...], np.dtype[np.uint32]]) -> list[str]:
    return [chr(point) if point else "" for point in points.tolist()]
