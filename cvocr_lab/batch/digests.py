"""SHA-256 digests of sources, by which equal pictures are recognised before they are read."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Final

from cvocr_lab import images
from cvocr_lab.batch.reading import Task
from cvocr_lab.images import InputImage
from cvocr_lab.store import FileStamp, Store

_SETTLED_NS: Final = 2_000_000_000
"""On some disks, a file that changed within this time may change again with the same times."""

_LONGEST_PATH: Final = 4096
_REMEMBERED: Final = 10_000


class Digests:
    """Compute digests of sources, and reuse those of files that have not changed.

    A file counts as unchanged while its size and both its modification times are the same.  A URL
    is identified by its text, so changes of its content are not noticed.

    Without a store, the digests are kept in memory.
    """

    def __init__(self, template: Task, store: Store | None) -> None:
        self._template, self._store = template, store
        self._remembered: dict[str, tuple[FileStamp, str]] = {}

    def of(self, source: object) -> tuple[str, InputImage | None, FileStamp | None]:
        """Return the SHA-256 in hexadecimal, the picture if it was loaded for it, and the stamp.

        The stamp is that of a file before it was read.  Raises RowError if the source is not a
        picture.
        """
        path = self._path(source)
        stamp = _file_stamp(path)
        known = None if stamp is None else self._known(path, stamp)
        if known is not None:
            return known, None, stamp
        task = self._template
        found = images.load(
            source, base=task.base, limits=task.limits, fetch=task.fetch, decode=False
        )
        if stamp and time.time_ns() - max(stamp.changed_ns, stamp.status_changed_ns) > _SETTLED_NS:
            self._remember(path, stamp, found.sha256)
        return found.sha256, None if found.pages else found, stamp

    def stamp(self, source: object) -> FileStamp | None:
        """Return the stamp of a file, which shows a later change; None for other sources."""
        return _file_stamp(self._path(source))

    def _path(self, source: object) -> str:
        """Return the absolute path of a source that may be a file, else ""."""
        text = str(source) if isinstance(source, Path) else source
        if not isinstance(text, str) or len(text) > _LONGEST_PATH or "://" in text:
            return ""
        expanded = os.path.expanduser(text.strip())  # noqa: PTH111 - faster than Path
        return os.path.abspath(os.path.join(self._template.base or "", expanded))  # noqa: PTH100, PTH118 - faster

    def _known(self, path: str, stamp: FileStamp) -> str | None:
        if self._store is not None:
            return self._store.file_digest(path, stamp)
        remembered = self._remembered.get(path)
        return remembered[1] if remembered and remembered[0] == stamp else None

    def _remember(self, path: str, stamp: FileStamp, sha256: str) -> None:
        if self._store is not None:
            self._store.remember_digest(path, stamp, sha256)
            return
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[path] = stamp, sha256


def _file_stamp(path: str) -> FileStamp | None:
    """Return the size and times of a regular file; None if there is none."""
    try:
        found = os.stat(path) if path else None  # noqa: PTH116 - faster than Path
    except (OSError, ValueError):
        return None
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
