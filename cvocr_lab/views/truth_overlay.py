"""Compare the rows shown with the truth: outcomes, and letters that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Levenshtein

from cvocr_lab.frames import UNREADABLE, Pairing, Records, Table, Truth, as_table, expected, pair
from cvocr_lab.frames.records import Ints
from cvocr_lab.scoring.cells import OUTCOMES
from cvocr_lab.scoring.score import score
from cvocr_lab.text import comparison_key


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of a value, and the accepted text that is nearest to it ("" if there is none).

    The outcome is ``correct``, ``wrong``, ``invented``, ``missing`` or ``absent``; "" if the truth
    is ``###``.
    """

    truth: str
    outcome: str


class TruthOverlay:
    """The truth for the rows of a flat frame, paired when it is first needed."""

    def __init__(self, records: Records, truth: Table, *, on: str | None = None) -> None:
        truth = as_table(truth, "truth")
        self._records, self._given, self._on = records, truth, on
        self._truth = Truth(truth, records, on=on)

    @cached_property
    def _pairing(self) -> Pairing:
        return pair(self._records, self._truth, on=self._on)

    @cached_property
    def _judged_rows(self) -> dict[str, Ints]:
        """By field, for each row of the truth the face whose value is compared."""
        empty = {f: (self._records.texts(f) == "").to_numpy() for f in self._truth.chosen}
        return {field: self._pairing.answering(empty[field]) for field in empty}

    @cached_property
    def _accepted(self) -> dict[str, list[tuple[list[str], npt.NDArray[np.bool_] | None]]]:
        return {
            f: [(a.texts.tolist(), a.given) for a in self._truth.accepted(f)]
            for f in self._truth.chosen
        }

    def of(self, row: int) -> dict[str, Judgement]:
        """Compare the values of a row; empty if the truth has no such row."""
        at = int(self._pairing.rows[row])
        if at < 0:
            return {}
        own = expected(str(self._records.types[row]))
        shared = bool(self._pairing.more.get(at))
        found = {}
        for field, accepted in self._accepted.items():
            value = str(self._records.texts(field).iat[row])
            asked = not own or field in own
            if shared:  # several faces share the row of the truth; each value belongs to one
                judged = int(self._judged_rows[field][at])
                has_value = bool(self._records.texts(field).iat[judged])
                if (has_value and judged != row) or not (value or asked):
                    continue
            texts = [text[at] for text, given in accepted if given is None or given[at]]
            judgement = judge(texts, value)
            if judgement.outcome != "absent" or field in own:
                found[field] = judgement
        return found

    @cached_property
    def _cells(self) -> pd.DataFrame:
        """The compared values with the positions of their rows; slow for a long frame."""
        cells = score(self._records.frame, self._given, on=self._on).cells
        return cells[cells["reading"] >= 0]

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Number of values of each row by outcome."""
        counts = pd.crosstab(self._cells["reading"], self._cells["outcome"])
        every = range(len(self._records))
        return counts.reindex(index=every, columns=list(OUTCOMES), fill_value=0).astype("int64")

    @cached_property
    def cer(self) -> npt.NDArray[np.float64]:
        """Character error rate of each row; NaN without labels."""
        sums = self._cells.groupby("reading")[["edits", "chars"]].sum()
        sums = sums.reindex(range(len(self._records)))
        return (sums["edits"] / sums["chars"].where(sums["chars"] > 0)).to_numpy(np.float64)


def judge(texts: Sequence[str], value: str) -> Judgement:
    """Compare a value with the texts that a truth accepts.

    >>> judge(["TRẦN ÂN"], "TRẦN AN")
    Judgement(truth='TRẦN ÂN', outcome='wrong')
    """
    if UNREADABLE in texts:
        return Judgement(UNREADABLE, "")
    read = comparison_key(value)
    keys = [comparison_key(text) for text in texts] or [""]
    truth = min(keys, key=lambda key: (key != read, Levenshtein.normalized_distance(key, read)))
    if truth == read:
        return Judgement(truth, "correct" if read else "absent")
    if truth and read:
        return Judgement(truth, "wrong")
    return Judgement(truth, "missing" if truth else "invented")
