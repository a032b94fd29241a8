"""Which sources are the same picture: the digest of what stands in them, before reading."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import Final, NamedTuple

from cvocr_lab import images
from cvocr_lab.batch.store import Stamp, Store
from cvocr_lab.errors import RowError
from cvocr_lab.images import Fetch, InputImage, Limits

_SETTLED_NS: Final = 2_000_000_000
"""A file changed later than this ago may change again and keep its times, on some disks."""

_LONGEST_PATH: Final = 4096
_REMEMBERED: Final = 10_000


class Taken(NamedTuple):
    """The SHA-256 of a source, and the undecoded picture if it had to be read for it."""

    sha256: bytes
    picture: InputImage | None = None


class Contents:
    """Digests of sources; a file that a store knows is read again only when it changed.

    A file counts as unchanged while its size and both its times of change are what they were;
    else its bytes decide.  A URL is known by its text: what changes behind it is not noticed.

    Parameters
    ----------
    base
        Folder that relative paths start from; None for the current one.
    limits, fetch
        What is too large to load, and how URLs will be fetched.
    store
        Where digests of files are kept; None for memory.
    """

    def __init__(
        self, *, base: str | None, limits: Limits, fetch: Fetch, store: Store | None
    ) -> None:
        self._base = base
        self._limits = limits
        self._fetch = fetch
        self._store = store
        self._remembered: dict[str, tuple[Stamp, bytes]] = {}

    def taken(self, source: object) -> Taken:
        """Give what is known of what stands in `source`.

        Raises
        ------
        RowError
            Nothing stands there that could be read.
        """
        path = self._path(source)
        stamp = None if path is None else file_stamp(path)
        if path is None or stamp is None:
            return self._read(source)
        known = self._known(path, stamp)
        if known is not None:
            return Taken(known)
        taken = self._read(source)
        if time.time_ns() - max(stamp.changed_ns, stamp.changed_here_ns) > _SETTLED_NS:
            self._remember(path, stamp, taken.sha256)
        return taken

    def stamps(self, sources: tuple[object, ...]) -> tuple[Stamp | None, ...]:
        """Give what would tell that a file changed meanwhile; None for what is no file."""
        paths = (self._path(source) for source in sources)
        return tuple(None if path is None else file_stamp(path) for path in paths)

    def _read(self, source: object) -> Taken:
        try:
            found = images.load(
                source, base=self._base, limits=self._limits, fetch=self._fetch, decode=False
            )
        except RowError:
            raise
        except Exception as error:  # whatever an object that poses as a picture does
            raise RowError(f"the picture cannot be read ({type(error).__name__})") from None
        return Taken(bytes.fromhex(found.sha256), None if found.pages else found)

    def _path(self, source: object) -> str | None:
        text = str(source) if isinstance(source, Path) else source
        if not isinstance(text, str) or len(text) > _LONGEST_PATH or "://" in text:
            return None
        expanded = os.path.expanduser(text.strip())  # noqa: PTH111 - a text, a million times
        return os.path.abspath(os.path.join(self._base or "", expanded))  # noqa: PTH100, PTH118

    def _known(self, path: str, stamp: Stamp) -> bytes | None:
        if self._store is not None:
            return self._store.digest(path, stamp)
        remembered = self._remembered.get(path)
        return remembered[1] if remembered and remembered[0] == stamp else None

    def _remember(self, path: str, stamp: Stamp, sha256: bytes) -> None:
        if self._store is not None:
            self._store.note(path, stamp, sha256)
            return
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[path] = stamp, sha256


def file_stamp(path: str) -> Stamp | None:
    """Give what tells that a file changed; None where there is no ordinary file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a text, a million times
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def digest_of(*parts: bytes) -> bytes:
    """Give the SHA-256 of parts of 32 bytes each."""
    return hashlib.sha256(b"".join(parts)).digest()
