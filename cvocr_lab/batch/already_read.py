"""Find the rows that must be read: equal pictures are read once, stored ones not again.

Pictures are compared by their SHA-256 digests, before they are read.  This is what resumes a run:
the same call with the same store reads only what is missing.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from cvocr_lab import images
from cvocr_lab.batch.parallel import Row, Task
from cvocr_lab.batch.run_arguments import RunArguments
from cvocr_lab.engines import Identity
from cvocr_lab.errors import CvocrError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.images import InputImage, public_name, selection
from cvocr_lab.results import Extraction
from cvocr_lab.store import FileStamp, Question, Store

Need = Literal["repeats", "stored", "failed", "calls"]

_LONGEST_NAME: Final = 300
_SETTLED_NS: Final = 2_000_000_000
"""On some disks, a file that changed within this time may change again with the same times."""

_LONGEST_PATH: Final = 4096
_REMEMBERED: Final = 10_000


@contextmanager
def deduplicated(
    run: RunArguments, *, remember: int | None = None, make: bool = True
) -> Iterator[Dedup]:
    """Open the store (one that does not exist only if `make`), and find the rows to be read."""
    is_there = run.store is not None and (make or run.store.exists())
    with Store(run.store) if run.store and is_there else contextlib.nullcontext() as store:
        yield Dedup(run, store, remember)


class Dedup:
    """Recognise equal pictures, within this run and among the readings of a store.

    The iterator `items` may be started in one thread and continued in another.  `keep` and
    `with_repeats` are thread-safe.

    Without a store, digests and readings are kept in memory, and at most the latest `remember` of
    the readings (None: all).
    """

    def __init__(self, run: RunArguments, store: Store | None, remember: int | None) -> None:
        self._sources, self._template = run.sources, run.template
        self._store, self._retry_failed, self._remember = store, run.retry_failed, remember
        self._digests: dict[tuple[str, FileStamp], str] = {}
        identity = Identity("") if store is None else run.engine.identity()
        # Limits that only reject pictures are left out, so that raising one keeps the readings.
        selected = selection(run.template.pages, run.template.limits)
        self._question = Question(run.template.kind, identity.name, identity.text, selected)
        self._lock = threading.Lock()
        self._pending: dict[int, tuple[bytes, tuple[str, ...], tuple[FileStamp | None, ...]]] = {}
        self._waiting: dict[bytes, list[int]] = {}
        self._read: dict[bytes, Reading] = {}

    def items(self) -> Iterator[Task | Row]:
        """Yield each row: as a task, or with its reading if there is one already.

        Rows equal to one that is being read are left out; `with_repeats` returns them later.
        """
        size = self._template.limits.max_bytes + 1
        for at, cells in enumerate(self._sources.itertuples(index=False, name=None)):
            # An open file can be read only once.
            sources = tuple(_content(cell, size) for cell in cells)
            try:
                digests, pictures, stamps = zip(*map(self._digest, sources), strict=True)
            except RowError:
                # The worker meets the same error and reports it.
                yield self._template._replace(at=at, sources=sources)
                continue
            key = self._question.key(*digests)
            with self._lock:
                if key in self._waiting:
                    self._waiting[key].append(at)
                    continue
                found = self._find(key)
                if found is None:
                    self._waiting[key] = []
                    self._pending[at] = key, digests, stamps
            if found is not None:
                yield Row(at, found)
            else:
                yield self._template._replace(at=at, sources=sources, pictures=pictures)

    def needs(self) -> Iterator[Need | RowError]:
        """Yield what each row needs, without reading it; an error for a row with no picture."""
        seen: set[bytes] = set()
        for cells in self._sources.itertuples(index=False, name=None):
            contents = (_content(cell, in_place=True) for cell in cells)
            try:
                key = self._question.key(*(self._digest(content)[0] for content in contents))
            except RowError as error:
                yield error
                continue
            failed = None if self._store is None else self._store.has_failed(key)
            if key in seen:
                yield "repeats"
            elif failed is None or (failed and self._retry_failed):
                yield "calls"
            else:
                yield "failed" if failed else "stored"
            seen.add(key)

    def seconds(self, engine: str) -> list[float]:
        """Return how many seconds the latest readings took."""
        return [] if self._store is None else self._store.seconds(self._template.kind, engine)

    def keep(self, task: Task, reading: Reading) -> None:
        """Write a reading to the store."""
        if self._store is None or task.at not in self._pending:
            return
        _, digests, stamps = self._pending[task.at]
        # If a file changed while it was read, it is unknown which bytes were read.
        if tuple(_file_stamp(self._path(source)) for source in task.sources) == stamps:
            names = tuple(_name(source) for source in task.sources)
            self._store.put(self._question, digests, names, reading)

    def with_repeats(self, row: Row) -> list[Row]:
        """Return this row and the rows that waited for the same picture."""
        with self._lock:
            if row.at not in self._pending:
                return [row]
            key = self._pending.pop(row.at)[0]
            if self._store is None:
                self._read[key] = row.reading
                if self._remember is not None and len(self._read) > self._remember:
                    del self._read[next(iter(self._read))]
            waiting = self._waiting.pop(key)
            again = _as_repeat(row.reading) if waiting else row.reading
            return [row, *(Row(at, again) for at in waiting)]

    def _find(self, key: bytes) -> Reading | None:
        if self._store is None:
            is_first, reading = False, self._read.get(key)
        else:
            is_first, reading = self._store.mark_seen(key), self._store.get(key)
        if reading is None:
            # A picture seen before but missing from the store changed while it was read.
            return None
        if not is_first:
            return _as_repeat(reading)
        if self._retry_failed and isinstance(reading.result, CvocrError):
            return None
        return reading

    def _digest(self, source: object) -> tuple[str, InputImage | None, FileStamp | None]:
        """Return the SHA-256 in hexadecimal, the picture if it was loaded for it, and the stamp.

        The stamp is that of a file before it was read.  A file counts as unchanged while its size
        and both its modification times are the same.  A URL is identified by its text, so changes
        of its content are not noticed.  Raises RowError if the source is not a picture.
        """
        path = self._path(source)
        stamp = _file_stamp(path)
        known = None if stamp is None else self._known_digest(path, stamp)
        if known is not None:
            return known, None, stamp
        task = self._template
        found = images.load(
            source, base=task.base, limits=task.limits, fetch=task.fetch, decode=False
        )
        if stamp and time.time_ns() - max(stamp.changed_ns, stamp.status_changed_ns) > _SETTLED_NS:
            self._keep_digest(path, stamp, found.sha256)
        return found.sha256, None if found.pages else found, stamp

    def _path(self, source: object) -> str:
        """Return the absolute path of a source that may be a file, else ""."""
        text = str(source) if isinstance(source, Path) else source
        if not isinstance(text, str) or len(text) > _LONGEST_PATH or "://" in text:
            return ""
        expanded = os.path.expanduser(text.strip())  # noqa: PTH111 - faster than Path
        return os.path.abspath(os.path.join(self._template.base or "", expanded))  # noqa: PTH100, PTH118 - faster

    def _known_digest(self, path: str, stamp: FileStamp) -> str | None:
        if self._store is not None:
            return self._store.file_digest(path, stamp)
        return self._digests.get((path, stamp))

    def _keep_digest(self, path: str, stamp: FileStamp, sha256: str) -> None:
        if self._store is not None:
            self._store.remember_digest(path, stamp, sha256)
            return
        if len(self._digests) >= _REMEMBERED:
            self._digests.clear()
        self._digests[path, stamp] = sha256


def _content(source: Any, size: int = -1, *, in_place: bool = False) -> object:
    """Read an open file, `in_place` without moving it; return anything else unchanged."""
    if isinstance(source, str | bytes):  # most sources
        return source
    with contextlib.suppress(Exception):
        read = source.read
        at = source.tell() if in_place else 0
        data = read(size)
        if in_place:
            source.seek(at)
        return data if isinstance(data, bytes) else source
    return source


def _as_repeat(reading: Reading) -> Reading:
    """Return the reading for an equal source: no attempts, no time and no cost."""
    result = reading.result
    if isinstance(result, Extraction):
        result = replace(result, usage=None)
    elif isinstance(result, RowError) and result.usage is not None:
        attributes = vars(result) | {"usage": None}
        result = copy(result)
        # If Dask has been imported, the copy of an exception shares its attributes.
        result.__dict__ = attributes
    return replace(reading, result=result, attempts=0, seconds=0.0)


def _name(source: object) -> str:
    """Name a source for people who inspect the store, without content or keys of a link."""
    if not isinstance(source, str | Path):
        return type(source).__name__
    text = str(source).strip()
    if text[:5].lower() == "data:" or (len(text) > _LONGEST_NAME and "/" not in text[:64]):
        return f"text of {len(text)} characters"
    return public_name(text) if "://" in text else text


def _file_stamp(path: str) -> FileStamp | None:
    """Return the size and times of a regular file; None if there is none."""
    try:
        found = os.stat(path) if path else None  # noqa: PTH116 - faster than Path
    except (OSError, ValueError):
        return None
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
