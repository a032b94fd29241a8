"""The SQLite database of readings behind ``store=`` and `CachedEngine`."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple, Self

from cvocr_lab.errors import ArgumentError, CvocrError, caller_stacklevel
from cvocr_lab.files import escaped
from cvocr_lab.frames import Reading
from cvocr_lab.store import codec
from cvocr_lab.store.connection import connect, explained, transaction

_SYNC_S: Final = 0.05
"""Each reading is written at once, but forced to the disk at most this often."""

_ASK: Final = """
INSERT OR IGNORE INTO questions (sha256, kind, engine, identity) VALUES (?, ?, ?, ?)
"""
# Later results replace failures, never successes.
_PUT: Final = """
INSERT INTO readings
    (key, question, pictures, front, back, error, result, engine, attempts, seconds)
VALUES (?, (SELECT id FROM questions WHERE sha256 = ?), ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    error = excluded.error, result = excluded.result, engine = excluded.engine,
    attempts = excluded.attempts, seconds = excluded.seconds, stored_at = CURRENT_TIMESTAMP
WHERE readings.error IS NOT NULL
"""


_READINGS: Final = "readings JOIN questions ON questions.id = question"


class StoreWarning(UserWarning):
    """A row of a store is damaged and will be read again."""


class FileStamp(NamedTuple):
    """Size in bytes and the two modification times (mtime, ctime) of a file."""

    size: int
    changed_ns: int
    status_changed_ns: int


class StoredReading(NamedTuple):
    """A reading in a store.

    `pictures` are the hexadecimal SHA-256 digests of the pictures, and `names` the paths or URLs
    under which they were read.
    """

    pictures: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    engine: str
    reading: Reading


@dataclass(frozen=True)
class Question:
    """What was asked of a picture: together with the picture's digest, the key of a reading."""

    kind: str
    engine: str
    """The engine's name and version."""

    identity: str
    """Everything about the engine that affects its answers, as text."""

    selection: str = ""
    """The pages and the decoding limits; see `cvocr_lab.images.selection`."""

    @cached_property
    def sha256(self) -> bytes:
        """The digest of the question."""
        parts = (self.kind, self.identity, self.selection)
        return hashlib.sha256(json.dumps(parts).encode()).digest()

    def key(self, *pictures: str) -> bytes:
        """Return the key of the question about pictures with these SHA-256 digests."""
        return hashlib.sha256(self.sha256 + bytes.fromhex("".join(pictures))).digest()


class Store:
    """Keep readings, and digests of files, on disk, in a file of mode 0600.

    Any number of threads and processes of one machine may use a store at the same time.  It must
    not be on a network file system, where SQLite's locks do not work.

    With ``keep_open=False``, each call opens its own connection, so that the store can be pickled
    and used after a fork.

    Raises ArgumentError if the file cannot be opened, is not a store, or does not exist and `make`
    is False; BatchError if it is locked, or the disk is full.
    """

    _synced = 0.0
    _syncs: bool | None = None
    _files: list[tuple[object, ...]]
    _connection: sqlite3.Connection | None

    def __init__(
        self, path: str | PathLike[str], *, make: bool = True, keep_open: bool = True
    ) -> None:
        self.path = Path(path).absolute()
        self._forget()
        if not make and not self.path.is_file():
            raise ArgumentError(f"no such store: {self.path}")
        # A store of another user, or on a read-only disk, can still be read.
        self._read_only = self.path.exists() and not os.access(self.path, os.W_OK)
        connection = connect(self.path, read_only=self._read_only)
        if keep_open:
            self._connection = connection
        else:
            connection.close()

    def get(self, key: bytes) -> Reading | None:
        """Return the reading with this key, or None.

        A damaged row is deleted with a `StoreWarning`, and treated as missing.
        """
        query = "SELECT result, engine, attempts, seconds FROM readings WHERE key = ?"
        with self._connected() as connection:
            row = connection.execute(query, (key,)).fetchone()
            try:
                return None if row is None else _reading(*row)
            except ValueError:
                if not self._read_only:
                    connection.execute("DELETE FROM readings WHERE key = ?", (key,))
        _warn_of_damage(self.path)
        return None

    def has_failed(self, key: bytes) -> bool | None:
        """Return whether the reading with this key is a failure; None if there is none."""
        row = self._first("SELECT error IS NOT NULL FROM readings WHERE key = ?", key)
        return None if row is None else bool(row[0])

    def put(
        self, question: Question, pictures: tuple[str, ...], names: tuple[str, ...],
        reading: Reading,
    ) -> None:  # fmt: skip
        """Write one reading, so that it survives the death of the process.

        `pictures` are the hexadecimal SHA-256 digests of the one or two pictures, and `names`
        their paths or URLs.
        """
        result = reading.result
        error = type(result).__name__ if isinstance(result, CvocrError) else None
        front, back = (*map(escaped, names), None)[:2]
        seconds = reading.seconds if reading.seconds == reading.seconds else None
        about = (error, codec.dump(result), escaped(reading.engine), reading.attempts, seconds)
        key = question.key(*pictures)
        with self._connected() as connection:
            sync = monotonic() - self._synced >= _SYNC_S
            # Other connections do not know what was set or asked before.
            is_new = self._connection is None
            if is_new or sync != self._syncs:
                connection.execute(f"PRAGMA synchronous={'FULL' if sync else 'NORMAL'}")
                self._syncs = sync
            with transaction(connection):
                if is_new or question.sha256 not in self._asked:
                    asked = (question.kind, question.engine, question.identity)
                    connection.execute(_ASK, (question.sha256, *asked))
                row = (key, question.sha256, " ".join(pictures), front, back, *about)
                connection.execute(_PUT, row)
                self._write_files(connection)
            self._asked.add(question.sha256)
            if sync:
                self._synced = monotonic()

    def engines(self) -> list[tuple[str, str]]:
        """Return the name and the identity of each engine with readings in the store."""
        with self._connected() as connection:
            query = f"SELECT DISTINCT questions.engine, identity FROM {_READINGS}"
            return list(connection.execute(query))

    def count(self, identity: str) -> int:
        """Return the number of readings of one engine."""
        query = f"SELECT count(*) FROM {_READINGS} WHERE identity = ?"
        return int(self._first(query, identity)[0])

    def mark_seen(self, key: bytes) -> bool:
        """Record that this run has seen `key`; return whether it is the first time."""
        with self._connected() as connection:
            # In a temporary table, since a set of a million keys would take much memory.
            done = connection.execute("INSERT OR IGNORE INTO temp.seen VALUES (?)", (key,))
            return done.rowcount == 1

    def file_digest(self, path: str, stamp: FileStamp) -> str | None:
        """Return the SHA-256 of a file in hexadecimal; None if unknown, or the file has changed."""
        query = "SELECT size, changed_ns, status_changed_ns, sha256 FROM files WHERE path = ?"
        row = self._first(query, escaped(path))
        if not row or FileStamp(*row[:3]) != stamp:
            return None
        return row[3].hex() if isinstance(row[3], bytes) and len(row[3]) == 32 else None

    def remember_digest(self, path: str, stamp: FileStamp, sha256: str) -> None:
        """Remember the digest of a file; it is written to disk with the next reading."""
        with self._lock:
            self._files.append((escaped(path), *stamp, bytes.fromhex(sha256)))

    def seconds(self, kind: str, engine: str) -> list[float]:
        """Return how many seconds the latest successes of this kind and engine took."""
        query = (
            f"SELECT seconds FROM {_READINGS}"
            " WHERE kind = ? AND questions.engine = ? AND error IS NULL"
            " AND typeof(seconds) = 'real' ORDER BY readings.id DESC LIMIT 500"
        )
        with self._connected() as connection:
            return [float(row[0]) for row in connection.execute(query, (kind, engine))]

    def readings(
        self, *, kind: str | None = None, engine: str | None = None, identity: str | None = None
    ) -> Generator[StoredReading]:
        """Yield the readings of this kind, engine and identity (None: of all), oldest first.

        Damaged rows are left out with a `StoreWarning`.
        """
        query = (
            "SELECT pictures, front, back, kind, questions.engine,"
            f" result, readings.engine, attempts, seconds FROM {_READINGS}"
            " WHERE kind = coalesce(?, kind) AND questions.engine = coalesce(?, questions.engine)"
            " AND identity = coalesce(?, identity) ORDER BY readings.id"
        )
        with self._connected() as connection:
            for pictures, front, back, asked, of, *about in connection.execute(
                query, (kind, engine, identity)
            ):
                names = (front,) if back is None else (front, back)
                try:
                    reading = _reading(*about)
                    for text in (pictures, asked, of, *names):
                        if not isinstance(text, str):
                            raise ValueError("wrong type")
                        text.encode()
                except ValueError:
                    _warn_of_damage(self.path)
                    continue
                yield StoredReading(tuple(pictures.split()), names, asked, of, reading)

    def close(self) -> None:
        """Force everything to the disk, and close the file."""
        with self._lock:
            if self._connection is None:
                return
            with closing(self._connection) as connection, suppress(sqlite3.Error):
                connection.execute("PRAGMA synchronous=FULL")
                with transaction(connection):
                    self._write_files(connection)
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _first(self, query: str, *parameters: object) -> Any:
        """Return the first row of the result of a query, or None."""
        with self._connected() as connection:
            return connection.execute(query, parameters).fetchone()

    def _write_files(self, connection: sqlite3.Connection) -> None:
        files, self._files = self._files, []
        if files:
            connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", files)

    def __getstate__(self) -> dict[str, object]:
        """Pickle the path only: the copy opens a connection for each call."""
        return {"path": self.path, "_read_only": self._read_only}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        """Start without a connection."""
        self._lock = threading.RLock()
        self._asked: set[bytes] = set()
        self._files = []
        self._connection = None

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Use the open connection, or open one for this call."""
        with self._lock:
            # Not `explaining`: each row of a run comes here several times.
            try:
                if self._connection is not None:
                    yield self._connection
                else:
                    with closing(connect(self.path, read_only=self._read_only)) as connection:
                        yield connection
            except sqlite3.Error as error:
                raise explained(error, self.path) from None


def _reading(result: object, engine: object, attempts: object, seconds: object) -> Reading:
    """Decode a row; a damaged one is a ValueError."""
    if not (isinstance(result, str) and isinstance(engine, str) and isinstance(attempts, int)):
        raise ValueError("wrong type")
    if seconds is not None and not isinstance(seconds, int | float):
        raise ValueError("wrong type")
    taken = float("nan") if seconds is None else float(seconds)
    return Reading(codec.load(result), engine, attempts, taken)


def _warn_of_damage(path: Path) -> None:
    warnings.warn(
        f"a row of the store {path} is damaged and will be read again",
        StoreWarning,
        stacklevel=caller_stacklevel(),
    )
