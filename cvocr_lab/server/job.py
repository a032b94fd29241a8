"""Read requests in workers, behind a bounded queue.

A worker loads the pictures of a request, asks the engine and cuts out thumbnails.
"""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cvocr_lab import images
from cvocr_lab.engines import Engine, Request, ask
from cvocr_lab.engines._spec import EngineSpec
from cvocr_lab.errors import (
    ArgumentError,
    BatchError,
    CvocrError,
    ImageError,
    NoDocumentError,
    RowError,
)
from cvocr_lab.images import Fetch, InputImage, Limits
from cvocr_lab.images._limits import check_positive
from cvocr_lab.images.crops import corners_of, rectified, side_lengths
from cvocr_lab.kinds import TYPES, request_kind, spec_of
from cvocr_lab.results import Document, Extraction
from cvocr_lab.workers import Pool, ProcessWorker, ThreadWorker, WorkerDiedError

_MIB: Final = 2**20
_LIMITS: Final = Limits(max_bytes=32 * _MIB, max_pixels=60_000_000, max_pages=20)
_FETCH: Final = Fetch(max_bytes=32 * _MIB, total_s=30.0)
_WIDEST = 1200
"""Maximum width of a thumbnail in pixels."""

_THREADS: Final = 8
"""Number of threads for an engine that can be shared."""

