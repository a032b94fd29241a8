"""Who may ask, and how often: keys, secrets and quotas."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from os import PathLike
from pathlib import Path

from cvocr_lab.errors import ArgumentError, QuotaError

_TABLE = """
CREATE TABLE IF NOT EXISTS charged (key TEXT PRIMARY KEY, requests INTEGER NOT NULL)
"""
_WAIT_S = 20.0


class Keys:
    """Keys with their secrets, and what each has left.

    Parameters
    ----------
    secrets
        The secret of each key.
    quota
        Answers each key may be charged for; None for any number.
    path
        SQLite file in which the charges survive a restart, made with mode 0600; it holds no key
        and no secret.  None keeps them in memory.

    Raises
    ------
    ArgumentError
        There is no key, a key or secret is empty or holds a colon, or the file cannot be used.

    Examples
    --------
    >>> keys = Keys({"key": "secret"}, quota=1)
    >>> keys.holder("Basic a2V5OnNlY3JldA=="), keys.holder("Basic a2V5Ondyb25n")
    ('key', None)
    """

    def __init__(
        self,
        secrets: Mapping[str, str],
        *,
        quota: int | None = None,
        path: str | PathLike[str] | None = None,
    ) -> None:
        if not secrets or not all(k and s for k, s in secrets.items()):
            raise ArgumentError("give at least one key, each with its secret")
        if any(":" in key for key in secrets):
            raise ArgumentError("a key holds no colon: HTTP Basic could not tell where it ends")
        if quota is not None and quota < 0:
            raise ArgumentError(f"quota is 0 or more, not {quota}")
        self._digests = {key: _digest(f"{key}:{secret}") for key, secret in secrets.items()}
        self._quota = quota
        self._reserved: Counter[str] = Counter()
        self._memory: Counter[str] = Counter()
        self._path = None if path is None else Path(path)
        if self._path is not None:
            try:
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
                with self._connection() as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute(_TABLE)
            except (OSError, sqlite3.Error) as error:
                raise ArgumentError(
                    f"{self._path} cannot be used for quotas ({type(error).__name__})"
                ) from None

    def __repr__(self) -> str:
        return f"Keys({len(self._digests)} keys, quota={self._quota})"

    @property
    def on_disk(self) -> bool:
        """Whether charges are kept in a file."""
        return self._path is not None

    def holder(self, authorization: str) -> str | None:
        """The key of this ``Authorization`` header; None if it is not one of ours.

        Takes the same time whichever part is wrong.
        """
        scheme, _, credentials = authorization.strip().partition(" ")
        try:
            sent = base64.b64decode(credentials.strip(), validate=True)
        except (binascii.Error, ValueError):
            sent = b""
        # requests sends Latin-1, browsers UTF-8.
        forms = (hashlib.sha256(sent).digest(), _digest(sent.decode("latin-1")))
        found = None
        for key, digest in self._digests.items():
            for form in forms:
                if hmac.compare_digest(digest, form):
                    found = key
        return found if scheme.lower() == "basic" else None

    @contextmanager
    def reserved(self, key: str) -> Iterator[None]:
        """Hold one request of this key's quota while it is being answered.

        Raises
        ------
        QuotaError
            Nothing is left.
        """
        if self._quota is not None and self.charged(key) + self._reserved[key] >= self._quota:
            raise QuotaError("out of requests")
        self._reserved[key] += 1
        try:
            yield
        finally:
            self._reserved[key] -= 1

    def charged(self, key: str) -> int:
        """Answers this key was charged for."""
        if self._path is None:
            return self._memory[key]
        with self._connection() as connection:
            question = "SELECT requests FROM charged WHERE key = ?"
            row = connection.execute(question, (_name(key),)).fetchone()
        return int(row[0]) if row else 0

    def charge(self, key: str) -> None:
        """Charge one answer; on disk when this returns.

        Raises
        ------
        QuotaError
            Another server on the same file spent the last one meanwhile.
        """
        if self._path is None:
            self._memory[key] += 1
            return
        most = self._quota if self._quota is not None else 2**62
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO charged VALUES (?, 0) ON CONFLICT DO NOTHING", (_name(key),)
            )
            done = connection.execute(
                "UPDATE charged SET requests = requests + 1 WHERE key = ? AND requests < ?",
                (_name(key), most),
            )
            if not done.rowcount:
                raise QuotaError("out of requests")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        assert self._path is not None
        with closing(sqlite3.connect(self._path, timeout=_WAIT_S)) as connection, connection:
            yield connection


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _name(key: str) -> str:
    """What stands for a key on disk."""
    return hashlib.sha256(b"quota of " + key.encode()).hexdigest()
