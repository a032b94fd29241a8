"""The main loop of a worker process: open the function once, then answer questions."""

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
"""The header of each message: its length in bytes."""

_POLL_S: Final = 0.25


def main(parent: int) -> None:
    """Serve the process with the id `parent` until it closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not be mixed with the pickles.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr
    if hasattr(os, "register_at_fork"):
        # Children forked by an engine must not keep the pipes open after this process dies.
        for pipe in (requests.fileno(), replies.fileno()):
            os.register_at_fork(after_in_child=partial(os.close, pipe))
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    refusal: BatchError | None = None
    try:
        function = pickle.loads(_received(requests))()
    except CvocrError as error:
        refusal = error if isinstance(error, BatchError) else BatchError(str(error))
    except (Exception, SystemExit) as error:
        refusal = BatchError(f"the engine cannot be opened ({type(error).__name__}: {error})")
    _reply(replies, _portable(refusal))
    while not refusal:
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
    """End this process soon after its parent ends, even while it is answering."""
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os._exit(1)


def _received(requests: BinaryIO) -> bytes:
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return requests.read(LENGTH.unpack(head)[0])


def _reply(replies: BinaryIO, message: bytes) -> None:
    try:
        send(replies, message)
    except BrokenPipeError:  # the parent has ended
        os._exit(1)


def _portable(answer: object) -> bytes:
    """Pickle an answer; an error that cannot be unpickled becomes a plain `BatchError`."""
    if not isinstance(answer, BatchError):
        return dumps(answer)
    try:
        message = dumps(answer)
        pickle.loads(message)
    except Exception:
        return dumps(BatchError(f"{type(answer).__name__}: {answer}"))
    return message


def dumps(message: object) -> bytes:
    """Pickle `message`, which may contain read-only mappings."""
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
    """Write the length of a pickled message, then the message."""
    left = memoryview(LENGTH.pack(len(message)) + message)
    while left:
        left = left[stream.write(left) :]
    stream.flush()
