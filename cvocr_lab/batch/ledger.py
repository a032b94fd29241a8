"""What each row of a run needs: a call of the engine, or nothing more."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import pandas as pd

from cvocr_lab.batch.contents import Contents, digest_of
from cvocr_lab.batch.reading import Task
from cvocr_lab.batch.store import Stamp, Store
from cvocr_lab.batch.workers import Row
from cvocr_lab.errors import CvocrError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.images import InputImage

Need = Literal["repeats", "stored", "failed", "calls"]

_LONGEST_NAME: Final = 300


class Ledger:
    """Knows equal pictures from before, in this run and in the store's.

    `items` may be begun by one thread and gone on with by another; `keep` and `answered` called by
    any.

    Parameters
    ----------
    sources
        The rows.
    asked
        What is asked of each; its `at` and `sources` are filled in.
    engine, options
        Whose readings count as the same: the engine's name and version, and its options.
    store
        Where readings are kept; None for memory.
    retry_failed
        Whether what failed in an earlier run is read again.
    remember
        Readings held in memory for equal pictures to come, where there is no store.
    """

    def __init__(
        self,
        sources: pd.DataFrame,
        asked: Task,
        *,
        engine: str,
        options: Mapping[str, str],
        store: Store | None,
        retry_failed: bool,
        remember: int | None,
    ) -> None:
        self._sources = sources
        self._asked = asked
        self._store = store
        self._retry_failed = retry_failed
        self._remember = remember
        self._contents = Contents(
            base=asked.base, limits=asked.limits, fetch=asked.fetch, store=store
        )
        # Limits that only refuse pictures are left out: raising one must not cost a new run.
        question = [asked.kind, engine, dict(options), asked.pages, asked.limits.pdf_dpi]
        self._question = digest_of(json.dumps(question, sort_keys=True).encode())
        self._number = 0 if store is None else store.question(self._question, asked.kind, engine)
        self._lock = threading.Lock()
        self._asked_for: dict[int, tuple[bytes, tuple[Stamp | None, ...]]] = {}
        self._waiting: dict[bytes, list[int]] = {}
        self._read: dict[bytes, Reading] = {}

    def items(self) -> Iterator[Task | Row]:
        """Give each row as a task, or with its reading where there is one already.

        Rows equal to one that is being read are left out: `answered` gives them.
        """
        for at, cells in enumerate(zip(*(self._sources[c] for c in self._sources), strict=True)):
            sources = tuple(self._held(cell) for cell in cells)
            # Taken before the bytes: a change between the two shows afterwards.
            stamps = self._contents.stamps(sources) if self._store else ()
            try:
                key, pictures = self._key(sources)
            except RowError:
                # The worker will say what is wrong with it.
                yield replace(self._asked, at=at, sources=sources)
                continue
            with self._lock:
                if key in self._waiting:
                    self._waiting[key].append(at)
                    continue
                found = self._found(key)
                if found is None:
                    self._waiting[key] = []
                    self._asked_for[at] = key, stamps
            if found is not None:
                yield Row(at, found)
            else:
                yield replace(self._asked, at=at, sources=sources, pictures=pictures)

    def needs(self) -> Iterator[Need | RowError]:
        """Tell what each row needs, asking nothing of anybody; an error where nothing is there."""
        met: set[bytes] = set()
        for cells in zip(*(self._sources[c] for c in self._sources), strict=True):
            try:
                key, _ = self._key(tuple(_looked_into(cell) for cell in cells))
            except RowError as error:
                yield error
                continue
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
        key, stamps = self._asked_for[task.at]
        # Of a file that changed while it was read nobody knows which bytes were read.
        if self._contents.stamps(task.sources) == stamps:
            names = tuple(_name(source) for source in task.sources)
            self._store.put(key, self._number, names, reading)

    def answered(self, row: Row) -> list[Row]:
        """Give this row, and the rows that waited for the same picture."""
        with self._lock:
            key, _ = self._asked_for.pop(row.at, (None, ()))
            if key is None:
                return [row]
            if self._store is None:
                self._read[key] = row.reading
                if self._remember is not None and len(self._read) > self._remember:
                    del self._read[next(iter(self._read))]
            again = _again(row.reading)
            return [row, *(Row(at, again) for at in self._waiting.pop(key))]

    def _key(self, sources: tuple[object, ...]) -> tuple[bytes, tuple[InputImage | None, ...]]:
        """Give what stands for these pictures and what is asked of them, and those now read.

        Raises
        ------
        RowError
            Nothing stands there that could be read.
        """
        taken = [self._contents.taken(source) for source in sources]
        key = digest_of(self._question, *(one.sha256 for one in taken))
        return key, tuple(one.picture for one in taken)

    def _found(self, key: bytes) -> Reading | None:
        if self._store is None:
            reading = self._read.get(key)
            return None if reading is None else _again(reading)
        first = self._store.meet(key)
        reading = self._store.get(key)
        if reading is None or not first:
            # A picture met before, and yet not there, changed while it was read.
            return None if reading is None else _again(reading)
        if self._retry_failed and isinstance(reading.result, CvocrError):
            return None
        return reading

    def _held(self, source: object) -> object:
        """Take what an open file holds: it can be read only once."""
        read = getattr(source, "read", None)
        if callable(read) and not isinstance(source, Path):
            with contextlib.suppress(Exception):
                data = read(self._asked.limits.max_bytes + 1)
                return data if isinstance(data, bytes) else source
        return source


def _looked_into(source: object) -> object:
    """Take what an open file holds, and leave it as it was."""
    with contextlib.suppress(Exception):
        read, seek, tell = (getattr(source, name) for name in ("read", "seek", "tell"))
        at = tell()
        data = read()
        seek(at)
        return data
    return source


def _again(reading: Reading) -> Reading:
    return replace(reading, attempts=0, seconds=0.0)


def _name(source: object) -> str:
    """Name a source for people who look into the store: no content, and no key of a link."""
    if not isinstance(source, str | Path):
        return type(source).__name__
    text = str(source).strip()
    if text[:5].lower() == "data:" or (len(text) > _LONGEST_NAME and "/" not in text[:64]):
        return f"text of {len(text)} characters"
    if "://" in text:
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:_LONGEST_NAME]
    return text
