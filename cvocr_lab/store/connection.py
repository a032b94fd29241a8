"""How the SQLite file of a store is opened, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from cvocr_lab.errors import ArgumentError, BatchError

_APPLICATION: Final = 0x63766F72  # "cvor"
_VERSION: Final = 2
_WAIT_S: Final = 60.0
_AGAIN_S: Final = 0.01

_TABLES: Final = """
CREATE TABLE questions (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    engine TEXT NOT NULL,
    identity TEXT NOT NULL
);
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    question INTEGER NOT NULL REFERENCES questions (id),
    pictures TEXT NOT NULL,
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


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file; make its tables where it is empty.

    Raises
    ------
    ArgumentError
        It is something else, or of another version.
    sqlite3.Error
        It cannot be opened.
    """
    address = path.as_uri()
    if read_only:
        # Without write access SQLite cannot make the files that it shares between readers.
        address += "?mode=ro&immutable=1"
    connection = sqlite3.connect(
        address, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, uri=True
    )
    # Damaged text must reach the codec, which recognises it, instead of failing here.
    connection.text_factory = _decoded
    try:
        _check(connection, path)
        if not read_only:
            _use_wal(connection)
        connection.execute("PRAGMA temp.journal_mode=OFF")
        connection.execute("CREATE TEMP TABLE met (key BLOB PRIMARY KEY) WITHOUT ROWID")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    # Where others open a new file at the same time, SQLite refuses this without waiting.
    due = monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() > due:
                raise
        sleep(_AGAIN_S)


def _is_busy(error: sqlite3.Error) -> bool:
    code: str = getattr(error, "sqlite_errorname", "")
    return code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) == (_APPLICATION, _VERSION):
        return
    with transaction(connection):  # nobody else makes the tables meanwhile
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";")[:-1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={_APPLICATION}")
            connection.execute(f"PRAGMA user_version={_VERSION}")
        elif application != _APPLICATION:
            raise ArgumentError(f"{path} is no store of readings: give another path")
        elif version != _VERSION:
            raise ArgumentError(
                f"{path} was written by another version of cvocr_lab: use that one, or "
                "give another path"
            )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Make errors of SQLite errors of ours, which say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _told(error, path) from None


def _told(error: sqlite3.Error, path: Path) -> BatchError:
    code = getattr(error, "sqlite_errorname", "")
    kept = "call again then; what is in it is not read again"
    if _is_busy(error):
        return BatchError(
            f"the store {path} is locked by another program for more than {_WAIT_S:.0f} s:"
            f" wait for that one or end it; {kept}"
        )
    if code == "SQLITE_FULL" or "disk is full" in str(error):
        return BatchError(f"no space left for the store {path}: make room; {kept}")
    if code in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return ArgumentError(f"{path} is no store, or is damaged ({error}): give another path")
    return BatchError(f"the store {path} cannot be used ({error}): correct that; {kept}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything in the block, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
