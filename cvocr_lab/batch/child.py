"""What runs in a worker process: open the engine once, then read row after row.

Parent and child talk over the child's standard input and output in pickles.  The parent's
``__main__`` is never imported here, so that a plain script or a notebook needs no
``if __name__ == "__main__"``.
"""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import signal
import sys
from dataclasses import replace
from types import MappingProxyType
from typing import BinaryIO

from cvocr_lab.batch.reading import Task, read
from cvocr_lab.errors import BatchError, CvocrError, RowError
from cvocr_lab.frames import Reading


def main() -> None:
    """Serve one parent until it closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the pickles.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr
    try:
        engine = pickle.load(requests)()
    except CvocrError as error:
        refusal = error if isinstance(error, BatchError) else BatchError(str(error))
        send(replies, dumps(refusal))
        return
    except Exception as error:
        refusal = BatchError(f"the engine cannot be opened ({type(error).__name__}: {error})")
        send(replies, dumps(refusal))
        return
    send(replies, dumps(None))
    while True:
        try:
            task: Task = pickle.load(requests)
        except EOFError:
            return
        answer: Reading | BatchError
        try:
            answer = read(engine, task)
        except BatchError as error:
            answer = error
        try:
            send(replies, _portable(answer))
        except BrokenPipeError:  # the parent is gone; nobody waits for an answer
            os._exit(1)


def _portable(answer: Reading | BatchError) -> bytes:
    """Pickle an answer; what an engine made of its own classes may not come through as itself."""
    failure = answer.result if isinstance(answer, Reading) else answer
    try:
        message = dumps(answer)
        if isinstance(failure, CvocrError):
            pickle.loads(message)
    except Exception:
        if not isinstance(failure, CvocrError):
            failure = RowError("the engine's answer cannot be sent from its process")
        text = f"{type(failure).__name__}: {failure}"
        if isinstance(answer, Reading):
            return dumps(replace(answer, result=RowError(text)))
        return dumps(BatchError(text))
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
    """Write one pickled message.

    Raises
    ------
    OSError
        The other side is gone.
    """
    stream.write(message)
    stream.flush()
