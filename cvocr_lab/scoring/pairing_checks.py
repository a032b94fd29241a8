"""Detect readings and truth that do not fit together, and say how to correct this."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, caller_stacklevel, unknown
from cvocr_lab.frames import Pairing, Records, Truth, as_text, pair
from cvocr_lab.frames.sources import column_or_level
from cvocr_lab.kinds import field_order
from cvocr_lab.scoring.texts import Ints, key, loose_text

_WITHOUT: Final = 1 / 3
"""Share of rows without a reading above which there is a warning."""

_TWICE: Final = 0.1
_POOR: Final = 0.5
_BETTER: Final = 0.25
_MORE: Final = 3
"""Another pairing must agree in this many more values, and in this larger share of them."""

_LOOKED_AT: Final = 500
_SUREST: Final = 1 + 1e-6
"""Maximum confidence; a softmax may be slightly more than 1 because of rounding."""

_NOTHING: Final = (
    "N/A", "n/a", "NA", "None", "none", "NULL", "Null", "null", "NaN", "nan", "unknown", "Unknown",
)  # fmt: skip
"""Words that programs and language models write for absent values."""

_ENDING: Final = re.compile(r"[\W_](?!(?:confidence|quad|clean.*|alt\d*)$).*")
"""Suffixes of columns after the name of a field, except those with a meaning of their own."""

_LABEL: Final = " label"
"""A name that columns of users do not have."""


def _days_and_months(text: str) -> str:
    day = re.fullmatch(r"(\d\d?)\D(\d\d?)\D(\d{4})", text)
    return " ".join([*sorted(day.groups()[:2]), day[3]]) if day else text


_SLIPS: Final = (
    (
        "leading zeros alone",
        lambda text: text.lstrip("0"),
        "read the file with cvocr_lab.read_labels, or pd.read_csv(…, dtype=str)",
    ),
    (
        "the order of day and month alone",
        _days_and_months,
        "write dates as they are printed, day/month/year",
    ),
)
"""Differences in all values of a field that are caused by a table and not by a reader."""


class PairingWarning(UserWarning):
    """Readings and truth hardly fit together, so the figures say little about the reader."""


def check_fields(frame: pd.DataFrame, truth: pd.DataFrame, fields: Sequence[str] | None) -> None:
    """Refuse tables that share no field, or whose fields have the suffixes of a merge.

    This is an `ArgumentError`, and so are a truth without a requested field, and confidences that
    are not between 0 and 1.  A column whose name is almost that of a missing field is a
    `PairingWarning`.
    """
    columns = {str(c) for c in frame.columns}
    labels = {str(c) for c in truth.columns}
    for field in fields or ():
        if field not in labels:
            raise unknown("column", field, truth.columns, more=" (of the truth)")
    known = set(field_order()) if fields is None else set(fields)
    for own, other, what in ((columns, labels, "frame"), (labels, columns, "truth")):
        shared = known & other
        lost = sorted((shared or known) - own)
        _refuse_merge(own, lost, what, plain=len(shared & own) if shared else None)
        for field in lost:
            if near := [c for c in sorted(own - known) if loose_text(c) == loose_text(field)]:
                _warn(
                    f"the {what} has a column {near[0]!r} but none called {field!r}, so that field "
                    f"is not compared: pass {what}.rename(columns={{{near[0]!r}: {field!r}}})"
                )
    for field in known & columns:
        sure = pd.to_numeric(frame.get(f"{field}_confidence", pd.Series()), errors="coerce")
        if (sure < 0).any() or (sure > _SUREST).any():
            raise ArgumentError(
                f"column '{field}_confidence' contains {sure.max():g}: a confidence is a number "
                "from 0 to 1; divide percentages by 100"
            )
    alone = columns.isdisjoint(known & labels) and not any(c.startswith("ocr_") for c in columns)
    if alone and (not columns & known or labels & known):  # otherwise, the truth lacks them
        both = sorted(columns & labels)
        cure = f"pass fields=[…]; both have {', '.join(both)}" if both else "rename them"
        raise ArgumentError(
            "the frame has no column with the name of a field of the truth, such as 'id' or "
            f"'name'; its columns are {', '.join(sorted(columns))}: {cure}"
        )


def _refuse_merge(columns: Set[str], lost: Sequence[str], what: str, *, plain: int | None) -> None:
    """Refuse a table in which more fields have the suffix of a merge than have none.

    `lost` are the fields without a column of their own, and `plain` is the number of fields that
    have one; None if neither table has any.
    """
    endings = _endings(columns, lost)
    if not endings:
        return
    most = max(endings, key=lambda ending: len(endings[ending]))
    field = endings[most][0]
    there = [field + ending for ending, fields in endings.items() if field in fields]
    many = len(there) > 1 if plain is None else len(endings[most]) > plain
    if many or not {"_x", "_y"}.isdisjoint(endings):
        raise ArgumentError(
            f"the {what} has {' and '.join(map(repr, there))}, but no {field!r}: it is a merge of "
            "two tables; pass the readings and the truth as they were before it, or rename the "
            f"columns of the {'readings' if what == 'frame' else 'truth'}: "
            f"{what}.rename(columns=lambda name: name.removesuffix('_…'))"
        )


def _endings(columns: Set[str], fields: Sequence[str]) -> dict[str, list[str]]:
    """Return the suffixes of these fields in other columns, such as those of a merge."""
    known = set(field_order())
    found: defaultdict[str, list[str]] = defaultdict(list)
    for field in fields:
        for column in sorted(columns - known):
            ending = column.removeprefix(field)
            if ending != column and _ENDING.fullmatch(ending):
                found[ending].append(field)
    return found


def notice(
    read: Records, truth: Truth, pairing: Pairing, noticed: pd.DataFrame, *, on: str | None
) -> None:
    """Warn about readings and truth that hardly fit together, and say how to correct this."""
    if not len(truth):
        return
    now = _Paired(read, truth, pairing)
    answered = pairing.first >= 0
    sample = np.linspace(0, len(truth) - 1, min(len(truth), _LOOKED_AT)).astype(np.int64)
    values = list(now.values(sample))
    better = None
    if answered.mean() < 1 - _WITHOUT or _share(_agreement(values)) < _POOR:
        better = _better(now, sample, on)
    if not answered.any():
        cure = better.cure if better else _by_hand(read, truth, on)
        raise ArgumentError(f"no row of the truth has a reading: {cure}")
    twice = int((noticed["what"] == "duplicate rows").sum())
    if better:
        _warn(f"rows and readings agree far better in another way: {better.cure}")
    elif twice > _TWICE * len(truth):
        _warn(
            f"{twice:,} of {len(truth):,} rows of the truth are duplicates: pass "
            "truth.drop_duplicates()"
        )
    elif (~answered).mean() > _WITHOUT:
        column = ".index" if on is None else f"[{on!r}]"
        _warn(
            f"{(~answered).sum():,} of {len(truth):,} rows of the truth have no reading, and all "
            "their values count as missing: to score only what was read, pass "
            f"truth[truth{column}.isin(frame{column})]"
        )
    else:
        _notice_merge(now, sample[answered[sample]])
    for field, pairs in values:
        for what, alike, cure in _SLIPS:
            lost = sum(w != v and alike(w) == alike(v) != "" for w, v in pairs)
            if lost > max(len(pairs) / 2, 1):
                _warn(f"{lost:,} of {len(pairs):,} values of {field!r} differ in {what}: {cure}")
        empty = read.texts(field).isin(_NOTHING)
        if empty.any() and not truth.accepted(field)[0].texts.isin(_NOTHING).any():
            word = read.texts(field)[empty].iloc[0]
            _warn(
                f"the frame contains {word!r} where {field!r} was not read, which counts as a "
                f"value (in {empty.sum():,} rows): pass frame.replace({word!r}, '')"
            )
    ours = read.types[pairing.first[answered]] if len(read) else np.array([], object)
    theirs = truth.types[answered]
    told = (ours != "") & (theirs != "")
    wrong = told & (ours != theirs)
    if wrong.sum() > max(told.sum() / 2, 1) and not better:
        _warn(
            f"the types disagree in {wrong.sum():,} of {told.sum():,} rows: check that rows and "
            "readings belong together (on=…), and that the column 'type' has our names of types"
        )


def _notice_merge(now: _Paired, sample: Ints) -> None:
    """Warn if all values agree, but other columns of the same fields do not.

    A merge with the suffixes ``("_read", "")`` gives the values of the truth the plain names.
    """
    printed = 0
    for _, pairs in now.values(sample):  # the first field nearly always differs
        if any(w != v and key(w) != key(v) for w, v in pairs):
            return
        printed += len(pairs)
    if not printed:
        return
    for table, what in ((now.read.frame, "frame"), (now.truth.frame, "truth")):
        columns = set(map(str, table.columns))
        there = [field for field in now.truth.chosen if field in columns]
        for ending, fields in _endings(columns, there).items():
            plain, beside = (
                pd.concat([as_text(table[field + end]) for field in fields]) for end in ("", ending)
            )
            same = plain[plain != ""] == beside[plain != ""]
            if same.any() and not same.all():  # these are readings, not scores or paths
                _warn(
                    f"no value differs from the truth, but the {what} has columns that end in "
                    f"{ending!r}, such as {fields[0] + ending!r}, which do: if it is a merge of "
                    "readings and truth, the same column is on both sides; pass the readings and "
                    "the truth as they were before it"
                )
                return


def _better(now: _Paired, sample: Ints, on: str | None) -> _Paired | None:
    """Return another pairing by which far more values agree, or None."""
    found: list[tuple[float, bool, _Paired]] = []
    for ours, theirs, cure, by in _others(now, on):
        frame, marked = (
            table.assign(**{_LABEL: pd.Series(list(labels), dtype=object).to_numpy()})
            for table, labels in ((now.read.frame, ours), (now.truth.frame, theirs))
        )
        read = Records(frame)
        truth = Truth(marked, read, fields=now.truth.chosen)
        other = _Paired(read, truth, pair(read, truth, on=_LABEL), cure)
        if (other.pairing.first < 0).all():
            continue
        before, then = (_agreement(of.values(sample), without=by) for of in (now, other))
        if then[0] >= before[0] + _MORE and _share(then) >= _share(before) + _BETTER:
            found.append((_share(then), by not in now.truth.chosen, other))
    return max(found, key=lambda of: of[:2], default=(0.0, True, None))[2]


def _agreement(values: Iterable[_Values], *, without: str = "") -> tuple[int, int]:
    """Count the printed values that were read exactly, and all of them."""
    of_fields = [pairs for field, pairs in values if field != without]
    equal = sum(w == v or key(w) == key(v) for pairs in of_fields for w, v in pairs)
    return equal, sum(map(len, of_fields))


def _share(agreeing: tuple[int, int]) -> float:
    equal, present = agreeing
    return equal / present if present else 1.0


def _warn(message: str) -> None:
    warnings.warn(message, PairingWarning, stacklevel=caller_stacklevel())


@dataclass(frozen=True, slots=True)
class _Paired:
    """Readings paired with a truth, and how to request this pairing."""

    read: Records
    truth: Truth
    pairing: Pairing
    cure: str = ""

    def values(self, sample: Ints) -> Iterator[_Values]:
        """Yield the printed values of these rows with the values read, by field."""
        for field in self.truth.chosen:
            if field not in self.read.frame.columns:
                continue
            texts = self.read.texts(field)
            at = self.pairing.answering((texts == "").to_numpy(bool))[sample]
            said = iter(texts.take(at[at >= 0]).tolist())
            wanted = self.truth.accepted(field)[0].texts.take(sample).tolist()
            beside = [next(said) if i >= 0 else "" for i in at.tolist()]
            yield field, [(w, v) for w, v in zip(wanted, beside, strict=True) if w]


_Values = tuple[str, list[tuple[str, str]]]
"""A field, and the printed values with the values read."""

_Labels = tuple[Sequence[object], Sequence[object], str, str]
"""Labels of readings and of rows, how to request a pairing by them, and the column (or "")."""


def _others(now: _Paired, on: str | None) -> Iterator[_Labels]:
    """Yield the labels of all other columns that both have, or of the index."""
    read, truth = now.read, now.truth
    ours, theirs = _labels(read.frame, truth, on), _labels(truth.frame, truth, on)
    own_index, their_index = list(read.labels()), list(truth.labels())
    # Among equally good columns, the one with the most distinct values comes first.
    shared = sorted(ours.keys() & theirs.keys(), key=lambda name: (-len(set(theirs[name])), name))
    for name in shared:
        cure = f"pass on={name!r}" if name not in truth.chosen else (
            f"the rows are in another order; pair them by a column that both have, such as {name!r}"
        )  # fmt: skip
        yield ours[name], theirs[name], cure, name
    if on is not None:
        yield own_index, their_index, "omit on=…, because the index fits", ""
    for columns, indexed, what in ((ours, truth.frame, "truth"), (theirs, read.frame, "frame")):
        for name, labels in columns.items():
            if name not in truth.chosen and name not in indexed.index.names:
                both = (labels, their_index) if what == "truth" else (own_index, labels)
                yield *both, f"pass {what}.rename_axis({name!r}) and on={name!r}", ""
    if on is not None:
        our_files, their_files = (
            [Path(str(x)).name for x in table.labels(on)] for table in (read, truth)
        )
        cure = (
            f"only the file names agree: use the same form in both tables, such as "
            f"table[{on!r}].map(os.path.basename)"
        )
        yield our_files, their_files, cure, ""


def _labels(frame: pd.DataFrame, truth: Truth, on: str | None) -> dict[str, list[object]]:
    """Return the columns and named index levels that distinguish rows."""
    found: dict[str, list[object]] = {}
    for name in [*frame.columns, *frame.index.names]:
        if not isinstance(name, str) or name == on or name in found:
            continue
        values = list(column_or_level(frame, name))
        different = len({v for v in values if isinstance(v, str | int | PathLike)})
        least = 0.9 * len(values) if name in truth.chosen else 1
        if different > least and not name.startswith("ocr_"):
            found[name] = values
    return found


def _by_hand(read: Records, truth: Truth, on: str | None) -> str:
    if not len(read):
        return "the frame has no row"
    what = "the index" if on is None else f"the column {on!r}"
    kinds = []
    for label in (table.labels(on)[0] for table in (read, truth)):
        number = "numbers" if pd.api.types.is_number(label) else type(label).__name__
        kinds.append("texts" if isinstance(label, str | PathLike) else number)
    such = "" if kinds[0] == kinds[1] else f" ({kinds[0]} in the frame, {kinds[1]} in the truth)"
    return f"{what} has no value in common{such}: pass the column that identifies the rows, on=…"
