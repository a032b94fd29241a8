"""The columns of a frame while they are cleaned: each distinct text once, by processes if many."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final, Literal

import numpy as np
import pandas as pd

from cvocr_lab.cleaning.normal import Cleaned, Cleaner, Part, Rule, Step, rule_of
from cvocr_lab.errors import ArgumentError, BatchError, unknown
from cvocr_lab.frames import TEXT, as_text
from cvocr_lab.kinds import FIELD_TYPES, TYPES, FieldType, spec_of
from cvocr_lab.places import Era
from cvocr_lab.workers import Pool, ProcessWorker, WorkerDiedError, usable_cores

_ABSENT: Final = ("", "###")
_ERAS: Final[tuple[Era | None, ...]] = (None, "old", "new")
_CHUNK: Final = 1_000
"""Texts that a process cleans at a time."""
_WORTH_A_PROCESS: Final = 10_000
"""Number of addresses that take longer to clean than a process takes to start."""

Codes = np.ndarray[tuple[int], np.dtype[np.int64]]
"""For each row a position in some list."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Disable garbage collection: cleaning and checking make millions of objects and no garbage."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@cache
def kinds_of(type_: str, field: str) -> tuple[FieldType, ...]:
    """Return the possible types of a field: exactly one if the document type is known."""
    if known := spec_of(type_):
        own = known.find(field)
        return (own.type if own else FIELD_TYPES["MODEL"],)  # not on this paper: free text
    found = (kind.find(field) for kind in TYPES.values())
    return tuple(dict.fromkeys(field.type for field in found if field))


def shape_of(field: str, types: Sequence[str]) -> Rule:
    """Return the rule that describes the clean columns of a field for these document types."""
    kinds = dict.fromkeys(kind for type_ in types or [""] for kind in kinds_of(type_, field))
    rules = [rule_of(kind) for kind in kinds if kind.name != "MODEL" or len(kinds) == 1]
    dtypes: list[Literal["text", "date", "whole"]] = [rule.dtype for rule in rules]
    dtype = dtypes[0] if len(set(dtypes)) == 1 else "text"
    parts = dict.fromkeys(part for rule in rules for part in rule.parts)
    return Rule(rules[0].clean, dtype, tuple(parts))


_KNOWN: Final = frozenset(
    name
    for kind in TYPES.values()
    for field in kind.fields
    for name in (field.name, *field.aliases)
)


def fields_of(frame: pd.DataFrame, wanted: Sequence[str] | None) -> dict[str, tuple[str, str]]:
    """Find the columns to clean: name -> prefix of a wide frame and field."""
    names = list(map(str, frame.columns))
    prefixes = [c.removesuffix("ocr_type") for c in names if c.endswith("_ocr_type")]
    found = {}
    for name in names:
        for prefix in ("", *prefixes):
            if name.startswith(prefix) and name.removeprefix(prefix) in _KNOWN:
                found[name] = prefix, name.removeprefix(prefix)
    if wanted is None:
        return found
    if missing := [name for name in wanted if name not in found]:
        raise unknown("field", missing[0], found)
    return {name: found[name] for name in wanted}


def types_of(frame: pd.DataFrame, prefix: str) -> tuple[Codes, list[str]]:
    """Return the index of each row's document type in a list, -1 for an unknown type."""
    name = next((c for c in (f"{prefix}ocr_type", f"{prefix}type") if c in frame.columns), None)
    if name is None:
        return np.full(len(frame), -1, dtype=np.int64), []
    codes, types = pd.factorize(frame[name])
    return codes.astype(np.int64), [str(t) for t in types]


Question = tuple[str, str, str, Era | None]
"""A text to clean, the document type ("" for an unknown one), the field, and the era of the paper's
addresses.  Plain tuples are pickled ten times as fast as named ones."""
Answer = tuple[str, tuple[Step, ...], Mapping[str, Part], str] | None
"""The parts of a `Cleaned`, as a plain tuple too."""
Processes = Pool[Sequence[Question | None], list[Answer]]


