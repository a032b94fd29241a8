"""SHA-256 digests of sources, by which equal pictures are recognised before they are read."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cvocr_lab import images
from cvocr_lab.errors import RowError
from cvocr_lab.images import Fetch, InputImage, Limits
from cvocr_lab.store import FileStamp, Store

_SETTLED_NS: Final = 2_000_000_000
"""On some disks, a file that changed within this time may change again with the same times."""

_LONGEST_PATH: Final = 4096
_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Digests:
    """Compute digests of sources, and reuse those of files that have not changed.

    A file counts as unchanged while its size and both its modification times are the same.  A URL
    is identified by its text, so changes of its content are not noticed.

    Without a store, the digests are kept in memory.
    """

    base: str | None
    limits: Limits
    fetch: Fetch
    store: Store | None
    _remembered: dict[str, tuple[FileStamp, str]] = field(default_factory=dict)

    def of(self, source: object) -> tuple[str, InputImage | None]:
        """Return the SHA-256 of a source in hexadecimal, and the picture if it was loaded for it.

        Raises RowError if the source is not a picture.
        """
        path = self._path(source)
        stamp = None if path is None else file_stamp(path)
        if path is None or stamp is None:
            return self._read(source)
        known = self._known(path, stamp)
        if known is not None:
            return known, None
        sha256, picture = self._read(source)
        if time.time_ns() - max(stamp.changed_ns, stamp.status_changed_ns) > _SETTLED_NS:
            self._remember(path, stamp, sha256)
        return sha256, picture

    def stamps(self, sources: tuple[object, ...]) -> tuple[FileStamp | None, ...]:
        """Return the stamp of each file, which shows a later change; None for other sources."""
        paths = (self._path(source) for source in sources)
        return tuple(None if path is None else file_stamp(path) for path in paths)

    def _read(self, source: object) -> tuple[str, InputImage | None]:
        try:
            found = images.load(
                source, base=self.base, limits=self.limits, fetch=self.fetch, decode=False
            )
        except RowError:
            raise
        except Exception as error:  # objects that imitate pictures may raise anything
            raise RowError(f"the picture cannot be read ({type(error).__name__})") from None
        return found.sha256, None if found.pages else found

    def _path(self, source: object) -> str | None:
        text = str(source) if isinstance(source, Path) else source
        if not isinstance(text, str) or len(text) > _LONGEST_PATH or "://" in text:
            return None
        expanded = os.path.expanduser(text.strip())  # noqa: PTH111 - faster than Path
        return os.path.abspath(os.path.join(self.base or "", expanded))  # noqa: PTH100, PTH118 - faster

    def _known(self, path: str, stamp: FileStamp) -> str | None:
        if self.store is not None:
            found = self.store.file_digest(path, stamp)
            return None if found is None else found.hex()
        remembered = self._remembered.get(path)
        return remembered[1] if remembered and remembered[0] == stamp else None

    def _remember(self, path: str, stamp: FileStamp, sha256: str) -> None:
        if self.store is not None:
            self.store.remember_digest(path, stamp, bytes.fromhex(sha256))
            return
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[path] = stamp, sha256


def file_stamp(path: str) -> FileStamp | None:
    """Return the size and times of a regular file; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - faster than Path
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
