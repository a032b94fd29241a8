"""Which readings answer which row of the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from cvocr_lab.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class Matching:
    """Positions in the flat frame for each row of the truth.

    Parameters
    ----------
    answers
        One for each row of the truth: positions of its readings, empty when there is none.
    extra
        Positions of readings that no row of the truth claims.
    """

    answers: tuple[tuple[int, ...], ...]
    extra: tuple[int, ...]


def match(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    on: str | None,
    likeness: Callable[[int, int], float],
) -> Matching:
    """Match by the label (or the column `on`), then by type and side, then by likeness.

    A row of the truth that names neither type nor side is answered by every reading of its label
    that no other row claims.  Matching by a column, readings copied from an equal source
    (``ocr_attempts`` 0) are left out beside their original.

    Parameters
    ----------
    likeness
        How well the values of a row of the truth agree with those of a row of the frame.

    Raises
    ------
    ArgumentError
        A frame lacks the column `on`.
    """
    by_label: defaultdict[object, list[int]] = defaultdict(list)
    for at, label in enumerate(_labels(frame, on, "frame")):
        by_label[label].append(at)
    if on is not None:
        copy = (frame["ocr_attempts"] == 0).fillna(False).tolist()
        for label, found in by_label.items():
            by_label[label] = [at for at in found if not copy[at]] or _first_copy(frame, found)
    rows_of: defaultdict[object, list[int]] = defaultdict(list)
    for row, label in enumerate(_labels(truth, on, "truth")):
        rows_of[label].append(row)
    wanted = _keys(truth, "type", "side")
    given = _keys(frame, "ocr_type", "ocr_side")
    answers: list[tuple[int, ...]] = [()] * len(truth)
    for label, rows in rows_of.items():
        free, open_rows = list(by_label.get(label, ())), list(rows)
        for width in (slice(0, 2), slice(1, 2)):  # type and side; side alone
            for row in list(open_rows):
                key = wanted[row][width]
                hits = [at for at in free if _fits(key, given[at][width])]
                if hits:
                    hit = max(hits, key=lambda at: likeness(row, at))
                    answers[row] = (hit,)
                    free.remove(hit)
                    open_rows.remove(row)
        for row in open_rows:
            if len(open_rows) == 1 and not any(wanted[row]):
                answers[row], free = tuple(free), []
            elif free:
                answers[row] = (free.pop(0),)
        by_label[label] = free
    return Matching(tuple(answers), tuple(sorted(at for free in by_label.values() for at in free)))


def _fits(wanted: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return any(wanted) and all(w in ("", g) for w, g in zip(wanted, given, strict=True))


def _first_copy(frame: pd.DataFrame, found: list[int]) -> list[int]:
    """Those of `found` that stand under the first one's label."""
    return [at for at in found if frame.index[at] == frame.index[found[0]]]


def _labels(table: pd.DataFrame, on: str | None, what: str) -> Sequence[object]:
    if on is None:
        return list(table.index)
    if on not in table.columns:
        raise ArgumentError(f"the {what} has no column {on!r} to match rows by")
    return table[on].tolist()


def _keys(table: pd.DataFrame, *names: str) -> list[tuple[str, ...]]:
    columns = [
        table[n].fillna("").astype(str).tolist() if n in table else [""] * len(table) for n in names
    ]
    return list(zip(*columns, strict=True))
