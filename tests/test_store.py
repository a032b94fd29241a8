import functools
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cvocr_lab import batch
from cvocr_lab.batch import RowsFailedWarning, RunStoppedWarning, read_store
from cvocr_lab.engines import Identity, Request, identity_of, open_engine
from cvocr_lab.engines._spec import engine_spec
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.errors import NoDocumentError, QuotaError, RowError
from cvocr_lab.images import Limits, load
from cvocr_lab.results import Document, Extraction, FieldValue

extract = functools.partial(batch.extract, progress=False)


@dataclass
class Fake:
    """Reads widths; does `special` first."""

    name: str = "fake 1"
    parallel: str = "thread"
    special: Callable[[int], object] = field(default=lambda _: None)
    seen: list[int] = field(default_factory=list)

    def extract(self, request: Request) -> Extraction:
        widths = [image.pixels.shape[1] for image in request.images]
        self.seen += widths
        self.special(widths[0])
        quad = (0.1, 0.2, 1 / 3, 4.0, 5.0, 6.0, 7.0, 8.0)
        faces = [
            Document("tcc_chip", "front", {"id": FieldValue(str(w), w / 97, quad)}, corners=quad)
            for w in widths
        ]
        return Extraction(tuple(faces), engine=self.name)


class OwnError(RowError):
    code = "77"

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., list[str]]:
    def make(*widths: int, ending: str = "png") -> list[str]:
        paths = [tmp_path / f"{w}.{ending}" for w in widths]
        for path, w in zip(paths, widths, strict=True):
            Image.new("RGB", (w, 12)).save(path, "PNG")
        return [str(p) for p in paths]

    return make


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def test_the_same_call_reads_nothing_twice(pictures: Callable[..., list[str]], store: Path) -> None:
    engine = Fake()
    paths = pictures(21, 22, 23)
    first = extract(paths, engine=engine, store=store)
    again = extract(paths, engine=engine, store=store)
    assert sorted(engine.seen) == [21, 22, 23]
    pd.testing.assert_frame_equal(first, again)


def test_the_new_call_decides_on_rows_order_and_index(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    engine = Fake()
    a, b, c = pictures(21, 22, 23)
    extract([a, b], engine=engine, store=store)
    series = pd.Series([c, b, b, a], index=list("wxyz"), name="photo")
    frame = extract(series, engine=engine, store=store)
    assert frame.index.tolist() == ["w", "x", "y", "z"]
    assert frame["photo"].tolist() == [c, b, b, a]
    assert frame["id"].tolist() == ["23", "22", "22", "21"]
    assert frame["ocr_attempts"].tolist() == [1, 1, 0, 1]
    assert sorted(engine.seen) == [21, 22, 23]


def test_a_picture_is_the_same_under_any_name(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    engine = Fake()
    (path,) = pictures(21)
    (other,) = pictures(21, ending="jpg")
    content = Path(path).read_bytes()
    frame = extract([path, other, content], engine=engine, store=store, workers=1)
    assert engine.seen == [21]
    assert frame["ocr_attempts"].tolist() == [1, 0, 0]
    Path(path).rename(f"{path}.moved")
    extract([f"{path}.moved"], engine=engine, store=store)
    assert engine.seen == [21]


def test_equal_pictures_are_read_once_without_a_store_too(
    pictures: Callable[..., list[str]],
) -> None:
    engine = Fake()
    (path,) = pictures(21)
    (other,) = pictures(21, ending="jpg")
    array = np.zeros((12, 30, 3), np.uint8)
    frame = extract([path, array, other, array.copy()], engine=engine, workers=1)
    assert engine.seen == [21, 30]
    assert frame["ocr_attempts"].tolist() == [1, 1, 0, 0]
    assert frame["id"].tolist() == ["21", "30", "21", "30"]


def test_equal_pictures_wait_for_the_one_that_is_read(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    engine = Fake(special=lambda _: time.sleep(0.1))
    (path,) = pictures(21)
    frame = extract([path] * 6, engine=engine, store=store, workers=4)
    assert engine.seen == [21]
    assert frame["id"].tolist() == ["21"] * 6


def test_a_changed_file_is_read_again(pictures: Callable[..., list[str]], store: Path) -> None:
    engine = Fake()
    (path,) = pictures(21)
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))
    extract([path], engine=engine, store=store)
    Image.new("RGB", (22, 12)).save(path)
    os.utime(path, (hour_ago, hour_ago))  # as copies keep their times
    frame = extract([path], engine=engine, store=store)
    assert frame["id"].tolist() == ["22"]
    assert engine.seen == [21, 22]


def test_a_settled_file_is_not_opened_again_to_know_it(
    pictures: Callable[..., list[str]], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = pictures(21)
    monkeypatch.setattr(batch.already_read, "_SETTLED_NS", -1)
    extract([path], engine=Fake(), store=store)

    def unasked(*_: object, **__: object) -> str:
        raise AssertionError

    monkeypatch.setattr("cvocr_lab.images.load", unasked)
    assert extract([path], engine=Fake(), store=store)["id"].tolist() == ["21"]


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    (path,) = pictures(21)
    engine = Fake(special=lambda _: Image.new("RGB", (25, 12)).save(path))
    extract([path], engine=engine, store=store)
    engine.special = lambda _: None
    assert extract([path], engine=engine, store=store)["id"].tolist() == ["25"]
    assert len(read_store(store)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "id_front"},
        {"engine": Fake(name="fake 2")},
        {"pages": [1]},
        {"limits": Limits(pdf_dpi=100)},
    ],
)
def test_another_question_is_another_answer(
    other: dict[str, object], pictures: Callable[..., list[str]], store: Path
) -> None:
    engine = Fake()
    paths = pictures(21)
    extract(paths, engine=engine, store=store)
    extract(paths, **{"engine": engine, **other}, store=store)
    seen = engine.seen + getattr(other.get("engine"), "seen", [])
    assert seen == [21, 21]


