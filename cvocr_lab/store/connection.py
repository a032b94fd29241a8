"""Open the SQLite file of a store, and translate SQLite's errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.files import make_private

_APPLICATION: Final = 0x63766F72  # "cvor"
_VERSION: Final = 2
_WAIT_S: Final = 60.0
_RETRY_S: Final = 0.01

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
    status_changed_ns INTEGER NOT NULL,
    sha256 BLOB NOT NULL
) WITHOUT ROWID;
"""


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file, and create the tables if it is empty; see `explained` for the errors."""
    address = path.as_uri()
    if read_only:
        # Without write access, SQLite cannot create the files that readers share.
        address += "?mode=ro&immutable=1"
    else:
        try:
            # SQLite creates -wal and -shm files with the mode of the database.
            make_private(path, "-wal", "-shm", "-journal")
        except OSError as error:
            raise ArgumentError(
                f"the store {path} cannot be written ({type(error).__name__}): check its folder "
                "and owner"
            ) from None
    with _explaining(path), ExitStack() as after_failure:
        connection = sqlite3.connect(
            address, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, uri=True
        )
        after_failure.callback(connection.close)
        # Damaged text must not fail here: the codec recognises it.
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        _check(connection, path)
        if not read_only:
            _use_wal(connection)
        connection.execute("PRAGMA temp.journal_mode=OFF")
        connection.execute("CREATE TEMP TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")
        after_failure.pop_all()
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait here if another program opens a new file at the same time.
    deadline = monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() > deadline:
                raise
        sleep(_RETRY_S)


def _is_busy(error: sqlite3.Error) -> bool:
    code: str = getattr(error, "sqlite_errorname", "")
    return code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))


def _check(connection: sqlite3.Connection, path: Path) -> None:
    def number(query: str) -> object:
        return connection.execute(query).fetchone()[0]

    marks = "PRAGMA application_id", "PRAGMA user_version"
    if tuple(map(number, marks)) == (_APPLICATION, _VERSION):
        return
    with transaction(connection):  # so that no other program creates the tables meanwhile
        application, version = map(number, marks)
        if not number("SELECT count(*) FROM sqlite_master"):
            for statement in _TABLES.split(";")[:-1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={_APPLICATION}")
            connection.execute(f"PRAGMA user_version={_VERSION}")
        elif application != _APPLICATION:
            raise ArgumentError(f"{path} is not a store of readings: pass another path")
        elif version != _VERSION:
            raise ArgumentError(
                f"{path} was written by another version of cvocr_lab: use that version, or "
                "pass another path"
            )


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Raise what `explained` returns for an error of SQLite in the block."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, path) from None


def explained(error: sqlite3.Error, path: Path) -> BatchError:
    """Return our own error for one of SQLite's; its message says what to do."""
    code = getattr(error, "sqlite_errorname", "")
    then = "then repeat the call, which resumes the run"
    if _is_busy(error):
        return BatchError(
            f"another program has locked the store {path} for more than {_WAIT_S:.0f} s:"
            f" wait for it or end it, {then}"
        )
    if code == "SQLITE_FULL" or "disk is full" in str(error):
        return BatchError(f"no space left on the disk of the store {path}: free some, {then}")
    if code in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return ArgumentError(f"{path} is not a store, or is damaged ({error}): pass another path")
    return BatchError(f"the store {path} cannot be used ({error}): correct this, {then}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything written in the block, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
