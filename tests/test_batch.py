import functools
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from malformed import malformed_files
from PIL import Image

from cvocr_lab import batch
from cvocr_lab.batch import RowsFailedWarning, RunStoppedWarning
from cvocr_lab.engines import Engine, Request
from cvocr_lab.errors import (
    ArgumentError,
    BatchError,
    ImageError,
    MissingPartError,
    NoDocumentError,
    QuotaError,
    RowError,
)
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.store import Store

extract = functools.partial(batch.extract, progress=False)


def answer(request: Request) -> Extraction:
    # The width of each picture is its number, so that a mix-up shows.
    faces = tuple(
        Document(
            type="tcc_chip" if at == 0 else "matsautcc_chip",
            side="front" if at == 0 else "back",
            fields=MappingProxyType({"id" if at == 0 else "date": FieldValue(str(width(image)))}),
        )
        for at, image in enumerate(request.images)
    )
    return Extraction(faces, engine="fake 1")


def width(image: object) -> int:
    return int(image.pages[0].shape[1])  # type: ignore[attr-defined]


@dataclass
class Fake:
    """Reads widths; does `special` first."""

    name: str = "fake"
    parallel: str = "thread"
    special: Callable[[int], object] = field(default=lambda _: None)
    seen: list[int] = field(default_factory=list)

    def extract(self, request: Request) -> Extraction:
        self.seen.append(width(request.images[0]))
        self.special(width(request.images[0]))
        return answer(request)


class Forked:
    """Opened once in each worker process; some widths make trouble."""

    name = "forked"

    def __init__(self) -> None:
        self.process = os.getpid()

    def extract(self, request: Request) -> Extraction:
        os.write(1, b"a library that prints\n")
        match width(request.images[0]):
            case 13:
                os.kill(os.getpid(), signal.SIGKILL)
            case 14:
                raise ZeroDivisionError("NGUYỄN VĂN AN")
            case 15:
                raise OwnError("a", "b")
            case 16:
                raise QuotaError("none left")
            case 17:
                os.write(1, b"asleep\n")
                time.sleep(60)
        found = answer(request)
        return Extraction(found.documents, engine=f"forked {self.process}")


