"""Private files: readable by their owner alone, and replaced as a whole or not at all.

Everything this package writes holds people's data, so every room writes through this module.
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
"""File mode: read and written by the owner, closed to everybody else."""


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """Write a file that takes the place of `path` when the block ends well.

    The block writes to a temporary file of mode 0600 in the same folder.  At the end the file is
    forced to the disk and renamed, so that readers see the old file or the complete new one.  If
    the block raises, the old file stays as it was and the temporary one is deleted.

    Parameters
    ----------
    path
        The file to make or replace.  A symbolic link is followed: its target is replaced.

    Yields
    ------
    pathlib.Path
        The temporary file.  Its name ends as `path` does, for writers that look at the ending.

    Raises
    ------
    OSError
        The folder is not there or cannot be written, or the disk is full.

    Examples
    --------
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
    # mkstemp makes the file with mode 0600, whatever the umask says.
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", suffix=target.suffix, dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(PRIVATE)  # a writer may have made the file anew
        descriptor = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


@contextmanager
def replacing_text(path: str | PathLike[str]) -> Iterator[IO[str]]:
    """Write UTF-8 text to a file that takes the place of `path`, see `replacing`."""
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        yield file


def write_private(path: str | PathLike[str], content: bytes | str) -> None:
    """Write `content` to `path` as `replacing` does; text is written as UTF-8.

    Raises
    ------
    OSError
        The file cannot be written; what was there before is unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def make_private(path: str | PathLike[str], *companions: str) -> None:
    """Make an empty file of mode 0600, or give that mode to the one that is there.

    Parameters
    ----------
    path
        The file, which a database or an append-only log will then write to.
    companions
        Endings of further files that get the same mode where they exist, e.g. ``"-wal"``.

    Raises
    ------
    OSError
        It can be neither made nor opened for writing, or it belongs to somebody else and is
        readable by others.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
    for name in (os.fspath(path), *(os.fspath(path) + ending for ending in companions)):
        with contextlib.suppress(FileNotFoundError):
            if os.name == "posix" and os.stat(name).st_mode & 0o077:  # noqa: PTH116
                os.chmod(name, PRIVATE)  # noqa: PTH101


def escaped(name: str) -> str:
    r"""Escape the bytes of a file's name that are not UTF-8; no frame or file can hold them.

    >>> escaped("a\udcff.jpg"), escaped("ảnh.jpg")
    ('a\\udcff.jpg', 'ảnh.jpg')
    """
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def unescaped(name: str) -> str:
    """Undo `escaped`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name) if "\\udc" in name else name


def sync_folder(folder: Path) -> None:
    """Force the names of the files in `folder` to the disk."""
    with contextlib.suppress(OSError):  # Windows opens no folders, and does not need to
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
