"""The file of `CachedEngine`: SQLite, shared by threads and processes, readable by its owner."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from cvocr_lab.errors import ArgumentError

_APPLICATION = 0x63766F63  # "cvoc"
_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    images TEXT NOT NULL,
    kind TEXT NOT NULL,
    engine TEXT NOT NULL,
    options TEXT NOT NULL,
    answer TEXT NOT NULL,
    stored_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""
_WAIT_S = 60.0


class Row(NamedTuple):
    """One stored answer, all texts; `images`, `options` and `answer` are JSON."""

    images: str
    kind: str
    engine: str
    options: str
    answer: str


class Store:
    """Answers by key.

    Parameters
    ----------
    path
        The file.
    make
        Whether to make it when it is not there.

    Raises
    ------
    ArgumentError
        It is not there, or not such a file.
    """

    def __init__(self, path: str | PathLike[str], *, make: bool) -> None:
        self.path = Path(path).absolute()
        if not make and not self.path.is_file():
            raise ArgumentError(f"no such file of answers: {self.path}")
        try:
            # SQLite gives -wal and -shm the mode of the file itself.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            kind = type(error).__name__
            raise ArgumentError(f"{self.path} cannot be written ({kind}): check path") from None
        try:
            with self._connection() as connection:
                self._check(connection)
            with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as plain:
                plain.execute("PRAGMA journal_mode=WAL")  # stays with the file
            with self._connection() as connection:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA application_id={_APPLICATION}")
                connection.execute(f"PRAGMA user_version={_VERSION}")
        except sqlite3.DatabaseError as error:
            raise ArgumentError(f"{self.path} is no file of answers ({error})") from None

    def _check(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application != _APPLICATION:
            raise ArgumentError(f"{self.path} is no file of answers: give another path")
        if version > _VERSION:
            raise ArgumentError(f"{self.path} was written by a newer cvocr_lab: update it")

    def get(self, key: str) -> str | None:
        """The answer stored under `key`."""
        with self._connection() as connection:
            found = connection.execute("SELECT answer FROM answers WHERE key = ?", (key,))
            row = found.fetchone()
        return None if row is None else str(row[0])

    def put(self, key: str, row: Row) -> None:
        """Store one answer; on disk when this returns."""
        with self._connection() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answers (key, images, kind, engine, options, answer)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (key, *row),
            )

    def engines(self) -> list[tuple[str, str]]:
        """Engines that answered, each with its options."""
        with self._connection() as connection:
            return list(connection.execute("SELECT DISTINCT engine, options FROM answers"))

    def rows(self, engine: str, options: str) -> Iterator[Row]:
        """Answers of one engine, oldest first."""
        with self._connection() as connection:
            found = connection.execute(
                "SELECT images, kind, engine, options, answer FROM answers"
                " WHERE engine = ? AND options = ? ORDER BY rowid",
                (engine, options),
            )
            for row in found:
                yield Row(*row)

    def count(self, engine: str, options: str) -> int:
        """How many answers of one engine there are."""
        with self._connection() as connection:
            question = "SELECT count(*) FROM answers WHERE engine = ? AND options = ?"
            return int(connection.execute(question, (engine, options)).fetchone()[0])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own: one cannot be shared by threads, nor taken through a fork."""
        with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as connection:
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                yield connection