class OwnError(RowError):
    """An error that does not unpickle."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def unopenable() -> Engine:
    raise MissingPartError("pip install nothing")


def dying() -> Engine:
    os._exit(7)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., list[str]]:
    def make(*widths: int) -> list[str]:
        paths = [tmp_path / f"{w}.png" for w in widths]
        for path, w in zip(paths, widths, strict=True):
            Image.new("RGB", (w, 12)).save(path)
        return [str(p) for p in paths]

    return make


def test_rows_keep_their_order_though_they_end_in_another(
    pictures: Callable[..., list[str]],
) -> None:
    paths = pictures(*range(20, 30))
    slow_first = Fake(special=lambda n: time.sleep(0.05 if n == 20 else 0))
    frame = extract(paths, engine=slow_first, workers=4)
    assert frame["image"].tolist() == paths
    assert frame["id"].tolist() == [str(n) for n in range(20, 30)]
    assert slow_first.seen != sorted(slow_first.seen) or len(set(slow_first.seen)) == 10
    assert (frame["ocr_seconds"] > 0).all()
    assert frame["ocr_attempts"].tolist() == [1] * 10


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([7, 7, 3]),
        pd.Index(["b", "a", "b"], name="card"),
        pd.MultiIndex.from_tuples([("x", 2), ("x", 1), ("y", 1)], names=["site", "n"]),
        pd.DatetimeIndex(["2026-03-01", "2026-01-01", "2026-02-01"]),
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_the_index_is_kept(
    index: pd.Index, workers: int, pictures: Callable[..., list[str]]
) -> None:
    series = pd.Series(pictures(21, 22, 23), index=index, name="photo")
    frame = extract(series, engine=Fake(), workers=workers)
    assert frame.index.equals(index)
    assert frame.index.names == index.names
    assert list(frame.columns[:1]) == ["photo"]
    assert frame["id"].tolist() == ["21", "22", "23"]


def test_pairs_give_both_faces_one_label(pictures: Callable[..., list[str]]) -> None:
    a, b, c = pictures(21, 22, 23)
    table = pd.DataFrame({"front": [a, b], "back": [c, None], "x": 1}, index=["p", "q"])
    with pytest.warns(RowsFailedWarning, match="1 of 2 rows failed"):
        frame = extract(table, kind="id_pair", engine=Fake())
    assert frame.index.tolist() == ["p", "p", "q"]
    assert list(frame.columns[:2]) == ["front", "back"]
    assert frame["id"].fillna("-").tolist() == ["21", "-", "-"]
    assert frame["date"].fillna("-").tolist() == ["-", "23", "-"]
    assert frame["ocr_error"].iloc[2] == "ImageError: back: no picture: the cell is empty"
    listed = extract([(a, c)], kind="id_pair", engine=Fake())
    assert listed["back"].tolist() == [c, c]


def test_an_array_has_one_page() -> None:
    array = np.zeros((12, 30, 3), np.uint8)
    with pytest.warns(RowsFailedWarning):
        frame = extract([array], pages=[2], engine=Fake())
    assert "page 2" in frame["ocr_error"].iloc[0]


def test_equal_paths_are_read_once(pictures: Callable[..., list[str]]) -> None:
    a, b = pictures(21, 22)
    engine = Fake()
    frame = extract([a, b, a, a], engine=engine, workers=1)
    assert engine.seen == [21, 22]
    assert frame["id"].tolist() == ["21", "22", "21", "21"]
    assert frame["ocr_attempts"].tolist() == [1, 1, 0, 0]
    assert frame["ocr_seconds"].iloc[2] == 0


def test_pictures_in_memory_are_sources_too(pictures: Callable[..., list[str]]) -> None:
    (path,) = pictures(21)
    array = np.zeros((12, 22, 3), dtype=np.uint8)
    image = Image.new("RGB", (23, 12))
    sources = [Path(path), Path(path).read_bytes(), array, image]
    frame = extract(sources, engine=Fake())
    assert frame["id"].tolist() == ["21", "21", "22", "23"]
    assert frame["image"].iloc[0] == path
    shipped = extract([array, image], engine=Forked, workers=2)
    assert shipped["id"].tolist() == ["22", "23"]


def test_relative_paths_start_from_base(pictures: Callable[..., list[str]], tmp_path: Path) -> None:
    pictures(21)
    frame = extract(["21.png"], engine=Fake(), base=tmp_path)
    assert frame["id"].tolist() == ["21"]
    assert frame["image"].tolist() == ["21.png"]


def test_limits_and_fetching_are_the_callers_to_set(pictures: Callable[..., list[str]]) -> None:
    (path,) = pictures(21)
    with pytest.warns(RowsFailedWarning):
        frame = extract([path], engine=Fake(), limits=Limits(min_side=50))
    assert frame["ocr_error_code"].tolist() == ["3"]
    with pytest.warns(RowsFailedWarning):
        frame = extract(
            ["http://127.0.0.1:9/a.png"], engine=Fake(), fetch=Fetch(allow_network=False)
        )
    assert frame["ocr_error_code"].tolist() == ["2"]


def test_the_callers_frame_is_not_changed(pictures: Callable[..., list[str]]) -> None:
    table = pd.DataFrame({"image": [Path(p) for p in pictures(21, 22)]})
    before = table.copy(deep=True)
    extract(table, engine=Fake())
    pd.testing.assert_frame_equal(table, before)


def test_nothing_to_read_gives_an_empty_frame() -> None:
    frame = extract([], engine=Fake())
    assert len(frame) == 0
    assert {"image", "ocr_type", "ocr_error"} <= set(frame.columns)


@pytest.mark.parametrize("cell", [None, float("nan"), pd.NA, "", "  ", "no/such.png", b"junk", 5])
def test_a_bad_cell_is_an_error_row(cell: object) -> None:
    with pytest.warns(RowsFailedWarning):
        frame = extract([cell], engine=Fake())
    assert frame["ocr_error"].notna().tolist() == [True]
    assert frame["ocr_type"].isna().tolist() == [True]


def test_every_failure_is_a_row_and_one_warning_tells(
    pictures: Callable[..., list[str]],
) -> None:
    def special(number: int) -> None:
        errors = {21: NoDocumentError("none"), 22: KeyError("NGUYỄN VĂN AN"), 23: MemoryError()}
        if number in errors:
            raise errors[number]

    paths = pictures(20, 21, 22, 23)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        frame = extract(paths, engine=Fake(special=special), workers=2)
    assert len(noted) == 1
    assert "3 of 4 rows failed" in str(noted[0].message)
    assert noted[0].filename == __file__
    assert frame["ocr_error_code"].fillna("-").tolist() == ["-", "1", "-", "-"]
    assert "KeyError" in frame["ocr_error"].iloc[2]
    assert "MemoryError" in frame["ocr_error"].iloc[3]
    assert "NGUYỄN" not in frame.to_csv()


def test_200_malformed_files_give_200_error_rows_and_one_warning(tmp_path: Path) -> None:
    paths = [str(path) for path in malformed_files(tmp_path)]
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        frame = extract(paths, engine=Forked, workers=2)
    assert frame["image"].tolist() == paths
    assert set(frame["ocr_error_code"]) == {"3"}
    assert [str(warning.message)[:22] for warning in noted] == ["200 of 200 rows failed"]


@pytest.mark.parametrize("result", [Extraction(), None])
def test_an_empty_answer_never_looks_like_success(
    result: Extraction | None, pictures: Callable[..., list[str]]
) -> None:
    class Empty:
        name = "empty"

        def extract(self, _: Request) -> Extraction:
            return result  # type: ignore[return-value]

    with pytest.warns(RowsFailedWarning):
        frame = extract(pictures(21), engine=Empty())
    assert frame["ocr_error"].notna().all()


def test_errors_raise_names_the_row(pictures: Callable[..., list[str]]) -> None:
    series = pd.Series([*pictures(21), "missing.png"], index=["fine", "broken"])
    with pytest.raises(ImageError, match="row 'broken'"):
        extract(series, engine=Fake(), errors="raise")


def test_errors_raise_tells_nothing_of_the_paper(pictures: Callable[..., list[str]]) -> None:
    def special(number: int) -> None:
        raise KeyError(f"NGUYỄN VĂN AN {number}")

    with pytest.raises(RowError, match="KeyError") as caught:
        extract(pictures(21), engine=Fake(special=special), errors="raise")
    told = "".join(traceback.format_exception(caught.value))
    assert "engine 'fake' failed" in told
    assert "NGUYỄN" not in told
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_engine_that_can_be_called_is_still_an_engine(
    pictures: Callable[..., list[str]],
) -> None:
    class Called(Fake):
        def __call__(self) -> Engine:
            raise AssertionError

    assert extract(pictures(21), engine=Called())["id"].tolist() == ["21"]


def test_what_is_no_engine_is_refused(pictures: Callable[..., list[str]]) -> None:
    with pytest.raises(ArgumentError, match="dict is not an engine"):
        extract(pictures(21), engine={})


@pytest.mark.parametrize("workers", [1, 2])
def test_failed_rows_hold_no_pictures_in_memory(
    workers: int, pictures: Callable[..., list[str]]
) -> None:
    begun: list[weakref.ref[object]] = []
    alive: list[int] = []

    class Grasping:
        name = "grasping"

        def extract(self, request: Request) -> Extraction:
            begun.append(weakref.ref(request.images[0].pages[0]))
            gc.collect()
            alive.append(sum(picture() is not None for picture in begun))
            raise NoDocumentError("none")

    with pytest.warns(RowsFailedWarning):
        extract(pictures(*range(20, 40)), engine=Grasping(), workers=workers)
    assert len(alive) == 20
    assert max(alive) <= 3 * workers


@pytest.mark.parametrize("workers", [1, 2])
def test_a_spent_quota_stops_the_run_and_keeps_what_is_done(
    workers: int, pictures: Callable[..., list[str]]
) -> None:
    def special(number: int) -> None:
        if number >= 25:
            time.sleep(0.2)
            raise QuotaError("none left")

    engine = Fake(special=special)
    with pytest.raises(QuotaError) as caught:
        extract(pictures(*range(20, 60)), engine=engine, workers=workers)
    partial = caught.value.partial
    assert partial is not None
    assert partial["id"].tolist() == [str(n) for n in range(20, 25)]
    assert len(engine.seen) < 20


def test_a_reading_that_cannot_be_stored_is_in_the_frame_of_the_finished_rows(
    pictures: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "run.sqlite"
    put, calls = Store.put, iter(range(99))

    def full(self: Store, *args: Any) -> None:
        if next(calls) == 2:
            raise BatchError("no space left on the disk")
        put(self, *args)

    engine = Fake()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", full)
        with pytest.raises(BatchError, match="no space") as caught:
            extract(pictures(*range(20, 30)), engine=engine, store=store, workers=1)
    partial = caught.value.partial
    assert partial is not None
    assert partial["id"].tolist() == ["20", "21", "22"]
    assert len(engine.seen) == 3
    again = extract(pictures(*range(20, 30)), engine=engine, store=store, workers=1)
    assert again["id"].tolist() == [str(n) for n in range(20, 30)]
    assert len(engine.seen) == 3 + 8


@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupt_returns_the_finished_part(
    workers: int, pictures: Callable[..., list[str]]
) -> None:
    def special(number: int) -> None:
        if number == 25:
            time.sleep(0.2)
            raise KeyboardInterrupt
        if number > 25:
            time.sleep(0.4)

    with pytest.warns(RunStoppedWarning, match="of 20 rows"):
        frame = extract(pictures(*range(20, 40)), engine=Fake(special=special), workers=workers)
    assert frame["id"].tolist()[:5] == ["20", "21", "22", "23", "24"]
    assert frame["ocr_error"].isna().all()
    assert len(frame) < 20


def test_few_rows_are_read_without_a_process(pictures: Callable[..., list[str]]) -> None:
    frame = extract(pictures(21, 22), engine=Forked)
    assert set(frame["ocr_engine"]) == {f"forked {os.getpid()}"}


def test_processes_share_the_work_and_open_the_engine_once(
    pictures: Callable[..., list[str]],
) -> None:
    paths = pictures(*range(20, 40))
    frame = extract(paths, engine=Forked, workers=2)
    assert frame["id"].tolist() == [str(n) for n in range(20, 40)]
    engines = set(frame["ocr_engine"])
    assert 1 <= len(engines) <= 2
    assert f"forked {os.getpid()}" not in engines


def test_a_dying_process_costs_its_row_only(pictures: Callable[..., list[str]]) -> None:
    with pytest.warns(RowsFailedWarning, match="2 of 8"):
        frame = extract(pictures(11, 12, 13, 21, 22, 23, 14, 25), engine=Forked, workers=2)
    assert frame["ocr_error"].notna().tolist() == [False, False, True, *[False] * 3, True, False]
    assert "SIGKILL" in frame["ocr_error"].iloc[2]
    assert frame["ocr_error"].iloc[6] == "RowError: engine 'forked' failed (ZeroDivisionError)"


def test_an_error_that_does_not_pickle_is_still_a_row(
    pictures: Callable[..., list[str]],
) -> None:
    with pytest.warns(RowsFailedWarning):
        frame = extract(pictures(15, 21), engine=Forked, workers=2)
    assert frame["ocr_error"].fillna("-").tolist() == ["RowError: OwnError: ab", "-"]


def test_a_source_that_does_not_pickle_is_a_row() -> None:
    with pytest.warns(RowsFailedWarning):
        frame = extract([threading.Lock(), threading.Lock()], engine=Forked, workers=2)
    assert frame["ocr_error"].str.contains("cannot be sent").all()


def test_a_spent_quota_in_a_process_stops_the_run(pictures: Callable[..., list[str]]) -> None:
    with pytest.raises(QuotaError, match="none left") as caught:
        extract(pictures(21, 16), engine=Forked, workers=2)
    assert caught.value.partial is not None


@pytest.mark.parametrize(
    ("engine", "message"), [(unopenable, "pip install nothing"), (dying, "exit status 7")]
)
def test_an_engine_that_does_not_open_stops_the_run(
    engine: Callable[[], Engine], message: str, pictures: Callable[..., list[str]]
) -> None:
    with pytest.raises(BatchError, match=message):
        extract(pictures(21, 22), engine=engine, workers=2)


SCRIPT = """
import sys
from cvocr_lab import batch
from test_batch import Forked, Fake
store = None if sys.argv[1] == "-" else sys.argv[1]
frame = batch.extract(sys.argv[2:], engine={engine}, workers=2, progress=False, store=store)
print(len(frame), frame["ocr_error"].notna().sum())
"""


def run_script(engine: str, *paths: str, store: Path | str = "-") -> subprocess.Popen[str]:
    root = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(engine=engine), str(store), *paths],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root.parent)])},
    )  # fmt: skip


def test_a_script_needs_no_main_guard(pictures: Callable[..., list[str]], tmp_path: Path) -> None:
    script = tmp_path / "plain.py"
    script.write_text(SCRIPT.format(engine="Forked"))
    root = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, str(script), "-", *pictures(21, 22, 23, 24)],
        capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root.parent)])},
    )  # fmt: skip
    assert done.stdout.split() == ["4", "0"]


@pytest.mark.skipif(os.name != "posix", reason="process groups")
@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_returns_the_finished_part(
    whole_group: bool, pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    store = tmp_path / "run.sqlite"
    process = run_script("Forked", *pictures(21, 22, 23, 17), store=store)
    assert process.stderr
    while process.stderr.readline().strip() != "asleep":
        pass
    while len(batch.read_store(store)) < 3:
        time.sleep(0.05)
    time.sleep(0.5)  # from the store to the frame
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert out.split() == ["3", "0"], err
    assert "RunStoppedWarning" in err
    assert "Traceback" not in err


def wrong_calls() -> Iterator[tuple[object, dict[str, object], str]]:
    table = pd.DataFrame({"image": ["a"], "id": ["b"]})
    doubled = pd.DataFrame([["a", "b"]], columns=["image", "image"])
    yield table, {"column": "photo"}, "unknown column"
    yield table, {"column": "id"}, "rename"
    yield doubled, {}, "several columns"
    yield table, {"column": ("image", "back")}, "one column"
    yield table, {"kind": "id_pair", "column": "image"}, "two columns"
    yield table, {"kind": "id_pair", "column": ("image", "image")}, "two columns"
    yield ["a"], {"kind": "id_pair"}, "pairs"
    yield table, {"kind": "id_nay"}, "unknown kind"
    yield table, {"engine": "nay"}, "unknown engine"
    yield table, {"engine": Fake(), "model": 1}, "open already"
    yield ["a", "b"], {"engine": lambda: Fake(), "workers": 2}, "define its class in a module"
    yield table, {"errors": "ignore"}, "coerce"
    yield table, {"pages": [0]}, "from 1"
    yield table, {"workers": 0}, "at least 1"


@pytest.mark.parametrize(("data", "options", "message"), list(wrong_calls()))
def test_wrong_calls_say_so_at_once(data: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        extract(data, **options)


def test_progress_is_text_and_quiet_about_widgets(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    batch.extract(pictures(21, 22), engine=Fake())
    seen = capsys.readouterr()
    assert "2/2" in seen.err
    assert seen.out == ""


def test_usable_cores_is_a_positive_number() -> None:
    assert 1 <= batch.usable_cores() <= (os.cpu_count() or 1)
