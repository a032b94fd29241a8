"""Which rows have to be read: equal pictures are read once, stored ones not at all."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import pandas as pd

from cvocr_lab.batch.digests import Digests
from cvocr_lab.batch.parallel import Row
from cvocr_lab.batch.reading import Task
from cvocr_lab.errors import CvocrError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.images import InputImage, selection
from cvocr_lab.results import Extraction
from cvocr_lab.store import Question, Stamp, Store

Need = Literal["repeats", "stored", "failed", "calls"]

_LONGEST_NAME: Final = 300


class Dedup:
    """Recognises equal pictures, within this run and among the readings of a store.

    `items` may be started in one thread and continued in another; `keep` and `answered` may be
    called from any.

    Parameters
    ----------
    sources
        The rows.
    asked
        What is asked of each row; its `at` and `sources` are filled in.
    engine, identity
        The engine's name, and everything about it that changes its answers, as text.
    store
        Where readings are kept; None for memory.
    retry_failed
        Whether rows that failed in an earlier run are read again.
    remember
        Number of readings held in memory for equal pictures to come, where there is no store;
        None for all.
    """

    def __init__(
        self,
        sources: pd.DataFrame,
        asked: Task,
        *,
        engine: str,
        identity: str,
        store: Store | None,
        retry_failed: bool,
        remember: int | None,
    ) -> None:
        self._sources = sources
        self._asked = asked
        self._store = store
        self._retry_failed = retry_failed
        self._remember = remember
        self._digests = Digests(
            base=asked.base, limits=asked.limits, fetch=asked.fetch, store=store
        )
        # Limits that only refuse pictures are left out: raising one must not cost a new run.
        selected = selection(asked.pages, asked.limits)
        self._question = Question(asked.kind, engine, identity, selected)
        self._lock = threading.Lock()
        self._asked_for: dict[int, tuple[bytes, tuple[str, ...], tuple[Stamp | None, ...]]] = {}
        self._waiting: dict[bytes, list[int]] = {}
        self._read: dict[bytes, Reading] = {}

    def items(self) -> Iterator[Task | Row]:
        """Give each row as a task, or with its reading where there is one already.

        Rows equal to one that is being read are left out: `answered` gives them.
        """
        for at, cells in enumerate(zip(*(self._sources[c] for c in self._sources), strict=True)):
            sources = tuple(self._content(cell) for cell in cells)
            # Taken before the bytes: a change between the two shows afterwards.
            stamps = self._digests.stamps(sources) if self._store else ()
            try:
                digests, pictures = self._look(sources)
            except RowError:
                # The worker will say what is wrong with it.
                yield replace(self._asked, at=at, sources=sources)
                continue
            key = self._question.key(*digests)
            with self._lock:
                if key in self._waiting:
                    self._waiting[key].append(at)
                    continue
                found = self._find(key)
                if found is None:
                    self._waiting[key] = []
                    self._asked_for[at] = key, digests, stamps
            if found is not None:
                yield Row(at, found)
            else:
                yield replace(self._asked, at=at, sources=sources, pictures=pictures)

    def needs(self) -> Iterator[Need | RowError]:
        """Tell what each row needs without reading any; an error for a row without a picture."""
        met: set[bytes] = set()
        for cells in zip(*(self._sources[c] for c in self._sources), strict=True):
            try:
                digests, _ = self._look(tuple(_peeked(cell) for cell in cells))
            except RowError as error:
                yield error
                continue
            key = self._question.key(*digests)
            failed = None if self._store is None else self._store.failed(key)
            if key in met:
                yield "repeats"
            elif failed is None or (failed and self._retry_failed):
                yield "calls"
            else:
                yield "failed" if failed else "stored"
            met.add(key)

    def seconds(self, engine: str) -> list[float]:
        """Give how long the latest readings took."""
        return [] if self._store is None else self._store.seconds(self._asked.kind, engine)

    def keep(self, task: Task, reading: Reading) -> None:
        """Put a reading into the store.

        Raises
        ------
        BatchError
            It cannot be written.
        """
        if self._store is None or task.at not in self._asked_for:
            return
        _, digests, stamps = self._asked_for[task.at]
        # If a file changed while it was read, nobody knows which bytes were read.
        if self._digests.stamps(task.sources) == stamps:
            names = tuple(_name(source) for source in task.sources)
            self._store.put(self._question, digests, names, reading)

    def answered(self, row: Row) -> list[Row]:
        """Give this row, and the rows that waited for the same picture."""
        with self._lock:
            if row.at not in self._asked_for:
                return [row]
            key = self._asked_for.pop(row.at)[0]
            if self._store is None:
                self._read[key] = row.reading
                if self._remember is not None and len(self._read) > self._remember:
                    del self._read[next(iter(self._read))]
            again = _repeated(row.reading)
            return [row, *(Row(at, again) for at in self._waiting.pop(key))]

    def _look(
        self, sources: tuple[object, ...]
    ) -> tuple[tuple[str, ...], tuple[InputImage | None, ...]]:
        """Give the digests of the pictures, and those pictures that were read for them.

        Raises
        ------
        RowError
            There is nothing that could be read.
        """
        found = [self._digests.of(source) for source in sources]
        return tuple(one.sha256 for one in found), tuple(one.picture for one in found)

    def _find(self, key: bytes) -> Reading | None:
        if self._store is None:
            reading = self._read.get(key)
            return None if reading is None else _repeated(reading)
        is_first = self._store.meet(key)
        reading = self._store.get(key)
        if reading is None or not is_first:
            # A picture met before that is not in the store changed while it was read.
            return None if reading is None else _repeated(reading)
        if self._retry_failed and isinstance(reading.result, CvocrError):
            return None
        return reading

    def _content(self, source: object) -> object:
        """Read an open file, which can be read only once; leave anything else as it is."""
        read = getattr(source, "read", None)
        if callable(read) and not isinstance(source, Path):
            with contextlib.suppress(Exception):
                data = read(self._asked.limits.max_bytes + 1)
                return data if isinstance(data, bytes) else source
        return source


def _peeked(source: object) -> object:
    """Read an open file and put it back to where it was; leave anything else as it is."""
    with contextlib.suppress(Exception):
        read, seek, tell = (getattr(source, name) for name in ("read", "seek", "tell"))
        at = tell()
        data = read()
        seek(at)
        return data
    return source


def _repeated(reading: Reading) -> Reading:
    """Give the reading for an equal source, which took no time and cost nothing."""
    result = reading.result
    if isinstance(result, Extraction):
        result = replace(result, usage=None)
    elif isinstance(result, RowError) and result.usage is not None:
        attributes = vars(result) | {"usage": None}
        result = copy(result)
        # Where Dask has been imported, the copy of an exception shares its attributes.
        result.__dict__ = attributes
    return replace(reading, result=result, attempts=0, seconds=0.0)


def _name(source: object) -> str:
    """Name a source for people who look into the store: no content, and no key of a link."""
    if not isinstance(source, str | Path):
        return type(source).__name__
    text = str(source).strip()
    if text[:5].lower() == "data:" or (len(text) > _LONGEST_NAME and "/" not in text[:64]):
        return f"text of {len(text)} characters"
    if "://" in text:
        try:
            parts = urlsplit(text)
            return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:_LONGEST_NAME]
        except ValueError:
            return "a URL"
    return text
