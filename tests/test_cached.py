import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from cvocr_lab import batch, engines, frames
from cvocr_lab.engines import Request, open_engine
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    FormatTypeError,
    ImageError,
    NoDocumentError,
    QuotaError,
    RowError,
    TransportError,
)
from cvocr_lab.images import load
from cvocr_lab.results import Document, Extraction, FieldValue


@dataclass
class Fake:
    """Says how wide the picture is; notes what it was asked."""

    name: str = "fake 1"
    options: dict[str, str] = field(default_factory=dict)
    special: Callable[[Request], object] = field(default=lambda _: None)
    asked: list[Request] = field(default_factory=list)
    parallel: str = "thread"

    def extract(self, request: Request) -> Extraction:
        self.asked.append(request)
        self.special(request)
        seen = FieldValue(self.width(request), 0.5)
        document = Document("tcc", "front", MappingProxyType({"id": seen}))
        return Extraction((document,), engine=self.name)

    def width(self, request: Request) -> str:
        return str(request.images[0].pixels.shape[1])


class Sender(Fake):
    """Sends pictures on, as the cloud engine does."""

    undecoded = True

    def width(self, request: Request) -> str:
        assert not request.images[0].pages
        return "0"


def raising(error: Exception) -> Callable[[Request], object]:
    def special(_: Request) -> object:
        raise error

    return special


def request(width: int = 40, kind: str = "id_any") -> Request:
    return Request((load(np.zeros((30, width), np.uint8)),), kind)


def test_the_second_time_nobody_is_asked(tmp_path: Path) -> None:
    fake = Fake()
    cached = CachedEngine(fake, tmp_path / "answers.sqlite")
    first = cached.extract(request())
    assert cached.extract(request()) == first
    assert CachedEngine(fake, tmp_path / "answers.sqlite").extract(request()) == first
    assert len(fake.asked) == 1
    assert (cached.name, len(cached), bool(cached)) == ("fake 1", 1, True)


def test_a_file_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    fake = Fake()
    cached = CachedEngine(fake, path)
    for width in 40, 41:
        for file in tmp_path.glob("answers.sqlite*"):
            file.unlink()
        cached.extract(request(width))
        assert cached.extract(request(width)).documents
        assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600
    assert len(fake.asked) == 2


def test_picture_kind_engine_version_and_options_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    fakes = [Fake(), Fake("fake 2"), Fake(options={"thumb": "true"})]
    for fake in fakes:
        engine = CachedEngine(fake, path)
        for asked in (request(40), request(41), request(40, "id_front")):
            for _ in range(2):
                engine.extract(asked)
    assert [len(fake.asked) for fake in fakes] == [3, 3, 3]


def test_the_chosen_pages_are_part_of_the_question(tmp_path: Path) -> None:
    fake = Fake()
    engine = CachedEngine(fake, tmp_path / "answers.sqlite")
    pdf = Path(__file__).parent.parent / "sample_data" / "pages_mixed.pdf"
    for pages in ([1], [2], [1]):
        engine.extract(Request((load(pdf, pages=pages),), "id_pdf"))
    assert len(fake.asked) == 2


@pytest.mark.parametrize("kind", [NoDocumentError, ImageError, FormatTypeError])
def test_the_pictures_own_errors_are_kept(tmp_path: Path, kind: type[RowError]) -> None:
    fake = Fake(special=raising(kind("the words")))
    engine = CachedEngine(fake, tmp_path / "answers.sqlite")
    for _ in range(2):
        with pytest.raises(kind, match="the words"):
            engine.extract(request())
    assert len(fake.asked) == 1


@pytest.mark.parametrize("kind", [TransportError, AnswerError, QuotaError, RowError, OSError])
def test_other_failures_are_not_kept(tmp_path: Path, kind: type[Exception]) -> None:
    fake = Fake(special=raising(kind("x")))
    engine = CachedEngine(fake, tmp_path / "answers.sqlite")
    with pytest.raises((kind, RowError)):
        engine.extract(request())
    assert len(engine) == 0
    fake.special = lambda _: None
    assert engine.extract(request()).documents


def test_replay_asks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    first = CachedEngine(Fake(), path).extract(request())
    replay = CachedEngine(None, path)
    assert replay.name == "fake 1"
    assert replay.extract(request()) == first
    with pytest.raises(RowError, match="no answer of 'fake 1' is recorded for array and kind 'sc"):
        replay.extract(request(kind="scan"))


