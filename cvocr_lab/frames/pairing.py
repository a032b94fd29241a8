"""Pair the readings of a flat frame with the rows of a truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames.columns import TEXT
from cvocr_lab.frames.records import Ints, Records
from cvocr_lab.frames.tables import comparable
from cvocr_lab.frames.truth import Truth

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairing:
    """Positions in the flat frame for each row of the truth.

    `first` has for each row the position of its reading (-1 if there is none), and `more` those of
    further readings, for rows that are paired with several faces.  `extra` has the positions of
    readings that are paired with no row, and `copies` those of readings that are ignored because
    they are copies of another reading.  `readings` is the number of readings.
    """

    first: Ints
    more: Mapping[int, tuple[int, ...]]
    extra: Ints
    copies: Ints
    readings: int

    @cached_property
    def rows(self) -> Ints:
        """For each reading the row of the truth that it is paired with; -1 for none."""
        rows = np.full(self.readings, -1, np.int64)
        answered = self.first >= 0
        rows[self.first[answered]] = np.flatnonzero(answered)
        for row, others in self.more.items():
            rows[list(others)] = row
        return rows

    def answering(self, empty: npt.NDArray[np.bool_]) -> Ints:
        """Return for each row of the truth the position of the reading to compare; -1 for none.

        Of several readings it is the first that has a value, that is, not one that is `empty`.
        """
        found = self.first.copy()
        for row, others in self.more.items():
            every = (int(self.first[row]), *others)
            found[row] = next((at for at in every if not empty[at]), every[0])
        return found


def pair(read: Records, truth: Truth, *, on: str | None = None) -> Pairing:
    """Pair readings with the rows of a truth.

    Only rows and readings with the same label (the index, or the column `on`) are paired.  Among
    these, the optimal assignment is chosen: it maximises the agreement in type and side first,
    then in side, then in page, then the similarity of the values.  A row with neither type nor
    side is paired with all remaining readings of its label.  When pairing by a column, readings
    that were copied from an equal source are ignored.

    Raises ArgumentError if one of the two lacks the column `on`.
    """
    labels = paired_labels(read, truth, on)
    codes = pd.factorize(labels[0].append(labels[1]), use_na_sentinel=False)[0]
    given, wanted = np.split(codes.astype(np.int64), [len(read)])
    first = _unique_matches(given, wanted)
    left = np.full(len(read), True)
    left[first[first >= 0]] = False
    by_label, rows_of = _by_label(given, left), _by_label(wanted, first < 0)
    copies: list[int] = []
    given_labels = read.frame.index
    if on is not None:
        for label, found in by_label.items():
            own = [at for at in found if not read.copies[at]]
            kept = own or [at for at in found if given_labels[at] == given_labels[found[0]]]
            copies += sorted(set(found) - set(kept))
            by_label[label] = kept
        left[copies] = False
    if any(label in by_label for label in rows_of):
        keys = _keys(read, truth, given, wanted)
        some = np.flatnonzero(left)
        typed = np.flatnonzero((first < 0) & (truth.types != ""))  # others may be of any type
        match = _unique_matches(keys[0][some], keys[1][typed])
        first[typed] = np.where(match < 0, -1, some[match])
        left[first[first >= 0]] = False
        by_label = {k: [at for at in found if left[at]] for k, found in by_label.items()}
        rows_of = _by_label(wanted, first < 0)
    likeness = _likeness(read, truth)
    more: dict[int, tuple[int, ...]] = {}
    for label, rows in rows_of.items():
        if free := by_label.get(label):
            by_label[label] = _assign(rows, free, read, truth, likeness, first, more)
    extra = sorted(at for free in by_label.values() for at in free)
    return Pairing(first, more, np.array(extra, np.int64), np.array(copies, np.int64), len(read))


def truth_by_row(read: Records, truth: Truth, *, on: str | None = None) -> pd.DataFrame:
    """Return the labels for each row of a flat frame, in the same order, with a new index.

    The columns are `row`, the position in the truth (-1 if there is none), and each chosen field
    with the first accepted text ("" for absent values; missing if the truth has no such row).
    """
    rows = pair(read, truth, on=on).rows
    made: dict[str, object] = {"row": rows}
    for field in truth.chosen:
        texts = truth.accepted(field)[0].texts.to_numpy(object)
        found = np.full(len(rows), None, object)
        found[rows >= 0] = texts[rows[rows >= 0]]
        made[field] = pd.Series(found, dtype=TEXT)
    return pd.DataFrame(made)


def paired_labels(read: Records, truth: Truth, on: str | None) -> tuple[pd.Index, pd.Index]:
    """Return the labels of readings and of rows in a comparable form; see `pair` for errors."""
    labels = []
    for table, what in ((read, "frame"), (truth, "truth")):
        try:
            labels.append(table.labels(on))
        except ArgumentError:
            more = f" (to match rows by; in the {what})"
            raise unknown("column", on, table.frame.columns, more=more) from None
    return comparable(labels[0], labels[1])


def _unique_matches(given: Ints, wanted: Ints) -> Ints:
    """Return for each key in `wanted` its position in `given`; -1 unless it is unique in both."""
    count = max(given.max(initial=-1), wanted.max(initial=-1)) + 1
    where = np.full(count, -1, np.int64)
    where[given] = np.arange(len(given))
    where[np.bincount(given, minlength=count) != 1] = -1
    lone = np.bincount(wanted, minlength=count)[wanted] == 1
    return np.where(lone, where[wanted], -1)


def _by_label(labels: Ints, which: npt.NDArray[np.bool_]) -> dict[int, list[int]]:
    at = np.flatnonzero(which)
    return dict(pd.Series(at).groupby(labels[at], sort=False).agg(list))


def _keys(read: Records, truth: Truth, given: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Encode label, type and side of each reading and row as one number."""
    parts = pd.DataFrame(
        {
            "label": np.concatenate([given, wanted]),
            "type": np.concatenate([read.types, truth.types]),
            "side": np.concatenate([read.sides, truth.sides]),
        }
    )
    codes = np.asarray(parts.groupby(["label", "type", "side"], sort=False).ngroup(), np.int64)
    return codes[: len(read)], codes[len(read) :]