@dataclass(slots=True)
class Column:
    """A column with its distinct texts, and the results once these are cleaned.

    `codes` holds for each row the position in `questions` and `cells`, in which an absent value is
    None; `rule` describes the columns to make.
    """

    name: str
    codes: Codes
    questions: list[Question | None]
    rule: Rule
    cells: list[Cleaned | None] = field(default_factory=list)

    @property
    def is_slow(self) -> bool:
        """Whether these are addresses, which take ten times as long to clean as to send."""
        return "era" in self.rule.parts

    def series(self, index: pd.Index, *, parts: bool) -> dict[str, pd.Series]:
        """Return the new columns by name, with or without those of the parts."""
        columns = {f"{self.name}_clean": self._own()}
        for part in self.rule.parts if parts else ():
            values = [cell.parts.get(part) if cell else None for cell in self.cells]
            columns[f"{self.name}_clean_{part}"] = (
                pd.Series([np.nan if v is None else float(v) for v in values], dtype="float64")
                if part == "score"
                else pd.Series([v or None for v in values], dtype=TEXT)
            )
        return {n: c.take(self.codes).set_axis(index) for n, c in columns.items()}

    def _own(self) -> pd.Series:
        match self.rule.dtype:
            case "date":
                days = [_day(cell) if cell else None for cell in self.cells]
                return pd.Series(np.array(days, dtype="datetime64[us]"))
            case "whole":
                amounts = [_amount(cell) if cell else None for cell in self.cells]
                return pd.Series(amounts, dtype="Int64")
        return pd.Series([cell.text if cell else None for cell in self.cells], dtype=TEXT)

    def flagged(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell the rows whose value has no normal form, or none that the column can hold."""
        flags = [cell is not None and self._is_flawed(cell) for cell in self.cells]
        return np.array(flags, dtype=bool)[self.codes]

    def _is_flawed(self, cell: Cleaned) -> bool:
        if self.rule.dtype == "whole":
            return _amount(cell) is None
        return bool(cell.flag) or (self.rule.dtype == "date" and "iso" not in cell.parts)


def _amount(cell: Cleaned) -> int | None:
    return int(cell.text) if not cell.flag and re.fullmatch("[0-9]+", cell.text) else None


def _day(cell: Cleaned) -> str | None:
    iso = str(cell.parts.get("iso", ""))
    return iso if len(iso) == 10 and iso[4] == "-" else None


def column_of(
    values: pd.Series, name: str, field: str, type_codes: Codes, types: list[str], eras: Codes
) -> Column:
    """List what is to be cleaned of a column; `eras` holds 0 for unknown, 1 for old, 2 for new."""
    rule = shape_of(field, types)
    if "era" not in rule.parts:  # only addresses depend on it
        eras = np.zeros_like(eras)
    text_codes, texts = pd.factorize(as_text(values))
    # Types that clean alike count as one, so that a text is cleaned once for all of them.
    known = [*types, ""]
    alike = list(dict.fromkeys(kinds_of(type_, field) for type_ in known))
    kind_at = [alike.index(kinds_of(type_, field)) for type_ in known]
    kind_codes = np.array(kind_at)[type_codes]
    mixed = (text_codes.astype(np.int64) * len(alike) + kind_codes) * len(_ERAS) + eras
    codes, distinct = pd.factorize(mixed)
    rest, era_at = np.divmod(distinct, len(_ERAS))
    text_at, like = np.divmod(rest, len(alike))
    raws = texts.to_numpy(object).tolist()
    first = [known[kind_at.index(k)] for k in range(len(alike))]
    absent = {at for at, raw in enumerate(raws) if raw.strip() in _ABSENT}
    questions = [
        None if text in absent else (raws[text], first[kind], field, _ERAS[era])
        for text, kind, era in zip(text_at.tolist(), like.tolist(), era_at.tolist(), strict=True)
    ]
    return Column(name, codes.astype(np.int64), questions, rule)


@contextmanager
def processes(
    addresses: Iterable[pd.Series],
    threshold: float,
    *,
    workers: int | None,
    steps: bool = False,
    parts: bool = False,
) -> Iterator[Processes]:
    """Start the processes that help to clean, as they take a second to start.

    Without many different `addresses`, no process is worth its start.  The calling process is one
    of the `workers`.  The results travel faster without the `steps` and `parts` of addresses.

    Raises ArgumentError if `workers` is less than 1, and BatchError if a process died.
    """
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers is at least 1, not {workers}")
    if workers is None:
        distinct = sum(as_text(column).nunique() for column in addresses)
        workers = min(usable_cores(), distinct // _WORTH_A_PROCESS)
    opens = partial(_cleaner, threshold, steps=steps, parts=parts)
    pool: Processes = Pool([ProcessWorker(opens) for _ in range(workers - 1)])
    try:
        yield pool
    except WorkerDiedError as error:
        raise BatchError(f"a worker process ended ({error}): try fewer workers") from None
    finally:
        pool.close()


def _cleaner(
    threshold: float, *, steps: bool, parts: bool
) -> Callable[[Sequence[Question | None]], list[Answer]]:
    """Return the function of a worker process."""

    @uncollected()
    def answers(questions: Sequence[Question | None]) -> list[Answer]:
        return [
            c and (c.text, c.steps if steps else (), c.parts if parts else {}, c.flag)
            for c in cleaned(questions, threshold)
        ]

    return answers


def clean_columns(columns: Sequence[Column], threshold: float, pool: Processes) -> None:
    """Clean the texts of all columns; the processes of the pool take addresses meanwhile."""
    chunks = [
        (column, column.questions[at : at + _CHUNK])
        for column in columns
        if column.is_slow
        for at in range(0, len(column.questions), _CHUNK)
    ]
    futures = [pool.submit(chunk) for _, chunk in chunks]
    for column in columns:
        column.cells = [] if column.is_slow else cleaned(column.questions, threshold)
    mine = {
        at: cleaned(chunks[at][1], threshold)
        for at in reversed(range(len(chunks)))
        if futures[at].cancel()
    }
    for at, (column, _) in enumerate(chunks):
        others = mine.get(at) or [answer and Cleaned(*answer) for answer in futures[at].result()]
        column.cells += others


def cleaned(questions: Sequence[Question | None], threshold: float) -> list[Cleaned | None]:
    """Clean these texts in this process."""
    return [_cleaned(*question, threshold) if question else None for question in questions]


def _cleaned(text: str, type_: str, field: str, era: Era | None, threshold: float) -> Cleaned:
    found = [clean(kind, text, era) for kind, clean in _cleaners(type_, field)]
    best = found[0]
    if len(found) > 1:
        whole = [cell for cell in found if not cell.flag] or found
        if len({cell.text for cell in whole}) > 1:
            return Cleaned(text, flag="document type unknown")
        best = max(whole, key=lambda cell: len(cell.parts))
    if best.steps and best.score < threshold:
        return Cleaned(text, flag="less certain than the threshold")
    return best


@cache
def _cleaners(type_: str, field: str) -> tuple[tuple[FieldType, Cleaner], ...]:
    return tuple((kind, rule_of(kind).clean) for kind in kinds_of(type_, field))
