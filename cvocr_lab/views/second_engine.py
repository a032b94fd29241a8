"""The values of a second engine for the rows of a flat frame."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records, Truth, pair
from cvocr_lab.text import comparison_key


class SecondEngine:
    """Another flat frame of the same inputs, paired with the rows like a truth.

    Raises
    ------
    ArgumentError
        `other` is no flat frame, or has no row in common with the frame.
    """

    def __init__(self, records: Records, other: pd.DataFrame, *, on: str | None = None) -> None:
        self._other = Records(other)
        self._at = pair(records, Truth(other, records, on=on), on=on).rows
        if len(records) and self._at.max(initial=-1) < 0:
            raise ArgumentError("the two frames have no row in common: check their indexes")
        self.engine = next((name for name in self._other.engines.tolist() if name), "other")

    def value(self, row: int, field: str) -> str | None:
        """Return the other engine's value; None if it has no such row."""
        at = int(self._at[row])
        return None if at < 0 else str(self._other.texts(field).iat[at])

    def differing(
        self, rows: Sequence[int], fields: Sequence[str], values: Sequence[str]
    ) -> list[int]:
        """Return the positions of the items on which the two engines disagree."""
        read = {field: self._other.texts(field).tolist() for field in set(fields)}
        return [
            k
            for k, (row, field, value) in enumerate(zip(rows, fields, values, strict=True))
            if self._at[row] >= 0
            and comparison_key(read[field][self._at[row]]) != comparison_key(value)
        ]
