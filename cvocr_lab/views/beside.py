"""A second engine's answers beside the rows of a flat frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import restore
from cvocr_lab.scoring.texts import as_text
from cvocr_lab.text import comparison_key


class Beside:
    """Another flat frame of the same inputs.

    Rows belong together that have the same index label, side and page, the first to the first.

    Parameters
    ----------
    frame
        The flat frame under review.
    other
        What another engine read.

    Raises
    ------
    ArgumentError
        `other` is no flat frame, or has no row in common with `frame`.
    """

    def __init__(self, frame: pd.DataFrame, other: pd.DataFrame) -> None:
        restore(other.head(0))
        self._other = other
        keys = [_keys(frame), _keys(other)]
        at = {key: row for row, key in reversed(list(enumerate(keys[1])))}
        self._at = [at.get(key, -1) for key in keys[0]]
        if len(frame) and max(self._at, default=-1) < 0:
            raise ArgumentError("the other frame has no row in common with this one: same index?")
        engines = as_text(other["ocr_engine"])
        self.engine = str(engines[engines != ""].iloc[0]) if (engines != "").any() else "other"

    def value(self, row: int, field: str) -> str | None:
        """What the other engine read there; None where it has no such row."""
        at = self._at[row]
        if at < 0:
            return None
        return str(as_text(self._other[field].iloc[[at]]).iloc[0]) if field in self._other else ""

    def differing(
        self, rows: Sequence[int], fields: Sequence[str], values: Sequence[str]
    ) -> list[int]:
        """Positions of those items that the two engines do not agree on."""
        read = {f: as_text(self._other[f]).to_numpy(object) for f in set(fields) & set(self._other)}
        nothing = np.full(len(self._other), "", object)
        return [
            k
            for k, (row, field, value) in enumerate(zip(rows, fields, values, strict=True))
            if self._at[row] >= 0
            and comparison_key(read.get(field, nothing)[self._at[row]]) != comparison_key(value)
        ]


def _keys(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    parts = pd.DataFrame(
        {
            "label": pd.factorize(frame.index.to_flat_index())[0],
            "side": as_text(frame["ocr_side"]),
            "page": pd.to_numeric(frame["ocr_page"], errors="coerce").fillna(1).to_numpy(),
        }
    )
    nth = parts.groupby(["label", "side", "page"]).cumcount().tolist()
    return list(
        zip(frame.index.tolist(), parts["side"].tolist(), parts["page"].tolist(), nth, strict=True)
    )
