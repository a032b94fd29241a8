"""Keys of clients with their secrets and quotas."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from os import PathLike
from pathlib import Path

from cvocr_lab.errors import ArgumentError, BatchError, QuotaError
from cvocr_lab.files import make_private

_TABLE = """
CREATE TABLE IF NOT EXISTS charged (key TEXT PRIMARY KEY, requests INTEGER NOT NULL)
"""
_WAIT_S = 20.0


class Keys:
    """Keys with their secrets and the requests charged to each.

    Parameters
    ----------
    secrets
        The secret of each key.
    quota
        Number of answers that each key may be charged for; None for no limit.
    path
        SQLite file in which the charges survive a restart, created with mode 0600; it contains no
        keys and no secrets.  None keeps the charges in memory.

    Raises
    ------
    ArgumentError
        There is no key, a key or secret is empty, a key contains a colon, or the file cannot be
        used.

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
            raise ArgumentError("pass at least one key, each with its secret")
        if any(":" in key for key in secrets):
            raise ArgumentError("a key must not contain a colon, which HTTP Basic uses to end it")
        if quota is not None and quota < 0:
            raise ArgumentError(f"quota must be 0 or more, not {quota}")
        self._digests = {key: _digest(f"{key}:{secret}") for key, secret in secrets.items()}
        self._quota = quota
        self._reserved: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()
        self._charged: Counter[str] = Counter()  # by this server
        self._others: dict[str, int] = {}  # charged by other servers with this file, or earlier
        self._path = None if path is None else Path(path)
        if self._path is not None:
            try:
                make_private(self._path, "-wal", "-shm", "-journal")
                with self._connection() as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute(_TABLE)
            except (OSError, BatchError) as error:
                raise ArgumentError(
                    f"{self._path} cannot be used for quotas ({type(error).__name__})"
                ) from None

    def __repr__(self) -> str:
        return f"Keys({len(self._digests)} keys, quota={self._quota})"

    def holder(self, authorization: str) -> str | None:
        """Return the key of an ``Authorization`` header; None if it or its secret is wrong.

        It takes the same time whichever part is wrong.
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
    def reserved(self, key: str) -> Iterator[Callable[[], Awaitable[None]]]:
        """Reserve one request of the key's quota; yields the function that charges it.

        A `QuotaError` is raised if the quota is spent.
        """
        if self._quota is not None:
            if key not in self._others:
                self._others[key] = 0 if self._path is None else self.charged(key)
            if self._others[key] + self._charged[key] + self._reserved[key] >= self._quota:
                raise QuotaError("out of requests")
        self._reserved[key] += 1
        waiting = True

        async def charge() -> None:
            nonlocal waiting
            self._begun[key] += 1
            try:
                if self._path is not None:
                    charged = await asyncio.to_thread(self.charge, key)
                    # Charges begun at the same time may not be on disk yet: this is the least.
                    others = charged - self._begun[key]
                    self._others[key] = max(others, self._others.get(key, 0))
            except BaseException:
                self._begun[key] -= 1
                raise
            # From now on the answer counts as charged, no longer as reserved.
            self._charged[key] += 1
            self._reserved[key] -= 1
            waiting = False

        try:
            yield charge
        finally:
            self._reserved[key] -= waiting

    def charged(self, key: str) -> int:
        """Return the number of answers charged; an unreadable file is a `BatchError`."""
        if self._path is None:
            return self._charged[key]
        with self._connection() as connection:
            question = "SELECT requests FROM charged WHERE key = ?"
            row = connection.execute(question, (_name(key),)).fetchone()
        return int(row[0]) if row else 0

    def charge(self, key: str) -> int:
        """Charge one answer in the file, before this returns; return the charges of this key.

        A `QuotaError` is raised if another server with the same file has spent the quota meanwhile,
        and a `BatchError` if the file cannot be written.
        """
        most = self._quota if self._quota is not None else 2**62
        with self._connection() as connection:
            row = connection.execute(
                "INSERT INTO charged VALUES (:key, 1) ON CONFLICT DO UPDATE"
                " SET requests = requests + 1 WHERE requests < :most RETURNING requests",
                {"key": _name(key), "most": most},
            ).fetchone()
        if row is None:
            raise QuotaError("out of requests")
        return int(row[0])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        assert self._path is not None
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT_S)) as connection, connection:
                yield connection
        except sqlite3.Error as error:
            raise BatchError(
                f"the file of quotas cannot be used ({error}): free some space on its disk"
            ) from None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _name(key: str) -> str:
    """Return the hash of a key that is stored on disk."""
    return hashlib.sha256(b"quota of " + key.encode()).hexdigest()
