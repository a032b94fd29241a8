"""Which characters are taken for which, counted over cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cvocr_lab.frames import TEXT
from cvocr_lab.scoring.diagnosis import MISTAKES, WRONG_LINE, diagnose
from cvocr_lab.scoring.intervals import share
from cvocr_lab.scoring.mistakes import LETTER_CLASSES
from cvocr_lab.scoring.pairs import distances
from cvocr_lab.scoring.texts import Differing, Key


def count_classes(cells: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Count the classes of mistakes; see `Score.mistakes`."""
    wrong = cells[cells["outcome"] == "wrong"].reset_index(drop=True)
    classes = wrong["mistakes"].str.split(";").explode()
    keys = wrong[list(names)].take(classes.index.to_numpy())
    table = keys.assign(cell=classes.index, **{"class": pd.Categorical(classes, list(MISTAKES))})
    table = table.reset_index(drop=True)
    grouped = table.groupby([*names, "class"], observed=True)["cell"]
    counts = pd.DataFrame({"count": grouped.size(), "cells": grouped.nunique()})
    if names:
        among = wrong.groupby(list(names), observed=True).size()
        of = among.reindex(counts.reset_index("class").index).to_numpy(np.float64)
    else:
        of = np.full(len(counts), float(len(wrong)))
    counts["share"] = counts["cells"] / of
    counts["share_low"], counts["share_high"] = share(counts["cells"], of)
    return counts


def count_pairs(cells: pd.DataFrame, names: Sequence[str], make_key: Key) -> pd.DataFrame:
    """Count pairs of characters; see `Score.confusions`."""
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
                "pair": edits.pair,
                "truth_char": _chars(edits.truth),
                "value_char": _chars(edits.value),
                "class": np.array(LETTER_CLASSES, object)[edits.classes()],
            }
        )
        keys = some[list(names)].reset_index(drop=True).assign(pair=group, count=1)
        times = keys.groupby([*names, "pair"], observed=True, as_index=False)["count"].sum()
        found.append(each.merge(times, on="pair"))
    by = [*names, "truth_char", "value_char", "class"]
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=TEXT) for name in by}).assign(count=0)
    counts = pd.concat(found).groupby(by, observed=True)["count"].sum()
    counts = counts.sort_values(ascending=False, kind="stable")
    return counts.reset_index().astype(dict.fromkeys(by[-3:], TEXT))


def _chars(points: np.ndarray[tuple[int, ...], np.dtype[np.uint32]]) -> list[str]:
    return [chr(point) if point else "" for point in points.tolist()]
