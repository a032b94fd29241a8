"""Lines of a journal on disk: appended completely or not at all; incomplete ones are not read."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final

from cvocr_lab.errors import BatchError
from cvocr_lab.files import make_private, sync_folder
from cvocr_lab.journal.decision import Decision, decision_of, line_of

_PIECE: Final = 1 << 16
_WAIT_S: Final = 30.0


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
    BatchError
        Another program keeps it locked.
    """
    there = path.exists()
    make_private(path)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        with _locked(descriptor, path):
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
    pieces: list[bytes] = []
    start = end
    while start and not (pieces and b"\n" in pieces[-1]):
        step = min(start, _PIECE)
        start -= step
        os.lseek(descriptor, start, os.SEEK_SET)
        pieces.append(os.read(descriptor, step))
    return b"".join(reversed(pieces)).rpartition(b"\n")[2]


def _decision(line: bytes) -> Decision | None:
    try:
        return decision_of(line) if line.strip() else None
    except (ValueError, RecursionError):
        return None


@contextlib.contextmanager
def _locked(descriptor: int, path: Path) -> Iterator[None]:
    """Keep other writers out; the system releases the lock when this process dies.

    Raises
    ------
    BatchError
        Another program has held the lock for too long.
    """
    deadline = monotonic() + _WAIT_S
    while not _lock(descriptor):
        if monotonic() > deadline:
            raise BatchError(
                f"the journal {path} is locked by another program for more than {_WAIT_S:.0f} s: "
                "wait for that one or end it, then decide again"
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        _unlock(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        # Far behind the content, so that reading is never in the way.
        os.lseek(descriptor, 1 << 40, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 40, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
