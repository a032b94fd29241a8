"""The SQLite file that keeps readings: what `store=` and `CachedEngine` write and read."""

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
from functools import lru_cache
from os import PathLike
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, NamedTuple, Self

from cvocr_lab.errors import ArgumentError, CvocrError, outside
from cvocr_lab.files import escaped, make_private
from cvocr_lab.frames import Reading
from cvocr_lab.store import codec
from cvocr_lab.store.connection import connect, transaction, translated

_SYNC_S: Final = 0.05
"""Readings that come faster than this are written at once, but forced to the disk together."""

# Later results replace failures, never successes.
_PUT: Final = """
INSERT INTO readings
    (key, question, pictures, front, back, error, result, engine, attempts, seconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    error = excluded.error, result = excluded.result, engine = excluded.engine,
    attempts = excluded.attempts, seconds = excluded.seconds, stored_at = CURRENT_TIMESTAMP
WHERE readings.error IS NOT NULL
"""


class StoreWarning(UserWarning):
    """A row of a store is damaged; it is read again."""


class Stamp(NamedTuple):
    """Size in bytes and the two modification times of a file: different after a change."""

    size: int
    changed_ns: int
    changed_here_ns: int


class Stored(NamedTuple):
    """A reading as it stands in a store.

    `pictures` are the hexadecimal SHA-256 digests of what was read, `names` the paths or URLs it
    had then.
    """

    pictures: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    engine: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of a picture; readings are found again by it and the picture's bytes.

    Parameters
    ----------
    kind
        A name of `cvocr_lab.kinds.REQUESTS`.
    engine
        The engine's name and version.
    identity
        Everything about the engine that changes its answers, as text.
    selection
        Which part of the picture was read, see `cvocr_lab.images.selection`.
    """

    kind: str
    engine: str
    identity: str
    selection: str = ""

    def sha256(self) -> bytes:
        """Give the digest of the question."""
        return _question_digest(self.kind, self.identity, self.selection)

    def key(self, *pictures: str) -> bytes:
        """Give the key of the question about these pictures, known by their SHA-256."""
        digests = (bytes.fromhex(picture) for picture in pictures)
        return hashlib.sha256(b"".join((self.sha256(), *digests))).digest()


@lru_cache(maxsize=64)
def _question_digest(*parts: str) -> bytes:
    return hashlib.sha256(json.dumps(parts).encode()).digest()


class Store:
    """Readings and digests of files on disk.

    Any number of threads and processes of one machine may use one store at a time.  Not over a
    network file system: SQLite's locks do not hold there.

    Parameters
    ----------
    path
        The file, made with mode 0600.
    make
        Whether to make the file when it does not exist.
    stays_open
        Whether to keep one connection until `close`.  Without it each call opens its own, so that
        the store can be pickled and used after a fork.

    Raises
    ------
    ArgumentError
        The file cannot be made or opened, or is something else.
    BatchError
        It is locked, or the disk is full.
    """

    def __init__(
        self, path: str | PathLike[str], *, make: bool = True, stays_open: bool = True
    ) -> None:
        self.path = Path(path).absolute()
        self._lock: threading.RLock = threading.RLock()
        self._synced = 0.0
        self._files: list[tuple[object, ...]] = []
        self._connection: sqlite3.Connection | None = None
        if not make and not self.path.is_file():
            raise ArgumentError(f"no such store: {self.path}")
        # Somebody else's store, or one on a read-only disk, can still be read.
        self._read_only = self.path.exists() and not os.access(self.path, os.W_OK)
        if not self._read_only:
            try:
                # SQLite gives new -wal and -shm files the mode of the file itself.
                make_private(self.path, "-wal", "-shm", "-journal")
            except OSError as error:
                kind = type(error).__name__
                raise ArgumentError(
                    f"the store {self.path} cannot be written ({kind}): check its folder and owner"
                ) from None
        with translated(self.path):
            connection = connect(self.path, read_only=self._read_only)
        if stays_open:
            self._connection = connection
        else:
            connection.close()

    def get(self, key: bytes) -> Reading | None:
        """Find the reading with this key.

        Warns
        -----
        StoreWarning
            The row is damaged.  It is deleted, and counts as not read.
        """
        query = "SELECT result, engine, attempts, seconds FROM readings WHERE key = ?"
        with self._using() as connection:
            row = connection.execute(query, (key,)).fetchone()
            try:
                return None if row is None else _reading(*row)
            except ValueError:
                if not self._read_only:
                    connection.execute("DELETE FROM readings WHERE key = ?", (key,))
        _warn_of_damage(self.path)
        return None

    def failed(self, key: bytes) -> bool | None:
        """Tell whether the reading with this key failed; None when there is none."""
        query = "SELECT error IS NOT NULL FROM readings WHERE key = ?"
        with self._using() as connection:
            row = connection.execute(query, (key,)).fetchone()
        return None if row is None else bool(row[0])

    def put(
        self,
        question: Question,
        pictures: tuple[str, ...],
        names: tuple[str, ...],
        reading: Reading,
    ) -> None:
        """Keep one reading; written when this returns: a killed process does not lose it.

        Parameters
        ----------
        question
            What was asked.
        pictures
            SHA-256 of the one or two pictures, hexadecimal.
        names
            Their paths or URLs.
        reading
            What came of it.

        Raises
        ------
        BatchError
            It cannot be written: the disk is full, or the file is locked.
        """
        result = reading.result
        error = type(result).__name__ if isinstance(result, CvocrError) else None
        front, back = (*map(escaped, names), None)[:2]
        seconds = reading.seconds if reading.seconds == reading.seconds else None
        about = (error, codec.dump(result), escaped(reading.engine), reading.attempts, seconds)
        key = question.key(*pictures)
        with self._using() as connection:
            due = monotonic() - self._synced >= _SYNC_S
            connection.execute(f"PRAGMA synchronous={'FULL' if due else 'NORMAL'}")
            with transaction(connection):
                number = self._number(connection, question)
                row = (key, number, " ".join(pictures), front, back, *about)
                connection.execute(_PUT, row)
                self._write_files(connection)
            if due:
                self._synced = monotonic()

    def _number(self, connection: sqlite3.Connection, question: Question) -> int:
        row = (question.sha256(), question.kind, question.engine, question.identity)
        find = "SELECT id FROM questions WHERE sha256 = ?"
        found = connection.execute(find, row[:1]).fetchone()
        if found is None:
            connection.execute(
                "INSERT INTO questions (sha256, kind, engine, identity) VALUES (?, ?, ?, ?)", row
            )
            found = connection.execute(find, row[:1]).fetchone()
        return int(found[0])

    def engines(self) -> list[tuple[str, str]]:
        """List the engines whose readings there are: name and identity."""
        query = (
            "SELECT DISTINCT questions.engine, identity FROM questions"
            " JOIN readings ON questions.id = question"
        )
        with self._using() as connection:
            return list(connection.execute(query))

    def count(self, identity: str) -> int:
        """Count the readings of one engine."""
        query = (
            "SELECT count(*) FROM readings JOIN questions ON questions.id = question"
            " WHERE identity = ?"
        )
        with self._using() as connection:
            return int(connection.execute(query, (identity,)).fetchone()[0])

    def meet(self, key: bytes) -> bool:
        """Note that this run came across `key`; tell whether for the first time."""
        with self._using() as connection:
            # On disk, beside the file: a set of a million keys would be memory.
            done = connection.execute("INSERT OR IGNORE INTO temp.met VALUES (?)", (key,))
            return done.rowcount == 1

    def digest(self, path: str, stamp: Stamp) -> bytes | None:
        """Give the digest of a file that has not changed since it was taken."""
        query = "SELECT size, changed_ns, changed_here_ns, sha256 FROM files WHERE path = ?"
        with self._using() as connection:
            row = connection.execute(query, (escaped(path),)).fetchone()
        if not row or Stamp(*row[:3]) != stamp:
            return None
        return row[3] if isinstance(row[3], bytes) and len(row[3]) == 32 else None

    def note(self, path: str, stamp: Stamp, sha256: bytes) -> None:
        """Note the digest of a file; written with the next reading."""
        with self._lock:
            self._files.append((escaped(path), *stamp, sha256))

    def seconds(self, kind: str, engine: str) -> list[float]:
        """Give how long the latest successful readings of this kind and engine took."""
        query = (
            "SELECT seconds FROM readings JOIN questions ON questions.id = question"
            " WHERE kind = ? AND questions.engine = ? AND error IS NULL"
            " AND typeof(seconds) = 'real' ORDER BY readings.id DESC LIMIT 500"
        )
        with self._using() as connection:
            return [float(row[0]) for row in connection.execute(query, (kind, engine))]

    def readings(
        self, *, kind: str | None = None, engine: str | None = None, identity: str | None = None
    ) -> Generator[Stored]:
        """Give the readings of this kind, engine and identity (None: of all), oldest first.

        Warns
        -----
        StoreWarning
            A row is damaged; it is left out.
        """
        query = (
            "SELECT pictures, front, back, kind, questions.engine,"
            " result, readings.engine, attempts, seconds"
            " FROM readings JOIN questions ON questions.id = question"
            " WHERE kind = coalesce(?, kind) AND questions.engine = coalesce(?, questions.engine)"
            " AND identity = coalesce(?, identity) ORDER BY readings.id"
        )
        with self._using() as connection:
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
                yield Stored(tuple(pictures.split()), names, asked, of, reading)

    def close(self) -> None:
        """Force everything to the disk and close the file."""
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write_files(self, connection: sqlite3.Connection) -> None:
        files, self._files = self._files, []
        connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", files)

    def __getstate__(self) -> dict[str, object]:
        """Pickle by path: the copy opens a connection for each call."""
        return {"path": self.path, "_read_only": self._read_only}

    def __setstate__(self, state: dict[str, object]) -> None:
        fresh = {"_lock": threading.RLock(), "_synced": 0.0, "_files": [], "_connection": None}
        self.__dict__.update(state, **fresh)

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Use the open connection, or one of its own for this call."""
        with self._lock, translated(self.path):
            if self._connection is not None:
                yield self._connection
            else:
                with closing(connect(self.path, read_only=self._read_only)) as connection:
                    yield connection


def _reading(result: object, engine: object, attempts: object, seconds: object) -> Reading:
    """Decode a row.

    Raises
    ------
    ValueError
        It is damaged.
    """
    if not (isinstance(result, str) and isinstance(engine, str) and isinstance(attempts, int)):
        raise ValueError("wrong type")
    if seconds is not None and not isinstance(seconds, int | float):
        raise ValueError("wrong type")
    return Reading(
        codec.load(result),
        engine=engine,
        attempts=attempts,
        seconds=float("nan") if seconds is None else float(seconds),
    )


def _warn_of_damage(path: Path) -> None:
    warnings.warn(
        f"a row of the store {path} is damaged and counts as not read",
        StoreWarning,
        stacklevel=outside(),
    )
