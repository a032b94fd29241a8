"""Answers kept on disk: nothing is asked, and paid, twice.

Wraps any engine and is one.  Without an engine it replays what it holds: for tests, and for
scoring again without asking again.  The file holds people's data; it is made with mode 0600.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from types import MappingProxyType
from typing import Literal

from cvocr_lab.engines import Engine, Request, open_engine
from cvocr_lab.engines._answers import KEPT_ERRORS, dump, load
from cvocr_lab.engines._store import Row, Store
from cvocr_lab.errors import ArgumentError, RowError
from cvocr_lab.results import Extraction

__all__ = ["ENGINE", "Answer", "CachedEngine"]

_OPTIONS: Mapping[str, object] = MappingProxyType({})
_SECRETS = frozenset({"key", "secret", "api_key", "api_secret"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored answer.

    Parameters
    ----------
    images
        `InputImage.sha256` of the pictures.
    kind
        What was asked.
    engine
        Name and version of the engine that answered.
    result
        What it found, or the picture's own trouble.
    """

    images: tuple[str, ...]
    kind: str
    engine: str
    result: Extraction | RowError


class CachedEngine:
    """Asks `inner` once for each picture and kind, and the disk from then on.

    An answer is found again by the pictures' bytes (the link, where the engine sends links on),
    the pages taken of them, the kind, and the engine's name, version and options.  "No document",
    "broken picture" and "wrong format" are answers too; failures of transport, credentials or
    quota are not kept.  Any number of threads and processes may share one file; the threads of
    one process never ask the same thing twice.

    Parameters
    ----------
    inner
        The engine that is asked, or its name; None to replay only.
    path
        The file, SQLite; made when it is not there.
    answers_of
        In replay, whose answers (``"local 1"``); None where the file holds those of one engine.
    options
        Options of an engine given by name.

    Raises
    ------
    ArgumentError
        The file is not such a file, or its folder is not there; in replay, it is not there, or it
        does not say whose answers to replay.

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
        self._store = Store(path, make=inner is not None)
        self._inner = open_engine(inner, **options) if inner is not None else None
        self.undecoded = bool(getattr(self._inner, "undecoded", False))
        self._asking: dict[str, tuple[threading.Lock, list[None]]] = {}
        self._guard = threading.Lock()
        if self._inner is None:
            self.name, self._options = self._recorded(answers_of)
            return
        self.name = self._inner.name
        told = getattr(self._inner, "options", None)
        plain = told if isinstance(told, Mapping) else options
        self._options = _canonical({n: str(v) for n, v in plain.items() if n not in _SECRETS})

    @property
    def parallel(self) -> Literal["process", "thread"]:
        """How a bulk run may share it: as the engine inside."""
        if self._inner is None:
            return "thread"
        shared = getattr(self._inner, "parallel", "process") == "thread"
        return "thread" if shared else "process"

    def extract(self, request: Request) -> Extraction:
        """Read one request, from disk where the answer is there.

        Raises
        ------
        RowError
            This request cannot be read; in replay, no answer to it is recorded.
        BatchError
            No request can be read.
        """
        key = self._key(request)
        result = self._kept(key)
        if result is None and self._inner is None:
            # Engines that send pictures on were asked for whole files, without page numbers.
            result = self._kept(self._key(request, whole=True))
        if result is None and self._inner is None:
            raise RowError(
                f"no answer of {self.name!r} is recorded for {_named(request)} and kind "
                f"{request.kind!r}: record it first, by giving the engine"
            )
        if result is None:
            with self._alone(key):
                result = self._kept(key) or self._ask(key, request)
        if isinstance(result, RowError):
            raise result
        return result

    def answers(self) -> Iterator[Answer]:
        """Every stored answer of this engine, oldest first: what a frame can be made of again.

        Examples
        --------
        ``frames.to_frame(Reading(a.result, engine=a.engine) for a in engine.answers())`` with a
        frame of sources in the same order.
        """
        for row in self._store.rows(self.name, self._options):
            images = tuple(json.loads(row.images))
            yield Answer(images, row.kind, row.engine, load(row.answer))

    def __len__(self) -> int:
        return self._store.count(self.name, self._options)

    def __bool__(self) -> bool:
        return True  # an empty one is an engine all the same

    def __repr__(self) -> str:
        return f"CachedEngine({self.name!r}, {str(self._store.path)!r})"

    def __getstate__(self) -> dict[str, object]:
        kept = {"_store": self._store, "_inner": self._inner, "_options": self._options}
        return {"name": self.name, "undecoded": self.undecoded, **kept}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state, _asking={}, _guard=threading.Lock())

    def _recorded(self, wanted: str | None) -> tuple[str, str]:
        there = [e for e in self._store.engines() if wanted is None or e[0] == wanted]
        if len(there) == 1:
            return there[0]
        known = ", ".join(sorted({repr(name) for name, _ in self._store.engines()})) or "none"
        if not there:
            raise ArgumentError(f"{self._store.path} holds no such answers; it holds: {known}")
        if len({name for name, _ in there}) == 1:
            raise ArgumentError(
                f"{self._store.path} holds answers of {there[0][0]!r} with several options: "
                "give the engine with those you want"
            )
        raise ArgumentError(f"{self._store.path} holds answers of {known}: say answers_of=…")

    def _key(self, request: Request, *, whole: bool = False) -> str:
        pictures = [[image.sha256, () if whole else image.numbers] for image in request.images]
        asked = [self.name, self._options, request.kind, pictures]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def _kept(self, key: str) -> Extraction | RowError | None:
        text = self._store.get(key)
        try:
            return None if text is None else load(text)
        except ValueError:
            return None  # of another version of this file: ask again

    def _ask(self, key: str, request: Request) -> Extraction | RowError:
        result: Extraction | RowError
        assert self._inner is not None
        try:
            result = self._inner.extract(request)
        except RowError as error:
            if type(error).__name__ not in KEPT_ERRORS:
                raise
            result = error
        images = json.dumps([image.sha256 for image in request.images])
        self._store.put(key, Row(images, request.kind, self.name, self._options, dump(result)))
        return result

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Let one thread ask at a time for each key; forget the key when nobody waits."""
        with self._guard:
            lock, waiting = self._asking.setdefault(key, (threading.Lock(), []))
            waiting.append(None)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                waiting.pop()
                if not waiting:
                    del self._asking[key]


def _canonical(options: Mapping[str, str]) -> str:
    return json.dumps(options, sort_keys=True, ensure_ascii=False)


def _named(request: Request) -> str:
    return " and ".join(image.name for image in request.images)


ENGINE = CachedEngine
