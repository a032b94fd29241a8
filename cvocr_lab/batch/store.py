"""The file of a run that can be taken up again: SQLite, readable by its owner alone.

A reading is found again by what was asked: the bytes of the pictures, the kind, the engine's name
and version, its options, the pages.  A file's bytes are known by its digest, and its digest by
its size and times, so that an unchanged file is not read again to know it.

Corrections made by people are not here and never were: they stand in the journal of a review, and
reading again touches no journal.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from os import PathLike
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, NamedTuple, Self

from cvocr_lab.batch import plain
from cvocr_lab.errors import ArgumentError, BatchError, CvocrError
from cvocr_lab.frames import Reading

_APPLICATION: Final = 0x63766F72  # "cvor"
_VERSION: Final = 1
_WAIT_S: Final = 60.0
_SYNC_S: Final = 0.05
"""Readings that come faster than this are written at once, but forced to the disk together."""

_TABLES: Final = """
CREATE TABLE questions (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    engine TEXT NOT NULL
);
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    question INTEGER NOT NULL REFERENCES questions (id),
    front TEXT NOT NULL,
    back TEXT,
    error TEXT,
    result TEXT NOT NULL,
    engine TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    seconds REAL,
    stored_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,
    changed_here_ns INTEGER NOT NULL,
    sha256 BLOB NOT NULL
) WITHOUT ROWID;
"""
# A failure gives way to any later reading, a success to none.
_PUT: Final = """
INSERT INTO readings (key, question, front, back, error, result, engine, attempts, seconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    error = excluded.error, result = excluded.result, engine = excluded.engine,
    attempts = excluded.attempts, seconds = excluded.seconds, stored_at = CURRENT_TIMESTAMP
WHERE readings.error IS NOT NULL
"""


class Stamp(NamedTuple):
    """What tells that a file changed: its size in bytes, and its two times of change."""

    size: int
    changed_ns: int
    changed_here_ns: int


class Kept(NamedTuple):
    """A reading as it stands in a store, with the names of what was read."""

    names: tuple[str, ...]
    reading: Reading


class Store:
    """Readings and digests of files on disk.

    Any number of threads and processes of one machine may use one store at a time.

    Parameters
    ----------
    path
        The file.
    make
        Whether to make it where it is not there.

    Raises
    ------
    ArgumentError
        It cannot be made or opened, or is another file.
    """

    def __init__(self, path: str | PathLike[str], *, make: bool = True) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._synced = 0.0
        self._forces: bool | None = None
        self._files: list[tuple[object, ...]] = []
        if not make and not self.path.is_file():
            raise ArgumentError(f"no such store: {self.path}")
        try:
            # SQLite gives -wal and -shm the mode of the file itself.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            kind = type(error).__name__
            raise ArgumentError(
                f"the store {self.path} cannot be written ({kind}): check its folder"
            ) from None
        try:
            self._connection: sqlite3.Connection | None = self._connect()
        except sqlite3.DatabaseError as error:
            raise ArgumentError(f"{self.path} is no store ({error}): give another path") from None
        with suppress(OSError):
            self.path.chmod(0o600)

    def get(self, key: bytes) -> Reading | None:
        """Find the reading of what has this key."""
        query = "SELECT result, engine, attempts, seconds FROM readings WHERE key = ?"
        with self._using() as connection:
            row = connection.execute(query, (key,)).fetchone()
        return None if row is None else _reading(*row)

    def failed(self, key: bytes) -> bool | None:
        """Tell whether what has this key failed; None where it was not read."""
        query = "SELECT error IS NOT NULL FROM readings WHERE key = ?"
        with self._using() as connection:
            row = connection.execute(query, (key,)).fetchone()
        return None if row is None else bool(row[0])

    def put(self, key: bytes, question: int, names: tuple[str, ...], reading: Reading) -> None:
        """Keep one reading, written when this returns: a killed process does not lose it.

        Raises
        ------
        BatchError
            It cannot be written: the disk is full, the file is locked.
        """
        result = reading.result
        failure = type(result).__name__ if isinstance(result, CvocrError) else None
        seconds = None if reading.seconds != reading.seconds else reading.seconds
        about = (failure, plain.dump(result), reading.engine, reading.attempts, seconds)
        front, back = (*names, None)[:2]
        with self._using() as connection:
            now = monotonic()
            due = now - self._synced >= _SYNC_S
            if due != self._forces:
                connection.execute(f"PRAGMA synchronous={'FULL' if due else 'NORMAL'}")
                self._forces = due
            with _transaction(connection):
                connection.execute(_PUT, (key, question, front, back, *about))
                self._write_files(connection)
            if due:
                self._synced = monotonic()

    def question(self, sha256: bytes, kind: str, engine: str) -> int:
        """Number what is asked of every picture of a run."""
        with self._using() as connection, _transaction(connection):
            connection.execute(
                "INSERT OR IGNORE INTO questions (sha256, kind, engine) VALUES (?, ?, ?)",
                (sha256, kind, engine),
            )
            found = connection.execute("SELECT id FROM questions WHERE sha256 = ?", (sha256,))
            return int(found.fetchone()[0])

    def meet(self, key: bytes) -> bool:
        """Note that this run met `key`; tell whether for the first time."""
        with self._using() as connection:
            # On disk, beside the file: a set of a million keys would be memory.
            done = connection.execute("INSERT OR IGNORE INTO temp.met VALUES (?)", (key,))
            return done.rowcount == 1

    def digest(self, path: str, stamp: Stamp) -> bytes | None:
        """Give the digest of a file that has not changed since it was taken."""
        query = "SELECT size, changed_ns, changed_here_ns, sha256 FROM files WHERE path = ?"
        with self._using() as connection:
            row = connection.execute(query, (path,)).fetchone()
        return row[3] if row and Stamp(*row[:3]) == stamp else None

    def note(self, path: str, stamp: Stamp, sha256: bytes) -> None:
        """Note the digest of a file; written with the next reading."""
        with self._lock:
            self._files.append((path, *stamp, sha256))

    def seconds(self, kind: str, engine: str) -> list[float]:
        """Give how long the latest successful readings of this kind and engine took."""
        query = (
            "SELECT seconds FROM readings JOIN questions ON questions.id = question"
            " WHERE kind = ? AND questions.engine = ? AND error IS NULL AND seconds IS NOT NULL"
            " ORDER BY readings.id DESC LIMIT 500"
        )
        with self._using() as connection:
            return [float(row[0]) for row in connection.execute(query, (kind, engine))]

    def readings(self, kind: str | None = None, engine: str | None = None) -> Generator[Kept]:
        """Give the readings of this kind and engine, of all for None, oldest first."""
        query = (
            "SELECT front, back, result, readings.engine, attempts, seconds"
            " FROM readings JOIN questions ON questions.id = question"
            " WHERE kind = coalesce(?, kind) AND questions.engine = coalesce(?, questions.engine)"
            " ORDER BY readings.id"
        )
        with self._using() as connection:
            for front, back, *about in connection.execute(query, (kind, engine)):
                yield Kept((front,) if back is None else (front, back), _reading(*about))

    def close(self) -> None:
        """Force all to the disk and let go of the file."""
        with self._lock:
            if self._connection is None:
                return
            with closing(self._connection) as connection, suppress(sqlite3.Error):
                connection.execute("PRAGMA synchronous=FULL")
                with _transaction(connection):
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

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Take the connection; a call that outlived an interrupted run gets one for its answer."""
        with self._lock:
            try:
                if self._connection is not None:
                    yield self._connection
                else:
                    with closing(self._connect()) as connection:
                        yield connection
            except sqlite3.Error as error:
                raise BatchError(
                    f"the store {self.path} cannot be used ({error}): mend that and call again; "
                    "what is in it is not read again"
                ) from None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._check(connection)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA temp.journal_mode=OFF")
            connection.execute("CREATE TEMP TABLE met (key BLOB PRIMARY KEY) WITHOUT ROWID")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        with _transaction(connection):
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES.split(";")[:-1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id={_APPLICATION}")
                connection.execute(f"PRAGMA user_version={_VERSION}")
            elif application != _APPLICATION:
                raise ArgumentError(f"{self.path} is no store of readings: give another path")
            elif version != _VERSION:
                raise ArgumentError(
                    f"{self.path} was written by another version of cvocr_lab: use that one, or "
                    "give another path"
                )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _reading(result: str, engine: str, attempts: int, seconds: float | None) -> Reading:
    return Reading(
        plain.load(result),
        engine=engine,
        attempts=attempts,
        seconds=float("nan") if seconds is None else seconds,
    )