_LONGEST_WAIT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of requests.

    A request body may have `body_bytes` and must arrive within `body_s` seconds.  At most `queue`
    requests wait (None: 16 per worker).  A worker may take `time_limit_s` seconds for one request,
    including fetching, and current requests may take `grace_s` seconds when the server stops.
    `limits` has the maximum sizes and pages of pictures, and `fetch` says how links are fetched,
    and whether private addresses are allowed.
    """

    body_bytes: int = 96 * _MIB
    body_s: float = 60.0
    queue: int | None = None
    time_limit_s: float = 60.0
    grace_s: float = 30.0
    limits: Limits = _LIMITS
    fetch: Fetch = _FETCH

    def __post_init__(self) -> None:
        check_positive(self, "body_bytes", "body_s", "time_limit_s", "grace_s")
        if self.queue is not None and self.queue < 0:
            raise ArgumentError(f"Bounds.queue must be 0 or more, not {self.queue}")


@dataclass(frozen=True, slots=True)
class Job:
    """The work for one request: pictures as encoded bytes or links, the front first.

    `thumb` requests the rectified crop of each paper.
    """

    kind: str
    pictures: tuple[bytes | str, ...]
    thumb: bool = False
    limits: Limits = field(default_factory=Limits)
    fetch: Fetch = field(default_factory=Fetch)

    def __repr__(self) -> str:
        return f"Job({self.kind!r}, {len(self.pictures)} pictures)"


Answer = Extraction | CvocrError
JobPool = Pool[Job, Answer]


def open_answerer(open_engine: Callable[[], Engine]) -> Callable[[Job], Answer]:
    """Open the engine, and return the function that answers jobs with it."""
    return partial(answer, open_engine())


def answer(engine: Engine, job: Job) -> Answer:
    """Return what the engine finds, or an error; never raises."""
    try:
        return _extraction(engine, job)
    except CvocrError as error:
        # An engine's own class may not unpickle, and a cause may contain values of the paper.
        known = next(t for t in type(error).__mro__ if t.__module__ == "cvocr_lab.errors")
        text = str(error)
    except MemoryError:
        known, text = ImageError, "the picture does not fit in memory"
    except Exception as error:
        known, text = RowError, f"engine {engine.name!r} failed ({type(error).__name__})"
    made: CvocrError = known(text)
    return made


def _extraction(engine: Engine, job: Job) -> Extraction:
    pictures = tuple(
        images.load_url(source, limits=job.limits, fetch=job.fetch)
        if isinstance(source, str)
        else images.load(source, limits=job.limits)
        for source in job.pictures
    )
    found = ask(engine, Request(pictures, job.kind))
    families = request_kind(job.kind).families
    if not families:
        if not found.lines:
            raise NoDocumentError("no text in the picture")
        return found
    documents = tuple(d for d in found.documents if _is_of(d, families))
    if not documents:
        raise NoDocumentError("no such paper in the picture")
    if not job.thumb:
        return replace(found, documents=tuple(replace(d, thumb=None) for d in documents))
    # The picture of a document is found by position if there is one on each, else by side.
    one_each = len(documents) == len(pictures)
    thumbs = []
    for at, document in enumerate(documents):
        number = at if one_each else int(document.side == "back")
        picture = pictures[number] if len(pictures) > 1 else pictures[0]
        thumbs.append(replace(document, thumb=document.thumb or _thumb(document, picture)))
    return replace(found, documents=tuple(thumbs))


def _is_of(document: Document, families: frozenset[str]) -> bool:
    spec = spec_of(document.type)
    return spec is None or spec.family in families  # the service may have unknown types


def _thumb(document: Document, picture: InputImage) -> bytes | None:
    """Return the rectified paper as PNG; None if its corners are unknown."""
    corners = corners_of(document.corners)
    if corners is None or document.page not in picture.numbers:
        return None
    from PIL import Image

    page = picture.pages[picture.numbers.index(document.page)]
    across, down = side_lengths(corners)
    width = max(8, min(_WIDEST, round(across)))
    height = max(8, round(width * _aspect(document.type, down / across)))
    file = io.BytesIO()
    Image.fromarray(rectified(page, corners, (width, height))).save(file, "PNG", compress_level=3)
    return file.getvalue()


def _aspect(name: str, seen: float) -> float:
    """Return height over width of the layout that is nearest to the paper."""
    sizes = [layout.size for layout in TYPES[name].layouts] if name in TYPES else []
    # A paper without a layout is assumed to have the size ID-1 of ISO/IEC 7810.
    aspects = [height / width for width, height in sizes] or [53.98 / 85.6]
    return min(aspects, key=lambda aspect: abs(aspect - seen))


def open_pool(engine: EngineSpec, *, workers: int | None, limit_s: float) -> JobPool:
    """Create and open the workers: threads if the engine can be shared, else processes."""
    count = engine.workers(workers, shared=_THREADS)
    if engine.is_open or engine.shared:
        thread = ThreadWorker(open_answerer(engine.open))
        return Pool([thread] * count, limit_s=limit_s)
    opens = partial(engine.open, shares=count > 1)
    processes = [ProcessWorker(partial(open_answerer, opens)) for _ in range(count)]
    try:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(ProcessWorker.open, processes))
    except BaseException:
        for process in processes:
            process.close(now=True)
        raise
    return Pool(processes, limit_s=limit_s)


class Queue:
    """Let a bounded number of requests wait for the workers."""

    def __init__(self, pool: JobPool, *, waiting: int) -> None:
        self.pool, self.waiting, self.inside = pool, waiting, 0
        self._free = asyncio.Semaphore(len(pool.workers))
        self._mean_s = 1.0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Occupy a place until the request is answered; a full queue raises the reply 503."""
        workers = len(self.pool.workers)
        if self.inside >= self.waiting + workers:
            wait = math.ceil(self._mean_s * self.inside / workers)
            headers = {"Retry-After": str(min(max(wait, 1), _LONGEST_WAIT_S))}
            raise HTTPException(503, "the queue is full", headers)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    async def read(self, job: Job, gone: Callable[[], Awaitable[None]]) -> Answer:
        """Wait for a free worker and for its answer; `gone` waits until the client disconnects.

        A `TimeLimitError` is raised if the worker took too long, and `ClientDisconnect` if the
        client has disconnected before anything was read.
        """
        if self._free.locked():
            await self._wait(gone)
        else:
            await self._free.acquire()
        start = perf_counter()
        try:
            try:
                return await asyncio.wrap_future(self.pool.submit(job))
            except WorkerDiedError:  # the picture may not be the cause
                return await asyncio.wrap_future(self.pool.submit(job))
        except WorkerDiedError as how:
            return RowError(f"the worker process died twice while reading it ({how})")
        except BatchError as error:
            return error
        finally:
            self._free.release()
            self._mean_s += 0.1 * (perf_counter() - start - self._mean_s)

    async def _wait(self, gone: Callable[[], Awaitable[None]]) -> None:
        """Wait for a free worker while the client is connected."""
        free = asyncio.ensure_future(self._free.acquire())
        leaving = asyncio.ensure_future(gone())
        try:
            await asyncio.wait({free, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                raise ClientDisconnect
        except BaseException:
            if free.done() and not free.cancelled():
                self._free.release()
            free.cancel()
            raise
        finally:
            leaving.cancel()
