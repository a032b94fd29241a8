"""Read and append the lines of a journal on disk; incomplete lines are ignored."""

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

_WAIT_S: Final = 30.0
_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class JournalLines:
    """Lines that were read from a journal: decisions, and numbers of other lines, from 1."""

    decisions: tuple[Decision, ...] = ()
    invalid_lines: tuple[int, ...] = ()
    end: int = 0
    """Offset in bytes at which the next line will start."""

    count: int = 0
    """Number of complete lines before `end`."""


def read(path: Path, after: JournalLines = JournalLines()) -> JournalLines:
    """Read the lines of a journal after `after`.

    An incomplete line at the end is ignored: it is being written, or was never acknowledged.
    """
    try:
        with path.open("rb") as file:
            file.seek(after.end)
            text = file.read()
    except FileNotFoundError:
        return JournalLines(end=after.end, count=after.count)
    *whole, tail = text.split(b"\n")
    made = [_decision(line) for line in (*whole, tail)]  # the tail may only lack its line break
    numbered = enumerate(zip(whole, made, strict=False), after.count + 1)
    invalid_lines = (number for number, (line, found) in numbered if line.strip() and not found)
    end, count = after.end + len(text) - len(tail), after.count + len(whole)
    return JournalLines(tuple(filter(None, made)), tuple(invalid_lines), end, count)


def append(path: Path, decision: Decision) -> Decision:
    """Append a decision, and return it as written; it is on disk when this returns.

    An incomplete last line is removed first.  If the clock is behind the time of the last line,
    the decision gets a time just after it, so that times are in order.

    Raises OSError if the journal cannot be written, which is then unchanged, and BatchError if
    another program keeps it locked.
    """
    there = path.exists()
    make_private(path)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        with _locked(descriptor, path):
            end = _repaired_end(descriptor)
            last = _decision(_tail(descriptor, end - 1)) if end else None
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
    """Complete or remove a last line without line break; return the length of the file."""
    size = os.fstat(descriptor).st_size
    tail = _tail(descriptor, size)
    if not tail:
        return size
    if _decision(tail) is not None:
        os.write(descriptor, b"\n")
        return size + 1
    os.ftruncate(descriptor, size - len(tail))
    return size - len(tail)


def _tail(descriptor: int, end: int) -> bytes:
    """Return the bytes between the last line break before `end` and `end`."""
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
    """Lock the journal for other writers; the system releases the lock if this process dies.

    Raises BatchError if another program has held the lock for too long.
    """
    deadline = monotonic() + _WAIT_S
    while not _lock(descriptor):
        if monotonic() > deadline:
            raise BatchError(
                f"another program has locked the journal {path} for more than {_WAIT_S:.0f} s: "
                "wait for it or end it, then repeat the decision"
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        _unlock(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        # Far behind the content, so that readers are not blocked.
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
