import functools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from test_store import Fake

from cvocr_lab import batch
from cvocr_lab.batch import RowsFailedWarning, RunStoppedWarning
from cvocr_lab.engines import Request
from cvocr_lab.errors import ArgumentError, NoDocumentError, QuotaError
from cvocr_lab.frames import read_frame, write_frame
from cvocr_lab.results import Document, Extraction, FieldValue


def in_chunks(*args: Any, chunksize: int = 1_000, **options: Any) -> Iterator[pd.DataFrame]:
    return batch.extract(*args, chunksize=chunksize, progress=False, **options)


extract = functools.partial(batch.extract, progress=False)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., list[str]]:
    def make(*widths: int) -> list[str]:
        paths = [tmp_path / f"{w}.png" for w in widths]
        for path, w in zip(paths, widths, strict=True):
            Image.new("RGB", (w, 12)).save(path)
        return [str(p) for p in paths]

    return make


@pytest.fixture
def table(pictures: Callable[..., list[str]]) -> pd.DataFrame:
    paths = [*pictures(*range(21, 30)), "nay.png", None]
    paths.insert(5, paths[1])
    return pd.DataFrame({"image": paths}, index=pd.Index(range(100, 112), name="card"))


class Various(Fake):
    """Finds other papers, fields and facts the further the run goes."""

    def extract(self, request: Request) -> Extraction:
        width = request.images[0].pixels.shape[1]
        self.special(width)
        quad = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
        id_card = Document("tcc_chip", "front", {"id": FieldValue(str(width), 0.5, quad)})
        plate = Document("vehicle_registration_front", "front", {"plate": FieldValue("29A-1")})
        odd = Document("cmt", "front", {"odd": FieldValue("x")}, extra={"more": "y"})
        found = [id_card, *[plate] * (width > 24), *[odd] * (width > 27)]
        return Extraction(tuple(found), engine="various 1")


def untimed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="ocr_seconds")


@pytest.mark.parametrize("chunk", [1, 2, 5, 12, 100])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_pieces_are_the_whole(chunk: int, workers: int, table: pd.DataFrame) -> None:
    engine = Fake(special=lambda w: time.sleep(0.03 if w == 21 else 0))
    with pytest.warns(RowsFailedWarning, match="2 of 12 rows failed") as noted:
        pieces = list(in_chunks(table, chunksize=chunk, engine=engine, workers=workers))
    assert len(noted) == 1
    assert noted[0].filename == __file__
    assert [len(piece) for piece in pieces[:-1]] == [chunk] * (len(pieces) - 1)
    assert len({tuple(piece.columns) for piece in pieces}) == 1
    assert len({tuple(piece.dtypes) for piece in pieces}) == 1
    with pytest.warns(RowsFailedWarning):
        whole = extract(table, engine=Fake(), workers=workers)
    pd.testing.assert_frame_equal(untimed(pd.concat(pieces)[whole.columns]), untimed(whole))


def test_no_rows_are_one_empty_frame() -> None:
    (frame,) = in_chunks([], engine=Fake())
    assert len(frame) == 0
    assert {"image", "id", "plate", "ocr_error"} <= set(frame.columns)


def test_a_wrong_call_says_so_before_the_first_frame() -> None:
    with pytest.raises(ArgumentError, match="unknown kind"):
        in_chunks(["a"], kind="nay")
    with pytest.raises(ArgumentError, match="at least 1"):
        in_chunks(["a"], chunksize=0)


def test_one_slow_row_does_not_pile_up_those_behind_it(
    pictures: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch.extraction, "_FAR", 8)
    others = threading.Event()

    def special(width: int) -> None:
        if width == 21:
            others.wait(20)
        elif len(engine.seen) >= 8:
            others.set()

    engine = Fake(special=special)
    threading.Timer(1.0, others.set).start()
    frames = in_chunks(pictures(*range(21, 61)), chunksize=2, engine=engine, workers=3)
    next(frames)
    assert len(engine.seen) <= 8 + 2 + 4 * 3
    assert sum(len(frame) for frame in frames) == 38


