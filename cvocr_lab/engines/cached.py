"""`CachedEngine`: keep the answers of an engine on disk, so that no picture is paid for twice.

It wraps any engine, and is an engine itself.  Its file is a store like that of
``extract(store=…)``, and both use each other's readings.  Without an engine, it replays the stored
answers, for tests and for scoring again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from time import perf_counter
from typing import Final, Literal
from weakref import WeakValueDictionary

from cvocr_lab.engines import Engine, Identity, Request, ask, identity_of, open_engine
from cvocr_lab.errors import ArgumentError, FormatTypeError, ImageError, NoDocumentError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.results import Extraction
from cvocr_lab.store import Question, Store

__all__ = ["ENGINE", "Answer", "CachedEngine"]

_KEPT: Final = (NoDocumentError, ImageError, FormatTypeError)
"""Errors caused by the picture itself, which another request would repeat."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored answer.

    Parameters
    ----------
    images
        `InputImage.sha256` of the pictures.
    kind
        The kind of request.
    engine
        Name and version of the engine.
    result
        The extraction or the error.
    """

    images: tuple[str, ...]
    kind: str
    engine: str
    result: Extraction | RowError


class CachedEngine:
    """Ask an engine once per picture and kind, and reuse its answers.

    Answers are identified by the bytes of the pictures (for engines that send links, by the link),
    the pages, the kind, and the engine's identity, see `cvocr_lab.engines.Identity`.  Errors of the
    picture ("no document", "broken picture", "wrong format") are stored too; errors of transport,
    credentials or quota are not.  Any number of threads and processes may share a file; the threads
    of one process never make the same request twice.

    Parameters
    ----------
    inner
        The engine, or its name; None to replay stored answers only.
    path
        The SQLite file; created with mode 0600 if it does not exist.
    answers_of
        For a replay, the engine whose answers to use (``"local 1"``); None if the file contains
        answers of one engine only.
    options
        Options of an engine given by name.

    Raises
    ------
    ArgumentError
        The file is not a store, or its folder does not exist; for a replay, the file does not
        exist, or contains answers of several engines.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from cvocr_lab.images import load
    >>> class Stamp:
    ...     name = "stamp 1"
    ...
    ...     def extract(self, request):
    ...         print("asked")
    ...         return Extraction(engine=self.name)
    >>> folder = tempfile.TemporaryDirectory()
    >>> request = Request((load(np.zeros((20, 30), np.uint8)),), "scan")
    >>> engine = CachedEngine(Stamp(), f"{folder.name}/answers.sqlite")
    >>> engine.extract(request) == engine.extract(request)
    asked
    True
    >>> replay = CachedEngine(None, f"{folder.name}/answers.sqlite")
    >>> replay.extract(request)
    Extraction(documents=(), lines=(), engine='stamp 1')
    >>> folder.cleanup()
    """

    def __init__(
        self,
        inner: Engine | str | None = None,
        path: str | PathLike[str] = "answers.sqlite",
        *,
        answers_of: str | None = None,
        **options: object,
    ) -> None:
        if options and not isinstance(inner, str):
            raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open")
        if inner is not None and answers_of is not None:
            raise ArgumentError("answers_of is for replay: leave it out, or pass inner=None")
        self._store = Store(path, make=inner is not None, keep_open=False)
        self._inner = open_engine(inner, **options) if inner is not None else None
        self.undecoded = bool(getattr(self._inner, "undecoded", False))
        if self._inner is None:
            self.name, self._identity = self._recorded(answers_of)
        else:
            self.name = self._inner.name
            self._identity = identity_of(self._inner, options).text
        self._make_locks()

    @property
    def parallel(self) -> Literal["process", "thread"]:
        """How bulk runs may share it: like the inner engine."""
        shared = self._inner is None or getattr(self._inner, "parallel", "process") == "thread"
        return "thread" if shared else "process"

    def identity(self) -> Identity:
        """Return the identity of the inner engine, or of the replayed engine."""
        return Identity.of_text(self._identity)

    def extract(self, request: Request) -> Extraction:
        """Return the stored answer to a request, or ask the engine.

        Raises
        ------
        RowError
            This request cannot be read; in a replay, there is no stored answer.
        BatchError
            No request can be read.
        """
        question = Question(request.kind, self.name, self._identity, request.images[0].selection)
        pictures = tuple(image.sha256 for image in request.images)
        key = question.key(*pictures)
        result = self._find(key)
        if result is None and self._inner is None:
            names = " and ".join(image.name for image in request.images)
            raise RowError(
                f"no answer of {self.name!r} is recorded for {names} and kind "
                f"{request.kind!r}: record it first, by passing the engine"
            )
        if result is None:
            with self._guard:
                lock = self._asking.setdefault(key, threading.Lock())
            with lock:  # it is forgotten when the last thread that asks for this key is done
                result = self._find(key) or self._ask(question, pictures, request)
        if isinstance(result, RowError):
            raise result
        return result

    def answers(self) -> Iterator[Answer]:
        """Yield all stored answers of this engine, oldest first.

        Examples
        --------
        ``frames.to_frame(Reading(a.result, engine=a.engine) for a in engine.answers())`` with a
        frame of sources in the same order.
        """
        for row in self._store.readings(identity=self._identity):
            result = row.reading.result
            if isinstance(result, Extraction | RowError):
                yield Answer(row.pictures, row.kind, row.engine, result)

    def __len__(self) -> int:
        return self._store.count(self._identity)

    def __bool__(self) -> bool:
        return True  # even if no answers are stored

    def __repr__(self) -> str:
        return f"CachedEngine({self.name!r}, {str(self._store.path)!r})"

    def __getstate__(self) -> dict[str, object]:
        return {n: v for n, v in self.__dict__.items() if n not in ("_asking", "_guard")}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._make_locks()

    def _make_locks(self) -> None:
        self._guard = threading.Lock()
        self._asking: WeakValueDictionary[bytes, threading.Lock] = WeakValueDictionary()

    def _recorded(self, wanted: str | None) -> tuple[str, str]:
        there = [e for e in self._store.engines() if wanted is None or e[0] == wanted]
        if len(there) == 1:
            return there[0]
        known = ", ".join(sorted({repr(name) for name, _ in self._store.engines()})) or "none"
        if not there:
            raise ArgumentError(f"{self._store.path} has no such answers; it has those of {known}")
        if len({name for name, _ in there}) == 1:
            raise ArgumentError(
                f"{self._store.path} has answers of {there[0][0]!r} with several options or "
                "models: pass the engine with those you want"
            )
        raise ArgumentError(f"{self._store.path} has answers of {known}: pass answers_of=…")

    def _find(self, key: bytes) -> Extraction | RowError | None:
        reading = self._store.get(key)
        result = None if reading is None else reading.result
        return result if isinstance(result, (Extraction, *_KEPT)) else None

    def _ask(
        self, question: Question, pictures: tuple[str, ...], request: Request
    ) -> Extraction | RowError:
        assert self._inner is not None
        start = perf_counter()
        result: Extraction | RowError
        try:
            result = ask(self._inner, request)
        except _KEPT as error:
            result = error
        names = tuple(image.name for image in request.images)
        reading = Reading(result, self.name, result.attempts, perf_counter() - start)
        self._store.put(question, pictures, names, reading)
        return result


ENGINE = CachedEngine
