"""The nineteen calls of the API's pages, as their demo programs make them."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from fake_engine import AUTH, SAMPLES, V1, V2, Fake, file_server, text
from PIL import Image

from cvocr_lab.engines import Engine, Request, open_engine
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.engines.cloud import CloudEngine
from cvocr_lab.images import Fetch
from cvocr_lab.results import Document, Extraction
from cvocr_lab.server import Bounds, Keys, make_app, serving

FRONT, BACK = SAMPLES / "19_tcc_scan.jpg", SAMPLES / "22_matsautcc_scan.jpg"
CHIP, PASSPORT = SAMPLES / "06_tcc_chip_photo.jpg", SAMPLES / "10_passport_scan.jpg"
CAR, CAR_BACK = (
    SAMPLES / "13_vehicle_registration_front_scan.jpg",
    SAMPLES / "16_vehicle_registration_back_scan.jpg",
)
PDF = SAMPLES / "pages_identity.pdf"
PAIRS, SINGLE = V2 + "vehicle_registrations", V2 + "vehicle_registration"


def as_png(path: Path) -> str:
    """What the pages' programs send as JSON: the picture saved as PNG, in base64."""
    file = io.BytesIO()
    with Image.open(path) as picture:
        picture.save(file, format="PNG")
    return text(file.getvalue())


class Calls:
    """One method a way of asking; all else is as in the programs."""

    def __init__(self, host: str, files: str) -> None:
        self.host, self.files = host, files

    def url(self, path: str, **pictures: Path) -> Any:
        # Put in as they are, without escaping.
        query = "&".join("%s=%s/%s" % (n, self.files, p.name) for n, p in pictures.items())  # noqa: UP031
        if path.startswith(V2):
            query += "&format_type=url&get_thumb=false"
        return self._json(requests.get("%s%s?%s" % (self.host, path, query), auth=AUTH))  # noqa: UP031

    def file(self, path: str, **pictures: Path) -> Any:
        if path.startswith(V2):
            path += "?format_type=file&get_thumb=false"
        files = {name: picture.open("rb") for name, picture in pictures.items()}
        try:
            return self._json(requests.post(self.host + path, auth=AUTH, files=files))
        finally:
            for file in files.values():
                file.close()

    def json(self, path: str, **pictures: Path) -> Any:
        if path.startswith(V2):
            path += "?format_type=base64&get_thumb=false"
        else:
            path += "base64"
        body = {name: as_png(picture) for name, picture in pictures.items()}
        return self._json(requests.post(self.host + path, auth=AUTH, json=body))

    @staticmethod
    def _json(response: requests.Response) -> Any:
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["errorCode"] == "0"
        return answer


def all_nineteen(call: Calls) -> Iterator[tuple[Path, Any]]:
    """Make the calls; give the type and the fields of each paper, with its picture."""
    for ask in (call.url, call.file, call.json):
        answer = ask(V1 + "get_haimat", mattruoc=FRONT, matsau=BACK)
        assert "type" not in answer
        yield FRONT, ("tcc", answer["data"]["mattruoc"])
        yield BACK, ("matsautcc", answer["data"]["matsau"])
    names = ("url", "image", "image")
    for ask, name in zip((call.url, call.file, call.json), names, strict=True):
        for path, picture in (("get_mattruoc", CHIP), ("get_matsau", BACK)):
            answer = ask(V1 + path, **{name: picture})
            assert answer["valid"] in ("True", "False")
            yield picture, (answer["type"], answer["data"])
        answer = ask(V1 + "get_infor_all", **{name: PASSPORT})
        yield PASSPORT, (answer["type"], answer["data"])
    answer = call.file(V1.replace("/cmt/", "/v1/") + "get_infor", file=PDF)
    assert answer["type"] == "pdf"
    for paper in answer["data"]:
        yield PDF, (paper["type"], paper["data"])
    for ask in (call.url, call.file, call.json):
        answer = ask(PAIRS, img1=CAR, img2=CAR_BACK)
        for paper, picture in zip(answer["data"], (CAR, CAR_BACK), strict=True):
            assert "valid" not in paper
            assert "invalidMessage" not in paper
            assert "image" not in paper["info"]
            yield picture, (paper["type"], paper["info"])
    for ask in (call.url, call.file, call.json):
        answer = ask(SINGLE, img=CAR_BACK)
        yield CAR_BACK, (answer["data"]["type"], answer["data"]["info"])