def test_a_store_of_finished_rows_does_not_hold_up_the_first(
    pictures: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch.extraction, "_FAR", 4)
    store = tmp_path / "run.sqlite"
    paths = pictures(*range(21, 61))
    extract(paths[1:], engine=Fake(), store=store)
    engine = Fake()
    frames = list(in_chunks(paths, chunksize=1, engine=engine, store=store, workers=2))
    assert [frame["id"].iloc[0] for frame in frames] == [str(w) for w in range(21, 61)]
    assert engine.seen == [21]


def test_equal_pictures_are_forgotten_without_a_store_and_known_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch.extraction, "_REMEMBERED", 3)
    arrays = [np.zeros((12, w, 3), np.uint8) for w in range(21, 51)]
    for store, times in (None, 2), (tmp_path / "run.sqlite", 1):
        # Before the last row, the run is given time to hand over those before it.
        engine = Fake(special=lambda width: time.sleep(0.5) if width == 50 else None)
        rows = [arrays[0], arrays[0], *arrays[1:], arrays[0]]
        frames = pd.concat(in_chunks(rows, engine=engine, store=store, workers=1))
        assert engine.seen.count(21) == times
        assert frames["id"].tolist() == ["21", *map(str, range(21, 51)), "21"]


def test_an_interrupt_gives_the_finished_rest(pictures: Callable[..., list[str]]) -> None:
    def special(width: int) -> None:
        if width == 26:
            raise KeyboardInterrupt

    with pytest.warns(RunStoppedWarning, match="5 of 9 rows"):
        frames = list(
            in_chunks(
                pictures(*range(21, 30)), chunksize=2, engine=Fake(special=special), workers=1
            )
        )
    assert [frame["id"].tolist() for frame in frames] == [["21", "22"], ["23", "24"], ["25"]]


def test_what_stops_a_run_holds_the_rows_not_given_yet(pictures: Callable[..., list[str]]) -> None:
    def special(width: int) -> None:
        if width == 26:
            raise QuotaError("none left")

    given = []
    with pytest.raises(QuotaError) as caught:  # noqa: PT012 - the loop is the call
        for frame in in_chunks(
            pictures(*range(21, 30)), chunksize=2, engine=Fake(special=special), workers=1
        ):
            given += frame["id"].tolist()
    assert given == ["21", "22", "23", "24"]
    assert caught.value.partial is not None
    assert caught.value.partial["id"].tolist() == ["25"]


def test_reading_goes_on_while_the_caller_works(pictures: Callable[..., list[str]]) -> None:
    engine = Fake()
    frames = in_chunks(pictures(*range(21, 51)), chunksize=2, engine=engine, workers=1)
    next(frames)
    end = time.monotonic() + 30
    while len(engine.seen) < 30:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert sum(map(len, frames)) == 28


def test_no_more_is_read_than_forty_rows_ahead() -> None:
    engine = Fake()
    arrays = [np.zeros((12, w, 3), np.uint8) for w in range(21, 1221)]
    frames = in_chunks(arrays, chunksize=2, engine=engine, workers=1)
    next(frames)
    time.sleep(2)
    assert 30 < len(engine.seen) <= 50
    # In a long run, finished rows of a fast engine gather.
    assert sum(len(next(frames)) for _ in range(100)) == 200
    time.sleep(1)
    assert len(engine.seen) <= 202 + 510
    assert sum(map(len, frames)) == 998


def test_a_thread_that_cannot_start_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Fake(special=lambda _: time.sleep(0.01))
    arrays = [np.zeros((12, w, 3), np.uint8) for w in range(21, 221)]
    start, calls = threading.Thread.start, iter(range(99))

    def start_three(thread: threading.Thread) -> None:
        if next(calls) == 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start_three)
        with pytest.raises(RuntimeError, match="new thread"):
            extract(arrays, engine=engine, workers=8)
    time.sleep(0.2)
    asked = len(engine.seen)
    assert asked <= 8
    time.sleep(0.2)
    assert len(engine.seen) == asked


