"""Write private files: readable by their owner only, and replaced completely or not at all.

All files of this package contain personal data, so all rooms write them with this module.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Final

_ESCAPE: Final = re.compile(r"\\u(dc[89a-f][0-9a-f])")
PRIVATE: Final = 0o600
"""File mode: readable and writable by the owner only."""


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """Write a file that replaces `path` if the block succeeds.

    The block writes to a temporary file with mode 0600 in the same folder.  At the end, the file is
    forced to the disk and renamed, so that readers see the old file or the complete new one.  If
    the block raises, the old file is unchanged and the temporary one is deleted.  The temporary
    file has the same ending as `path`.  If `path` is a symbolic link, its target is replaced.

    Raises OSError if the folder does not exist or cannot be written, or the disk is full.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/a.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no folder", str(target.parent))
    # mkstemp creates the file with mode 0600, independent of the umask.
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", suffix=target.suffix, dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(PRIVATE)  # the block may have created the file again
        _sync(temporary, os.O_RDWR)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


@contextmanager
def replacing_text(path: str | PathLike[str]) -> Iterator[IO[str]]:
    """Write UTF-8 text to a file that replaces `path`; see `replacing`."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


def write_private(path: str | PathLike[str], content: bytes | str) -> None:
    """Write `content` to `path` with `replacing`; text is encoded in UTF-8.

    Raises OSError if the file cannot be written; an old file is unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def make_private(path: str | PathLike[str], *companions: str) -> None:
    """Create an empty file with mode 0600, or set this mode of an existing file.

    It is used for files that a database or an append-only log will write to.  `companions` are
    endings of further files that get the same mode if they exist, such as ``"-wal"``.

    Raises OSError if the file cannot be created or opened for writing, or belongs to another user
    and is readable by others.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    for name in (os.fspath(path), *(os.fspath(path) + ending for ending in companions)):
        with contextlib.suppress(FileNotFoundError):
            if os.name == "posix" and os.stat(name).st_mode & 0o077:  # noqa: PTH116
                os.chmod(name, PRIVATE)  # noqa: PTH101


def escaped(name: str) -> str:
    r"""Escape the bytes of a file name that are not UTF-8, since frames cannot store them.

    >>> escaped("a\udcff.jpg"), escaped("ảnh.jpg")
    ('a\\udcff.jpg', 'ảnh.jpg')
    """
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def unescaped(name: str) -> str:
    """Undo `escaped`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name) if "\\udc" in name else name


def sync_folder(folder: Path) -> None:
    """Force the names of the files in `folder` to the disk."""
    with contextlib.suppress(OSError):  # not possible, and not needed, on Windows
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
