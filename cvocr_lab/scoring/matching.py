"""Which readings answer which row of the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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


def match(frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None) -> Matching:
    """Match by the label (or the column `on`), then by type and side, then by order.

    A row of the truth that names neither type nor side is answered by every reading of its label
    that no other row claims.

    Raises
    ------
    ArgumentError
        A frame lacks the column `on`.
    """
    by_label: defaultdict[object, list[int]] = defaultdict(list)
    for at, label in enumerate(_labels(frame, on, "frame")):
        by_label[label].append(at)
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
                hit = next((at for at in free if any(key) and given[at][width] == key), None)
                if hit is not None:
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