Likeness = Callable[[Sequence[int], Sequence[int]], Floats]


def _likeness(read: Records, truth: Truth) -> Likeness:
    """Return a function for the similarity of rows and readings, 0 to 1; it is rarely needed."""
    both = [field for field in truth.chosen if field in read.frame.columns]
    texts: list[tuple[list[str], list[str]]] = []

    def likeness(rows: Sequence[int], found: Sequence[int]) -> Floats:
        if not texts:
            texts.extend(
                (truth.accepted(f)[0].texts.tolist(), read.texts(f).tolist()) for f in both
            )
        total = np.zeros((len(rows), len(found)))
        for wanted, said in texts:
            ours, theirs = [wanted[row] for row in rows], [said[at] for at in found]
            alike = cdist(ours, theirs, scorer=Levenshtein.normalized_similarity, dtype=np.float64)
            there = np.outer([text != "" for text in ours], [text != "" for text in theirs])
            total += np.where(there, alike, 0.0)
        return total / max(len(texts), 1)

    return likeness


def _assign(
    rows: list[int],
    free: list[int],
    read: Records,
    truth: Truth,
    likeness: Likeness,
    first: Ints,
    more: dict[int, tuple[int, ...]],
) -> list[int]:
    """Assign the readings of one label to its rows; return the remaining readings."""
    silent = [row for row in rows if truth.types[row] == "" and truth.sides[row] == ""]
    lone = silent if len(silent) == 1 else []
    chosen = [row for row in rows if row not in lone]
    for row, at in _best(chosen, free, read, truth, likeness):
        first[row] = at
    taken = set(first[chosen].tolist())
    free = [at for at in free if at not in taken]
    if lone and free:
        first[lone[0]], more[lone[0]], free = free[0], tuple(free[1:]), []
    return free


def _best(
    rows: Sequence[int], found: Sequence[int], read: Records, truth: Truth, likeness: Likeness
) -> list[tuple[int, int]]:
    """Return the optimal assignment of readings to rows."""
    if not rows or not found:
        return []
    if len(rows) == len(found) == 1:
        return [(rows[0], found[0])]
    from scipy.optimize import linear_sum_assignment

    types, sides = truth.types[list(rows)][:, None], truth.sides[list(rows)][:, None]
    same_side = (sides != "") & (sides == read.sides[list(found)])
    same_type = (types == "") | (types == read.types[list(found)])
    fits = ((types != "") | (sides != "")) & same_type & ((sides == "") | same_side)
    paged = {"page", "ocr_page"} & set(truth.frame.columns)
    pages = truth.pages[list(rows)][:, None] == read.pages[list(found)] if paged else 0
    step = float(min(len(rows), len(found)) + 1)  # outweighs all criteria of lower priority
    gain = ((fits * step + same_side) * step + pages) * step + likeness(rows, found)
    at_rows, at_found = linear_sum_assignment(gain, maximize=True)
    return [(rows[i], found[k]) for i, k in zip(at_rows, at_found, strict=True)]