@pytest.fixture(scope="module")
def samples() -> Iterator[str]:
    with file_server(SAMPLES) as url:
        yield url


def bounds() -> Bounds:
    return Bounds(fetch=Fetch(allow_private=True), time_limit_s=300)


@contextmanager
def itself(_: Path) -> Iterator[Engine]:
    yield Fake()


@contextmanager
def cached(folder: Path) -> Iterator[Engine]:
    yield CachedEngine(Fake(), folder / "answers.sqlite")


@contextmanager
def another_server(_: Path) -> Iterator[Engine]:
    with serving(make_app(Fake(), keys=Keys(dict([AUTH])), bounds=bounds())) as url:
        engine = CloudEngine(key=AUTH[0], secret=AUTH[1], base_url=url)
        yield engine
        engine.close()


@pytest.mark.parametrize("engine", [itself, cached, another_server])
def test_each_call_brings_its_pictures(
    samples: str, engine: Callable[[Path], AbstractContextManager[Engine]], tmp_path: Path
) -> None:
    with engine(tmp_path) as answering:
        app = make_app(answering, keys=Keys(dict([AUTH])), bounds=bounds())
        with serving(app) as host:
            told = list(all_nineteen(Calls(host, samples)))
    sizes = {}
    for picture in {p for p, _ in told} - {PDF}:
        with Image.open(picture) as opened:
            sizes[picture] = f"{opened.width} {opened.height} "
    for picture, (_, fields) in told:
        size = next(v for n, v in fields.items() if n in ("name", "date", "plate", "dob"))
        assert picture == PDF or size.startswith(sizes[picture])
    assert len(told) == 3 * 2 + 3 * 3 + 1 + 3 * 2 + 3


# Names that differ between the API's versions and the labels' columns.
SAME = {"type", "side", "tier", "page", "image", "mrz", "qr"}


class Offline:
    """The offline engine, which reads equal pixels once: twenty-eight pictures, seven of them."""

    name = "offline"

    def __init__(self) -> None:
        self.engine = open_engine("local")
        self.read: dict[bytes, Extraction] = {}

    def extract(self, request: Request) -> Extraction:
        documents: list[Document] = []
        for image in request.images:
            pixels = hashlib.sha256(b"".join(page.tobytes() for page in image.pages)).digest()
            if pixels not in self.read:
                self.read[pixels] = self.engine.extract(Request((image,)))
            documents += self.read[pixels].documents
        return Extraction(tuple(documents))


@pytest.mark.slow
def test_the_offline_engine_reads_the_samples_through_them(samples: str) -> None:
    with (SAMPLES / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    app = make_app(Offline(), keys=Keys(dict([AUTH])), bounds=bounds())
    with serving(app) as host:
        told = list(all_nineteen(Calls(host, samples)))
    right = compared = 0
    pages = [row for row in labels if row["image"] == PDF.name]
    assert [kind for p, (kind, _) in told if p == PDF] == [row["type"] for row in pages]
    for picture, (kind, fields) in told:
        if picture == PDF:
            row = pages.pop(0)
        else:
            row = next(row for row in labels if row["image"] == picture.name)
        assert kind == row["type"]
        for name, label in row.items():
            if label and label != "###" and name not in SAME:
                compared += 1
                right += fields.get(name) == label
    assert compared > 100
    assert right / compared > 0.9
