"""One contract for every engine: the offline one, any in memory, on disk, and over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Literal

import pytest
from fake_engine import AUTH, AWAY, NOTHING, SAMPLES, SPENT, Fake, file_server, png

from cvocr_lab.engines import Engine, Request, open_engine
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.engines.cloud import CloudEngine
from cvocr_lab.errors import CvocrError, NoDocumentError, QuotaError, TransportError
from cvocr_lab.images import Fetch, load
from cvocr_lab.kinds import REQUESTS
from cvocr_lab.results import Extraction, Quad, box_quad
from cvocr_lab.server import Bounds, Keys, make_app, serving
from cvocr_lab.wire import transports

NEAR = Fetch(allow_private=True)


class Made:
    """Makes engines around another, and ends them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self.stack = ExitStack()

    def itself(self, engine: Engine) -> Engine:
        return engine

    def cached(self, engine: Engine) -> Engine:
        return CachedEngine(engine, self._folder / f"{next(self._numbers)}.sqlite")

    def recorded(self, engine: Engine) -> Engine:
        """Answers from disk where there are some, and never from the engine."""
        path = self._folder / f"{next(self._numbers)}.sqlite"
        CachedEngine(engine, path).extract(Request((load(png()),), "id_any"))
        return _Recording(engine, path)

    def cloud(self, engine: Engine) -> Engine:
        app = make_app(engine, keys=Keys(dict([AUTH])), bounds=Bounds(fetch=NEAR))
        url = self.stack.enter_context(serving(app))
        key, secret = AUTH
        asking = CloudEngine(key=key, secret=secret, base_url=url, retries=0)
        self.stack.callback(asking.close)
        return asking

    def cached_cloud(self, engine: Engine) -> Engine:
        return self.cached(self.cloud(engine))

    def cloud_of_cloud(self, engine: Engine) -> Engine:
        return self.cloud(self.cloud(engine))


class _Recording:
    """Asks the engine and notes the answer; what is told comes from a replay."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.name = engine.name
        self._engine, self._path = engine, path

    def extract(self, request: Request) -> Extraction:
        try:
            CachedEngine(self._engine, self._path).extract(request)
        except (QuotaError, TransportError):
            raise
        except CvocrError:
            pass
        return CachedEngine(None, self._path).extract(request)


WAYS = [Made.itself, Made.cached, Made.recorded, Made.cloud, Made.cached_cloud, Made.cloud_of_cloud]
Way = Callable[[Made, Engine], Engine]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    making = Made(tmp_path_factory.mktemp("answers"))
    with making.stack:
        yield making


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.__name__)
def engine(request: pytest.FixtureRequest, made: Made) -> Engine:
    way: Way = request.param
    return way(made, Fake())


def ask(engine: Engine, *sources: object, kind: str) -> Extraction:
    decode = not getattr(engine, "undecoded", False)
    images = tuple(load(source, decode=decode, fetch=NEAR) for source in sources)
    return engine.extract(Request(images, kind))


def told(found: Extraction, kind: str) -> list[object]:
    """What every way of asking gives alike."""
    if kind == "scan":
        return [line.text for line in found.lines]
    return [
        (d.type, d.side, {n: (v.text, v.confidence) for n, v in d.fields.items()})
        for d in found.documents
    ]


CASES = [(kind, how) for kind in REQUESTS for how in (*transports(kind), "bytes")]


@pytest.mark.parametrize(("kind", "how"), CASES)
def test_every_kind_is_read_alike_whatever_comes_between(
    engine: Engine, kind: str, how: Literal["url", "file", "base64", "bytes"], tmp_path: Path
) -> None:
    pictures = [png(60 + 10 * at, 50, grey=at) for at in range(REQUESTS[kind].images)]
    paths = [tmp_path / f"ảnh {at}.png" for at in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        path.write_bytes(picture)
    expected = told(ask(Fake(), *pictures, kind=kind), kind)
    assert len(expected) == len(pictures)
    with file_server(tmp_path) as files:
        sources: list[object] = list(pictures)
        if how == "url":
            sources = [f"{files}/{path.name}" for path in paths]
        elif how == "file":
            sources = list(paths)
        for _ in range(2):
            assert told(ask(engine, *sources, kind=kind), kind) == expected


@pytest.mark.parametrize(
    ("width", "error"), [(NOTHING, NoDocumentError), (SPENT, QuotaError), (AWAY, TransportError)]
)
@pytest.mark.parametrize("kind", ["id_any", "vehicle"])
def test_trouble_is_told_alike(
    engine: Engine, kind: str, width: int, error: type[CvocrError]
) -> None:
    for _ in range(2):
        with pytest.raises(error):
            ask(engine, png(width), kind=kind)


# The offline engine ------------------------------------------------------------------------------

PAPERS = [("id_any", "19_tcc_scan.jpg"), ("vehicle", "16_vehicle_registration_back_scan.jpg")]


def box(quad: Quad | None) -> Quad | None:
    """The upright box that the API has place for."""
    return quad and box_quad(min(quad[::2]), min(quad[1::2]), max(quad[::2]), max(quad[1::2]))


def test_the_offline_engine_says_the_same_over_http(made: Made) -> None:
    offline = made.cached(open_engine("local"))
    over_http = made.cloud(offline)
    for kind, name in PAPERS:
        here = ask(offline, SAMPLES / name, kind=kind)
        there = ask(over_http, SAMPLES / name, kind=kind)
        assert told(here, kind) == told(there, kind)
        assert sum(len(d.fields) for d in here.documents) > 5
        for one, other in zip(here.documents, there.documents, strict=True):
            for field, value in one.fields.items():
                assert box(value.quad) == other.fields[field].quad
