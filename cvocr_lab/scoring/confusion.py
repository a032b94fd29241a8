"""Count classes of mistakes, and confused characters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvocr_lab.frames import TEXT
from cvocr_lab.scoring.diagnosis import MISTAKES, WRONG_LINE, diagnose
from cvocr_lab.scoring.intervals import share
from cvocr_lab.scoring.mistakes import LETTER_CLASSES, char, distances
from cvocr_lab.scoring.texts import Differing, Key


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
    letters = confused_letters(cells, make_key)
    by = [*keys, "truth_char", "value_char", "class"]
    table = keys.take(letters["place"].to_numpy(np.int64)).reset_index(drop=True).join(letters)
    counts = table.groupby(by, observed=True).size().rename("count")
    counts = counts.sort_values(ascending=False, kind="stable")
    return counts.reset_index().astype(dict.fromkeys(by[-3:], TEXT))


def confused_letters(cells: pd.DataFrame, make_key: Key) -> pd.DataFrame:
    """List the confused letters, except those that are part of a mistake of the whole value.

    The columns are `place` (position in `cells`), `truth_char` and `value_char` ("" if there is
    none), and `class`.
    """
    found = []
    cells = cells.reset_index(drop=True)
    wrong = cells[(cells["outcome"] == "wrong") & (cells["mistakes"] != WRONG_LINE)]
    for field, some in wrong.groupby("field", observed=True):
        group = some.groupby(["truth", "value"], sort=False, observed=True).ngroup().to_numpy()
        first = np.unique(group, return_index=True)[1]
        truths, values = (
            list(map(make_key, some[side].take(first).tolist())) for side in ("truth", "value")
        )
        pairs = Differing.of(truths, values)
        _, edits = diagnose(pairs, str(field), distances(truths, values))
        each = pd.DataFrame(
            {
                "group": edits.pair,
                "truth_char": list(map(char, edits.truth.tolist())),
                "value_char": list(map(char, edits.value.tolist())),
                "class": np.array(LETTER_CLASSES, object)[edits.classes()],
            }
        )
        places = pd.DataFrame({"group": group, "place": some.index})
        found.append(places.merge(each, on="group").drop(columns="group"))
    if not found:
        empty = pd.Series(dtype=TEXT)
        return pd.DataFrame({"truth_char": empty, "value_char": empty, "class": empty}).assign(
            place=pd.Series(dtype="int64")
        )
    return pd.concat(found, ignore_index=True)