def test_a_recording_of_whole_files_is_found_by_decoded_pictures(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    engine = CachedEngine(Sender(), path)
    assert engine.undecoded
    picture = Path(__file__).parent.parent / "sample_data" / "02_tcc_photo.jpg"
    first = engine.extract(Request((load(picture, decode=False),)))
    assert CachedEngine(None, path).extract(Request((load(picture),))) == first


def test_replay_says_whose_answers_there_are(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with pytest.raises(ArgumentError, match="no such store"):
        CachedEngine(None, path)
    assert not path.exists()
    for fake in (Fake(), Fake("fake 2")):
        CachedEngine(fake, path).extract(request())
    with pytest.raises(ArgumentError, match="'fake 1', 'fake 2': pass answers_of"):
        CachedEngine(None, path)
    with pytest.raises(ArgumentError, match="no such answers; it has those of 'fake 1', 'fake 2'"):
        CachedEngine(None, path, answers_of="local 1")
    assert CachedEngine(None, path, answers_of="fake 2").extract(request()).engine == "fake 2"
    CachedEngine(Fake(options={"a": "b"}), path).extract(request())
    with pytest.raises(ArgumentError, match="several options"):
        CachedEngine(None, path, answers_of="fake 1")


def test_frames_are_made_again_from_the_answers(tmp_path: Path) -> None:
    pictures = [np.zeros((30, width), np.uint8) for width in (40, 50, 60)]
    engine = CachedEngine(Fake(special=only_even_tens), tmp_path / "answers.sqlite")
    with pytest.warns(batch.RowsFailedWarning):
        read = batch.extract(pictures, engine=engine, progress=False, workers=1)
    readings = [frames.Reading(a.result, engine=a.engine) for a in engine.answers()]
    again = frames.to_frame(readings, batch.source_frame(pictures))
    columns = ["id", "id_confidence", "ocr_type", "ocr_error"]
    assert again[columns].equals(read[columns])
    assert [a.kind for a in engine.answers()] == ["id_any"] * 3


def only_even_tens(request: Request) -> None:
    if request.images[0].pixels.shape[1] == 50:
        raise NoDocumentError("nothing there")


def test_threads_do_not_ask_the_same_twice(tmp_path: Path) -> None:
    together = threading.Barrier(4)
    fake = Fake(special=lambda _: together.wait(10))
    engine = CachedEngine(fake, tmp_path / "answers.sqlite")
    # Four pictures, eight threads: the fake answers only if all four are asked at once.
    with ThreadPoolExecutor(8) as pool:
        widths = [40, 41, 42, 43] * 2
        read = list(pool.map(lambda w: engine.extract(request(w)), widths))
    assert [e.documents[0].fields["id"].text for e in read] == [str(w) for w in widths]
    assert len(fake.asked) == 4
    assert engine._asking == {}


WRITER = """
import sys, numpy as np
from test_cached import Fake, request
from cvocr_lab.engines.cached import CachedEngine
engine = CachedEngine(Fake(), sys.argv[1])
for width in range(40, 80):
    assert engine.extract(request(width)).documents[0].fields["id"].text == str(width)
"""


def test_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).parent))
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path], env=env) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(CachedEngine(None, path)) == 40


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    before = os.umask(0)
    try:
        engine = CachedEngine(Fake(), path)
        reader = sqlite3.connect(path)  # keeps -wal and -shm there
        reader.execute("SELECT count(*) FROM readings").fetchone()
        engine.extract(request())
        files = sorted(tmp_path.iterdir())
        assert [f.name for f in files] == [path.name, f"{path.name}-shm", f"{path.name}-wal"]
        assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
        reader.close()
    finally:
        os.umask(before)


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are my notes, and they are longer than a header of a hundred bytes" * 3)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(ArgumentError, match="not a store"):
            CachedEngine(Fake(), path)
        assert path.read_bytes() == before
    with pytest.raises(ArgumentError, match="cannot be written"):
        CachedEngine(Fake(), tmp_path / "nowhere" / "answers.sqlite")


def test_a_run_with_a_store_and_the_wrapper_find_what_the_other_has_read(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    pdf = Path(__file__).parent.parent / "sample_data" / "pages_mixed.pdf"
    first, second = Fake(), Fake()
    batch.extract([pdf], pages=[1], engine=first, store=path, progress=False)
    whole, page = Request((load(pdf),)), Request((load(pdf, pages=[1]),))
    wrapped = CachedEngine(second, path)
    assert wrapped.extract(page).documents
    assert second.asked == []
    wrapped.extract(whole)
    assert len(second.asked) == 1
    batch.extract([pdf], engine=first, store=path, progress=False)
    assert len(first.asked) == 1
    assert len(batch.read_store(path)) == 2


def test_a_failure_of_a_run_is_asked_again_by_the_wrapper(tmp_path: Path) -> None:
    path, picture = tmp_path / "run.sqlite", np.zeros((30, 40), np.uint8)
    failing = Fake(special=raising(TransportError("x")))
    with pytest.warns(batch.RowsFailedWarning):
        batch.extract([picture], engine=failing, store=path, progress=False)
    assert CachedEngine(Fake(), path).extract(request(40)).documents


def test_it_opens_by_name(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    assert "cached" in engines.engine_names()
    CachedEngine(Fake(), path).extract(request())
    assert open_engine("cached", path=path).extract(request()).documents


def test_wrong_calls_say_so(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="unknown option 'threads'"):
        CachedEngine(Fake(), tmp_path / "a.sqlite", threads=1)
    with pytest.raises(ArgumentError, match="answers_of is for replay"):
        CachedEngine(Fake(), tmp_path / "a.sqlite", answers_of="x")
    with pytest.raises(ArgumentError, match="unknown engine 'nobody'"):
        CachedEngine("nobody", tmp_path / "a.sqlite")


def test_it_goes_to_worker_processes(tmp_path: Path) -> None:
    engine = CachedEngine(None, _recorded(tmp_path))
    again = pickle.loads(pickle.dumps(engine))
    assert again.extract(request()) == engine.extract(request())
    assert again.parallel == "thread"


def _recorded(folder: Path) -> Path:
    path = folder / "answers.sqlite"
    CachedEngine(Fake(), path).extract(request())
    return path


def test_no_key_reaches_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    told = {"key": "hush-hush", "api_secret": "hush-hush", "url": "x"}
    CachedEngine(Fake(options=told), path).extract(request())
    assert b"hush-hush" not in b"".join(f.read_bytes() for f in tmp_path.iterdir())