def test_who_stops_listening_ends_the_run(pictures: Callable[..., list[str]]) -> None:
    engine = Fake(special=lambda _: time.sleep(0.01))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frames = in_chunks(pictures(*range(21, 61)), chunksize=2, engine=engine, workers=2)
        next(frames)
        frames.close()  # type: ignore[attr-defined]
    seen = len(engine.seen)
    time.sleep(0.2)
    assert len(engine.seen) <= seen + 2 < 40


def test_a_file_of_pieces_is_the_file_of_the_whole(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    table = pd.DataFrame({"photo": [*pictures(*range(21, 30)), None]}, index=list("abcdefghij"))
    pieces = functools.partial(in_chunks, table, column="photo", chunksize=2, workers=1)
    with pytest.warns(RowsFailedWarning):
        rows = write_frame(pieces(engine=Various()), tmp_path / "pieces.parquet")
    with pytest.warns(RowsFailedWarning):
        write_frame(extract(table, column="photo", engine=Various()), tmp_path / "whole.parquet")
    found, whole = (read_frame(tmp_path / f"{name}.parquet") for name in ("pieces", "whole"))
    assert rows == len(whole) == 9 + 5 + 2 + 1
    pd.testing.assert_frame_equal(untimed(found), untimed(whole))
    assert pq.ParquetFile(tmp_path / "pieces.parquet").num_row_groups == 5
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_tuples([("x", 2), ("x", 1), ("y", 1)], names=["site", None]),
        pd.DatetimeIndex(["2026-03-01", "2026-01-01", "2026-02-01"], name="day"),
    ],
)
def test_any_index_goes_into_the_file(
    index: pd.Index, pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    series = pd.Series(pictures(21, 22, 23), index=index, name="photo")
    write_frame(in_chunks(series, chunksize=1, engine=Fake()), tmp_path / "read.parquet")
    found = read_frame(tmp_path / "read.parquet")
    pd.testing.assert_index_equal(found.index, index)
    assert found["id"].tolist() == ["21", "22", "23"]


def test_the_file_is_there_when_it_is_complete(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    target = tmp_path / "read.parquet"
    target.write_text("the file of last week")

    def pieces() -> Iterator[pd.DataFrame]:
        yield from in_chunks(pictures(21, 22), chunksize=1, engine=Fake())
        assert target.read_text() == "the file of last week"
        raise NoDocumentError("the end")

    with pytest.raises(NoDocumentError):
        write_frame(pieces(), target)
    assert target.read_text() == "the file of last week"
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_tables_are_made_readable_by_their_owner_alone(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    umask = os.umask(0)
    try:
        write_frame(in_chunks(pictures(21), engine=Fake()), tmp_path / "pieces.parquet")
        for ending in ("csv", "parquet"):
            write_frame(read_frame(tmp_path / "pieces.parquet"), tmp_path / f"whole.{ending}")
    finally:
        os.umask(umask)
    made = [*tmp_path.glob("pieces*"), *tmp_path.glob("whole*")]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}


def test_what_no_file_takes_is_refused(tmp_path: Path) -> None:
    arrays = [np.zeros((12, 21, 3), np.uint8)]
    with pytest.raises(ArgumentError, match="contains pictures"):
        write_frame(in_chunks(arrays, engine=Fake()), tmp_path / "read.parquet")
    with pytest.raises(ArgumentError, match=r"\.parquet"):
        write_frame([], tmp_path / "read.csv")
    with pytest.raises(ArgumentError, match="no frame"):
        write_frame([], tmp_path / "read.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_between_frames_is_the_callers(pictures: Callable[..., list[str]]) -> None:
    frames = in_chunks(pictures(21, 22, 23), chunksize=1, engine=Fake(), workers=2)
    next(frames)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the signal may take a moment
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert sum(len(frame) for frame in frames) == 2


def test_the_accessor_streams_too(table: pd.DataFrame) -> None:
    with pytest.warns(RowsFailedWarning):
        frames = list(table.cvocr.extract(engine=Fake(), chunksize=6, progress=False))
    assert [frame.index[0] for frame in frames] == [100, 106]
