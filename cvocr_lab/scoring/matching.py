"""Which readings answer which row of the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT
from cvocr_lab.scoring.texts import Ints, as_text

Values = TypeVar("Values", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Positions in the flat frame for each row of the truth.

    Parameters
    ----------
    first
        One for each row of the truth: position of its reading, -1 when there is none.
    more
        Positions of further readings, for rows that several faces answer.
    extra
        Positions of readings that no row of the truth claims.
    copies
        Positions of readings left out beside the original they were copied from.
    """

    first: Ints
    more: Mapping[int, tuple[int, ...]]
    extra: Ints
    copies: Ints

    def take(
        self, column: npt.NDArray[Values], fill: Values | float, empty: npt.NDArray[np.bool_]
    ) -> npt.NDArray[Values]:
        """Give for every row of the truth what its reading says in `column`.

        Of several readings the first that is not empty speaks.

        Parameters
        ----------
        column
            One for each row of the flat frame.
        fill
            For rows without a reading.
        empty
            Which values say nothing: one for each row of the flat frame, or where `column` holds
            positions, one for each of those.
        """
        found = column.take(self.first) if len(column) else np.full(len(self.first), fill)
        found = np.where(self.first < 0, fill, found).astype(column.dtype)
        for row, others in self.more.items():
            for at in (int(self.first[row]), *others):
                says = column[at]
                if not empty[says if column.dtype == np.int64 else at]:
                    found[row] = says
                    break
        return found


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
    given, wanted = _labels(frame, truth, on)
    first = np.full(len(truth), -1, np.int64)
    # Labels that both have once need no choice.
    count = max(given.max(initial=-1), wanted.max(initial=-1)) + 1
    where = np.full(count, -1, np.int64)
    where[given] = np.arange(len(given))
    where[np.bincount(given, minlength=count) != 1] = -1
    lone = np.bincount(wanted, minlength=count)[wanted] == 1
    first[lone] = where[wanted[lone]]
    taken = np.zeros(len(frame), bool)
    taken[first[first >= 0]] = True

    by_label: defaultdict[int, list[int]] = defaultdict(list)
    rows_of: defaultdict[int, list[int]] = defaultdict(list)
    for at in np.flatnonzero(~taken).tolist():
        by_label[int(given[at])].append(at)
    for row in np.flatnonzero(first < 0).tolist():
        rows_of[int(wanted[row])].append(row)
    copies: list[int] = []
    if on is not None and by_label:
        copy = (frame["ocr_attempts"] == 0).fillna(False).tolist()
        for label, found in by_label.items():
            kept = [at for at in found if not copy[at]] or _first_copy(frame, found)
            copies += sorted(set(found) - set(kept))
            by_label[label] = kept
    more: dict[int, tuple[int, ...]] = {}
    contested = any(label in by_label for label in rows_of)
    keys = _Keys.of(truth, frame) if contested else _Keys([], [])
    for label, rows in rows_of.items():
        if free := by_label.get(label):
            by_label[label] = _assign(rows, free, keys, likeness, first, more)
    extra = sorted(at for free in by_label.values() for at in free)
    return Matching(first, more, np.array(extra, np.int64), np.array(copies, np.int64))


def alignment(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    matching: Matching,
    texts: Sequence[str],
    *,
    on: str | None,
) -> pd.DataFrame:
    """List what the matching noticed: rows and readings that have no partner, or too many.

    Parameters
    ----------
    texts
        The truth's columns of values: rows of one label that agree in all are the same row twice.
    """
    answered = matching.first >= 0
    failed = frame["ocr_error"].notna().to_numpy()
    in_vain = answered & ~matching.take(~failed, False, failed)
    given, labels = _labels(frame, truth, on)
    known = np.isin(given, labels)
    stated = [*texts, *(c for c in ("type", "side", "page") if c in truth)]
    again = np.flatnonzero(pd.Series(labels).duplicated(keep=False))
    some = truth.take(again)
    twins = pd.DataFrame({c: as_text(some[c]) for c in stated}).assign(**{"": labels[again]})
    lone, spare = matching.extra[~known[matching.extra]], matching.extra[known[matching.extra]]
    rows: list[tuple[str, Ints, Ints]] = [
        (what, np.asarray(at, np.int64), matching.first[at])
        for what, at in (
            ("rows without a reading", np.flatnonzero(~answered)),
            ("rows whose reading failed", np.flatnonzero(in_vain)),
            ("rows that are there twice", again[twins.duplicated().to_numpy(bool)]),
            ("rows answered by several readings", sorted(r for r, m in matching.more.items() if m)),
        )
    ]
    rows += [
        (what, np.full(len(at), -1, np.int64), at)
        for what, at in (
            ("readings without truth", lone),
            ("readings too many of one label", spare),
            ("readings left out as copies", matching.copies),
        )
    ]
    return pd.DataFrame(
        {
            "what": np.repeat([what for what, _, _ in rows], [len(at) for _, at, _ in rows]),
            "row": np.concatenate([at for _, at, _ in rows]),
            "reading": np.concatenate([at for _, _, at in rows]),
        }
    ).astype({"what": TEXT})


@dataclass(frozen=True, slots=True)
class _Keys:
    wanted: list[tuple[str, ...]]
    given: list[tuple[str, ...]]

    @classmethod
    def of(cls, truth: pd.DataFrame, frame: pd.DataFrame) -> _Keys:
        """Read off type and side."""
        return cls(_keys(truth, "type", "side"), _keys(frame, "ocr_type", "ocr_side"))


def _assign(
    rows: list[int],
    free: list[int],
    keys: _Keys,
    likeness: Callable[[int, int], float],
    first: Ints,
    more: dict[int, tuple[int, ...]],
) -> list[int]:
    """Give the readings of one label to its rows; what is left over comes back."""
    free, still = list(free), list(rows)
    for width in (slice(0, 2), slice(1, 2)):  # type and side; side alone
        for row in list(still):
            key = keys.wanted[row][width]
            hits = [at for at in free if _fits(key, keys.given[at][width])]
            if hits:
                hit = hits[0] if len(hits) == 1 else max(hits, key=lambda at: likeness(row, at))
                first[row] = hit
                free.remove(hit)
                still.remove(row)
    for row in still:
        if len(still) == 1 and not any(keys.wanted[row]) and free:
            first[row], more[row], free = free[0], tuple(free[1:]), []
        elif free:
            first[row] = free.pop(0)
    return free


def _fits(wanted: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return any(wanted) and all(w in ("", g) for w, g in zip(wanted, given, strict=True))


def _first_copy(frame: pd.DataFrame, found: list[int]) -> list[int]:
    """Those of `found` that stand under the first one's label."""
    return [at for at in found if frame.index[at] == frame.index[found[0]]]


def _labels(frame: pd.DataFrame, truth: pd.DataFrame, on: str | None) -> tuple[Ints, Ints]:
    """Number the labels of both alike."""
    columns = []
    for table, what in ((frame, "frame"), (truth, "truth")):
        if on is not None and on not in table.columns:
            raise ArgumentError(f"the {what} has no column {on!r} to match rows by")
        labels = table.index if on is None else pd.Index(table[on])
        columns.append(labels.to_flat_index())
    codes = pd.factorize(columns[0].append(columns[1]), use_na_sentinel=False)[0]
    given, wanted = np.split(codes.astype(np.int64), [len(frame)])
    return given, wanted


def _keys(table: pd.DataFrame, *names: str) -> list[tuple[str, ...]]:
    columns: list[Sequence[str]] = [
        as_text(table[n]).tolist() if n in table else [""] * len(table) for n in names
    ]
    return list(zip(*columns, strict=True))
