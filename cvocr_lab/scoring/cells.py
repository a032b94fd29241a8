"""One row per compared field: truth, value, edits, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring.matching import Matching
from cvocr_lab.text import comparison_key

OUTCOMES: Final = ("correct", "wrong", "invented", "missing", "absent")
UNREADABLE: Final = "###"
"""What a truth says of a value that is on the card but cannot be read; such cells don't count."""


def compare_fields(
    frame: pd.DataFrame, truth: pd.DataFrame, matching: Matching, fields: Sequence[str]
) -> tuple[pd.DataFrame, int]:
    """Make the cells, and count those left out as unreadable.

    A field is compared where the type of the truth's row has it (any field when the truth has no
    column `type` or the type is not in the spec), and wherever truth or reading has a value.
    """
    types = _texts(truth, "type") if "type" in truth else None
    rows = np.arange(len(truth))
    parts, unreadable = [], 0
    for field in fields:
        wanted, read = _texts(truth, field), _answers(frame, field, matching)
        wanted_keys, read_keys = _keys(wanted), _keys(read)
        skipped = wanted_keys == UNREADABLE
        unreadable += int(skipped.sum())
        has_truth, has_value = wanted_keys != "", read_keys != ""
        expected = _expected(types, field, len(truth))
        at = rows[(expected | has_truth | has_value) & ~skipped]
        distance = cpdist(
            wanted_keys[at].tolist(), read_keys[at].tolist(),
            scorer=Levenshtein.distance, dtype=np.int64,
        )  # fmt: skip
        both = has_truth[at] & has_value[at]
        outcome: npt.NDArray[np.int64] = np.select(
            [both & (distance == 0), both, has_value[at], has_truth[at]],
            [0, 1, 2, 3],
            default=4,
        )
        parts.append(
            pd.DataFrame(
                {
                    "row": at,
                    "field": pd.Categorical.from_codes(
                        np.full(len(at), fields.index(field), dtype=np.int64), pd.Index(fields)
                    ),
                    "truth": wanted[at],
                    "value": read[at],
                    "edits": distance,
                    "chars": [len(key) for key in wanted_keys[at]],
                    "outcome": pd.Categorical.from_codes(outcome, pd.Index(OUTCOMES)),
                }
            )
        )
    cells = pd.concat(parts, ignore_index=True).sort_values("row", kind="stable")
    cells.index = truth.index.take(cells["row"].to_numpy())
    return cells, unreadable


def _texts(table: pd.DataFrame, field: str) -> npt.NDArray[np.object_]:
    if field not in table:
        return np.full(len(table), "", dtype=object)
    return table[field].fillna("").astype(str).to_numpy(dtype=object)


def _answers(frame: pd.DataFrame, field: str, matching: Matching) -> npt.NDArray[np.object_]:
    texts = _texts(frame, field)
    return np.array(
        [next((texts[at] for at in answer if texts[at]), "") for answer in matching.answers],
        dtype=object,
    )


def _keys(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    key = cache(comparison_key)
    return np.array([key(text) for text in texts], dtype=object)


def _expected(
    types: npt.NDArray[np.object_] | None, field: str, rows: int
) -> npt.NDArray[np.bool_]:
    """Tell for each row of the truth whether its paper can have the field."""
    if types is None:
        return np.ones(rows, dtype=bool)
    without = ["", *(n for n, t in TYPES.items() if field not in {f.name for f in t.fields})]
    return np.array([kind not in without for kind in types], dtype=bool)
