"""What runs in a worker process: open the function once, then answer question after question."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import signal
import struct
import sys
import threading
import time
from functools import partial
from types import MappingProxyType
from typing import BinaryIO, Final

from cvocr_lab.errors import BatchError, CvocrError

LENGTH: Final = struct.Struct("!Q")
"""What stands before each message: its length in bytes."""

_LOOK_S: Final = 0.25


def main(parent: int) -> None:
    """Serve one parent until it closes the pipe or dies.

    Parameters
    ----------
    parent
        Its process id.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the pickles.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr
    if hasattr(os, "register_at_fork"):
        # Children that an engine forks must not hold the pipes open when this process dies.
        for pipe in (requests.fileno(), replies.fileno()):
            os.register_at_fork(after_in_child=partial(os.close, pipe))
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        function = pickle.loads(_received(requests))()
    except CvocrError as error:
        refusal = error if isinstance(error, BatchError) else BatchError(str(error))
        _reply(replies, _portable(refusal))
        return
    except (Exception, SystemExit) as error:
        refusal = BatchError(f"the engine cannot be opened ({type(error).__name__}: {error})")
        _reply(replies, dumps(refusal))
        return
    _reply(replies, dumps(None))
    while True:
        try:
            question = pickle.loads(_received(requests))
        except EOFError:
            return
        answer: object
        try:
            answer = function(question)
        except BatchError as error:
            answer = error
        _reply(replies, _portable(answer))


def _end_with(parent: int) -> None:
    """End this process soon after its parent, even in the middle of an answer."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


def _received(requests: BinaryIO) -> bytes:
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return requests.read(LENGTH.unpack(head)[0])


def _reply(replies: BinaryIO, message: bytes) -> None:
    try:
        send(replies, message)
    except BrokenPipeError:  # the parent is gone; nobody waits for an answer
        os._exit(1)


def _portable(answer: object) -> bytes:
    """Pickle an answer; an error of an engine's own class may not come through as itself."""
    if not isinstance(answer, BatchError):
        return dumps(answer)
    try:
        message = dumps(answer)
        pickle.loads(message)
    except Exception:
        return dumps(BatchError(f"{type(answer).__name__}: {answer}"))
    return message


def dumps(message: object) -> bytes:
    """Pickle `message`, read-only mappings included."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dispatch_table = copyreg.dispatch_table | {
        MappingProxyType: lambda mapping: (_read_only, (dict(mapping),))
    }
    pickler.dump(message)
    return stream.getvalue()


def _read_only(mapping: dict[object, object]) -> MappingProxyType[object, object]:
    return MappingProxyType(mapping)


def send(stream: BinaryIO, message: bytes) -> None:
    """Write one pickled message, its length first.

    Raises
    ------
    OSError
        The other side is gone.
    """
    left = memoryview(LENGTH.pack(len(message)) + message)
    while left:
        left = left[stream.write(left) :]
    stream.flush()
