"""What a truth says of the rows shown: outcome, and where the letters differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Levenshtein

from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring.cells import OUTCOMES, UNREADABLE
from cvocr_lab.scoring.columns import as_truth, chosen_fields
from cvocr_lab.scoring.texts import as_text
from cvocr_lab.scoring.truths import accepted, further_columns
from cvocr_lab.text import comparison_key
from cvocr_lab.views.truths import truth_beside

Edit = tuple[str, str, str]
"""``equal``, ``replace``, ``insert`` or ``delete``; the letters printed; the letters read."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the truth says of one value.

    Parameters
    ----------
    truth
        The accepted text nearest to the value; "" for absent.
    outcome
        ``correct wrong invented missing absent``; "" where the truth is ``###``.
    """

    truth: str
    outcome: str


class Judge:
    """A truth beside a flat frame, asked row by row; nothing is matched before it is asked for.

    Parameters
    ----------
    frame, truth, on
        As for `cvocr_lab.score`.
    """

    def __init__(self, frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None = None) -> None:
        self._frame, self._truth, self._on = frame, truth, on
        self._as_truth = as_truth(truth)
        self.fields = chosen_fields(frame, self._as_truth, None, on)
        self._further = further_columns(self._as_truth, self.fields, None)
        labels = [
            pd.Index(table.index if on is None else table[on]).to_flat_index()
            for table in (frame, truth)
        ]
        codes = pd.factorize(labels[0].append(labels[1]), use_na_sentinel=False)[0]
        self._given, self._wanted = np.split(codes, [len(frame)])

    def of(self, at: int) -> dict[str, Judgement]:
        """Judge the values of the row at that position; nothing where the truth has no such row."""
        mates = np.flatnonzero(self._given == self._given[at])
        rows = np.flatnonzero(self._wanted == self._given[at])
        if not len(rows):
            return {}
        beside = truth_beside(self._frame.iloc[mates], self._truth.iloc[rows], on=self._on)
        places = beside["row"].tolist()
        place = places[mates.tolist().index(at)]
        if place < 0:
            return {}
        truth = self._as_truth.iloc[[rows[place]]]
        row = self._frame.iloc[[at]]
        said = {f: _texts(truth, f, self._further[f]) for f in self.fields}
        read = {f: str(as_text(row[f]).iloc[0]) for f in self.fields if f in row}
        kind = str(as_text(row["ocr_type"]).iloc[0])
        return self._judged(kind, said, read, alone=places.count(place) == 1)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """How many values of each row have each outcome; takes a while on a long frame."""
        beside = truth_beside(self._frame, self._truth, on=self._on)["row"].to_numpy()
        shared = np.bincount(beside[beside >= 0], minlength=len(self._truth)) > 1
        columns = {
            f: [(a.texts.tolist(), a.given) for a in accepted(self._as_truth, f, further)]
            for f, further in self._further.items()
        }
        types = as_text(self._frame["ocr_type"]).tolist()
        values = {f: as_text(self._frame[f]).tolist() for f in self.fields if f in self._frame}
        counts = []
        for at, row in enumerate(beside.tolist()):
            found: Counter[str] = Counter()
            if row >= 0:
                said = {f: [t[row] for t, g in c if _says(g, row)] for f, c in columns.items()}
                read = {f: texts[at] for f, texts in values.items()}
                judged = self._judged(types[at], said, read, alone=not shared[row])
                found.update(judgement.outcome for judgement in judged.values())
            counts.append([found[name] for name in OUTCOMES])
        return pd.DataFrame(counts, columns=pd.Index(list(OUTCOMES)), dtype="int64")

    def _judged(
        self,
        kind: str,
        said: Mapping[str, list[str]],
        read: Mapping[str, str],
        *,
        alone: bool,
    ) -> dict[str, Judgement]:
        own = _fields_of(kind)
        found = {}
        for field in self.fields:
            # One row of truth may speak of several faces; each is asked for its own fields then.
            if own is None or field in own or alone or read.get(field):
                judgement = judge(said[field], read.get(field, ""))
                if judgement.outcome != "absent" or own is None or field in own:
                    found[field] = judgement
        return found


@cache
def _fields_of(kind: str) -> frozenset[str] | None:
    return frozenset(f.name for f in TYPES[kind].fields) if kind in TYPES else None


def _says(given: npt.NDArray[np.bool_] | None, row: int) -> bool:
    return given is None or bool(given[row])


def judge(texts: Sequence[str], value: str) -> Judgement:
    """Judge a value by the texts that a truth accepts.

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


def edits(truth: str, value: str) -> list[Edit]:
    """Where two texts differ, piece by piece.

    >>> edits("TRẦN ÂN", "TRẦN AN")
    [('equal', 'TRẦN ', 'TRẦN '), ('replace', 'Â', 'A'), ('equal', 'N', 'N')]
    """
    above, below = comparison_key(truth), comparison_key(value)
    return [
        (step.tag, above[step.src_start : step.src_end], below[step.dest_start : step.dest_end])
        for step in Levenshtein.opcodes(above, below)
    ]


def _texts(truth: pd.DataFrame, field: str, further: Sequence[str]) -> list[str]:
    return [str(a.texts.iloc[0]) for a in accepted(truth, field, further) if _says(a.given, 0)]