def test_a_looser_limit_costs_no_new_run(pictures: Callable[..., list[str]], store: Path) -> None:
    engine = Fake()
    for limits in (Limits(), Limits(max_pages=99)):
        extract(pictures(21), engine=engine, store=store, limits=limits)
    assert engine.seen == [21]


class Optioned(Fake):
    """Stands for an engine that is opened by its name, with options."""

    given: ClassVar[list[dict[str, object]]] = []

    def __init__(self, **options: object) -> None:
        super().__init__()
        self.given.append(options)


def test_options_count_credentials_and_threads_do_not(
    pictures: Callable[..., list[str]],
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import cvocr_lab.engines.local as local

    monkeypatch.setattr(local, "ENGINE", Optioned)
    model = tmp_path / "own.onnx"
    model.write_bytes(b"one")
    paths = pictures(21)
    read = functools.partial(extract, paths, store=store, workers=1)
    Optioned.given.clear()
    for options in (
        {"model": model, "key": "K-1", "secret": "S-1", "threads": 1},
        {"model": model, "key": "K-2", "secret": "S-2", "threads": 2},
    ):
        read(**options)
    assert len(Optioned.given) == 1
    model.write_bytes(b"trained again")
    read(model=model)
    read(model=model, reader="other")
    assert len(Optioned.given) == 3
    assert b"S-1" not in store.read_bytes()


def test_a_new_model_of_the_same_name_reads_again(
    pictures: Callable[..., list[str]], store: Path, tmp_path: Path
) -> None:
    model = tmp_path / "mine.onnx"

    class Trained(Fake):
        def identity(self) -> Identity:
            return Identity.of(self.name, models=[model])

    engine = Trained()
    paths = pictures(21)
    for content, reads in ("of May", 1), ("of May", 1), ("of June", 2), ("of May", 2):
        model.write_text(content)
        extract(paths, engine=engine, store=store)
        CachedEngine(engine, store).extract(Request((load(paths[0]),)))
        assert len(engine.seen) == reads


def test_the_offline_engine_is_known_by_all_its_models(tmp_path: Path) -> None:
    from cvocr_lab.engines.local.recogniser import model_file

    shipped = engine_spec("local", {"threads": 1}).identity()
    assert shipped == engine_spec("local", {"threads": 2}).identity()
    assert len(shipped.models) >= 2
    assert {len(digest) for digest in shipped.models.values()} == {64}
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(model_file().read_bytes())
    named = engine_spec("local", {"model": mine}).identity()
    opened = identity_of(open_engine("local", model=mine))
    assert named == opened != shipped
    mine.write_bytes(model_file().read_bytes() + b" ")
    assert engine_spec("local", {"model": mine}).identity() != named


def test_failed_rows_stay_failed_until_asked(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    broken = True

    def special(width: int) -> None:
        if broken and width == 22:
            raise NoDocumentError("none")
        if broken and width == 23:
            raise OwnError("own", " trouble")

    engine = Fake(special=special)
    paths = pictures(21, 22, 23)
    with pytest.warns(RowsFailedWarning, match="retry_failed=True"):
        first = extract(paths, engine=engine, store=store, workers=1)
    broken = False
    with pytest.warns(RowsFailedWarning, match="2 of 3"):
        kept = extract(paths, engine=engine, store=store, workers=1)
    pd.testing.assert_frame_equal(first, kept)
    assert kept["ocr_error"].tolist()[1:] == ["NoDocumentError: none", "OwnError: own trouble"]
    assert kept["ocr_error_code"].tolist()[1:] == ["1", "77"]
    again = [*paths, paths[1]]
    retried = extract(again, engine=engine, store=store, retry_failed=True, workers=1)
    assert retried["id"].tolist() == ["21", "22", "23", "22"]
    assert engine.seen == [21, 22, 23, 22, 23]
    assert extract(paths, engine=engine, store=store)["ocr_error"].isna().all()


def test_a_retry_that_fails_again_is_made_once(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    def special(_: int) -> None:
        raise NoDocumentError("none")

    engine = Fake(special=special)
    paths = pictures(21) * 3
    for retry in (False, True):
        with pytest.warns(RowsFailedWarning, match="3 of 3"):
            extract(paths, engine=engine, store=store, retry_failed=retry, workers=1)
    assert engine.seen == [21, 21]


def test_a_source_that_is_not_there_may_come_later(
    pictures: Callable[..., list[str]], store: Path, tmp_path: Path
) -> None:
    path = str(tmp_path / "24.png")
    with pytest.warns(RowsFailedWarning):
        extract([path], engine=Fake(), store=store)
    pictures(24)
    assert extract([path], engine=Fake(), store=store)["id"].tolist() == ["24"]


@pytest.mark.parametrize("workers", [1, 3])
def test_what_stops_a_run_is_not_kept_and_what_was_read_is(
    workers: int, pictures: Callable[..., list[str]], store: Path
) -> None:
    def special(width: int) -> None:
        if width == 24:
            time.sleep(0.3)
            raise QuotaError("none left")

    engine = Fake(special=special)
    paths = pictures(*range(21, 30))
    with pytest.raises(QuotaError):
        extract(paths, engine=engine, store=store, workers=workers)
    engine.special = lambda _: None
    frame = extract(paths, engine=engine, store=store, workers=workers)
    assert frame["id"].tolist() == [str(w) for w in range(21, 30)]
    assert sorted(engine.seen) == sorted([*range(21, 30), 24])


def test_calls_under_way_at_an_interrupt_are_kept_when_they_end(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def special(width: int) -> None:
        if width == 21:
            begun.wait(20)
            raise KeyboardInterrupt
        begun.set()
        stopped.wait(20)

    engine = Fake(special=special)
    paths = pictures(21, 22)
    with pytest.warns(RunStoppedWarning):
        extract(paths, engine=engine, store=store, workers=2)
    stopped.set()
    deadline = time.monotonic() + 20
    while not len(read_store(store)) and time.monotonic() < deadline:
        time.sleep(0.05)
    engine.special = lambda _: None
    assert extract(paths, engine=engine, store=store)["id"].tolist() == ["21", "22"]
    assert sorted(engine.seen) == [21, 21, 22]


def test_readings_are_on_disk_before_the_bar_moves(
    pictures: Callable[..., list[str]], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    class Looking(batch.run.Progress):
        def step(self, *, failed: bool) -> None:
            with sqlite3.connect(store) as other:  # what another process would see
                counts.append(other.execute("SELECT count(*) FROM readings").fetchone()[0])
            other.close()
            super().step(failed=failed)

    monkeypatch.setattr(batch.run, "Progress", Looking)
    extract(pictures(*range(21, 30)), engine=Fake(), store=store, workers=1)
    assert all(there >= shown for shown, there in enumerate(counts, 1))
    assert len(counts) == 9
