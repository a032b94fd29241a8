"""Lines of a journal on disk: appended whole or not at all, read as far as they are whole."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from cvocr_lab.journal.decision import Decision, decision_of, line_of


@dataclass(frozen=True, slots=True)
class Lines:
    """What was read of a journal.

    Parameters
    ----------
    decisions
        In the order of their lines.
    garbled
        Numbers, from 1, of lines that are no decision.
    end
        Where the next whole line will begin, in bytes.
    count
        Whole lines till there.
    """

    decisions: tuple[Decision, ...] = ()
    garbled: tuple[int, ...] = ()
    end: int = 0
    count: int = 0


def read(path: Path, after: Lines = Lines()) -> Lines:
    """Read what stands in a journal after `after`; a line cut off at the end is left out.

    Such a line is still being written, or was never finished and never acknowledged.
    """
    try:
        with path.open("rb") as file:
            file.seek(after.end)
            text = file.read()
    except FileNotFoundError:
        return Lines(end=after.end, count=after.count)
    *whole, tail = text.split(b"\n")
    found, garbled = [], []
    for number, line in enumerate(whole, after.count + 1):
        if line.strip():
            decision = _decision(line)
            if decision is None:
                garbled.append(number)
            else:
                found.append(decision)
    unended = _decision(tail)
    if unended is not None:  # whole but for its line break
        found.append(unended)
    end, count = after.end + len(text) - len(tail), after.count + len(whole)
    return Lines(tuple(found), tuple(garbled), end, count)


def append(path: Path, decision: Decision) -> Decision:
    """Append a decision, and give it as it was written; it is on disk when this returns.

    A line that an earlier writer left cut off goes first.  Where the clock stands behind the
    last line, the decision is dated just after that line, so that time tells the order.

    Raises
    ------
    OSError
        It cannot be written; the journal is as it was before.
    """
    there = path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        with _locked(descriptor):
            end = _repaired_end(descriptor)
            last = _last(descriptor, end)
            if last is not None and decision.time <= last.time:
                decision = replace(decision, time=last.time + timedelta(microseconds=1))
            line = line_of(decision)
            try:
                if os.write(descriptor, line) != len(line):
                    raise OSError(f"{path}: no space left for a decision")
                os.fsync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
    finally:
        os.close(descriptor)
    if not there:
        sync_folder(path.parent)
    return decision


def sync_folder(folder: Path) -> None:
    """Make a new file's name in `folder` as lasting as its content."""
    with contextlib.suppress(OSError):  # Windows opens no folders, and needs not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _repaired_end(descriptor: int) -> int:
    """Cut off or end a last line without line break; give the length of the file then."""
    size = os.fstat(descriptor).st_size
    tail = _tail(descriptor, size)
    if not tail:
        return size
    if _decision(tail) is not None:
        os.write(descriptor, b"\n")
        return size + 1
    os.ftruncate(descriptor, size - len(tail))
    return size - len(tail)


def _last(descriptor: int, end: int) -> Decision | None:
    return _decision(_tail(descriptor, end - 1)) if end else None


def _tail(descriptor: int, end: int) -> bytes:
    """What stands between the last line break before `end` and `end`."""
    text, start = b"", end
    while start and b"\n" not in text:
        step = min(start, 4096)
        start -= step
        os.lseek(descriptor, start, os.SEEK_SET)
        text = os.read(descriptor, step) + text
    return text.rpartition(b"\n")[2]


def _decision(line: bytes) -> Decision | None:
    try:
        return decision_of(line) if line.strip() else None
    except (ValueError, RecursionError):
        return None


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Keep other writers out; the system lets go by itself when this process dies."""
    if sys.platform == "win32":
        import msvcrt

        # Far behind the content, so that reading is never in the way.
        os.lseek(descriptor, 1 << 40, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(descriptor, 1 << 40, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
