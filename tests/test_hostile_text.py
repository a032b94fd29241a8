"""Text, numbers and names that no file can hold: a row error, an escaped name, never a lost run."""

import json
import os
import re
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cvocr_lab
from cvocr_lab import batch, files, frames, journal
from cvocr_lab.cli import main
from cvocr_lab.engines import Request
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.images import load
from cvocr_lab.journal import Item, Journal, JournalWarning
from cvocr_lab.results import Document, Extraction, FieldValue, Line, checked
from cvocr_lab.store import Store, StoreWarning, connection

pytestmark = pytest.mark.filterwarnings("ignore::cvocr_lab.batch.RowsFailedWarning")


@dataclass
class Answers:
    """An engine that gives one prepared answer per picture, by its width."""

    answers: dict[int, Any]
    name: str = "answers 1"
    parallel: str = "thread"
    seen: list[int] = field(default_factory=list)

    def extract(self, request: Request) -> Extraction:
        width = request.images[0].pixels.shape[1]
        self.seen.append(width)
        answer = self.answers.get(width, paper("fine"))
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]


def paper(text: Any = "x", **changes: Any) -> Extraction:
    document: Any = {"type": "cmt", "side": "front", "fields": {"id": FieldValue(text)}}
    return Extraction((Document(**(document | changes)),), engine="answers 1")


def pictures(*widths: int) -> list[np.ndarray[Any, Any]]:
    return [np.full((20, width, 3), 9, np.uint8) for width in widths]


LONE = "\ud800X"
ODD: list[Any] = [
    paper(LONE),
    paper(LONE + "Ễ"),
    paper(7),
    paper(None),
    paper(extra={"k": LONE}),
    paper(extra={LONE: "v"}),
    paper(extra=[1]),
    paper(type=LONE),
    paper(side=None),
    paper(warnings=(LONE,)),
    paper(warnings="abc"),
    paper(invalid_message=LONE),
    paper(invalid_code="many"),
    paper(page="two"),
    paper(page=0),
    paper(page=2**80),
    paper(confidence="sure"),
    paper(confidence=10**400),
    paper(corners=(1, 2, 3)),
    paper(corners="12345678"),
    paper(corners=7),
    paper(valid="yes"),
    paper(thumb="PNG"),
    paper(fields={LONE: FieldValue("x")}),
    paper(fields={"ocr_error": FieldValue("x")}),
    paper(fields={3: FieldValue("x")}),
    paper(fields={"id": "x"}),
    paper(fields=None),
    Extraction(("no document",)),  # type: ignore[arg-type]
    Extraction(None),  # type: ignore[arg-type]
    Extraction(paper().documents, engine=LONE),
    Extraction(paper().documents, attempts=2**70),
    Extraction(lines=(Line(LONE, 0.5),)),
    Extraction(lines=(Line("x", "sure"),)),  # type: ignore[arg-type]
    None,
    "text",
    SystemExit(3),
    ZeroDivisionError(LONE),
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("keeps", [False, True])
def test_an_answer_that_no_file_can_hold_is_a_row_error(
    odd: Any, keeps: bool, tmp_path: Path
) -> None:
    path = tmp_path / "run.sqlite" if keeps else None
    engine = Answers({31: odd})
    for _ in range(2):
        read = batch.extract(pictures(30, 31, 32), engine=engine, store=path, progress=False)
        assert read["id"].fillna("-").tolist() == ["fine", "-", "fine"]
        assert read["ocr_error"].notna().tolist() == [False, True, False]
    assert len(engine.seen) == (3 if keeps else 6)
    for ending in ("csv", "parquet"):
        frames.write_frame(read.drop(columns="image"), tmp_path / f"read.{ending}")
        assert len(frames.read_frame(tmp_path / f"read.{ending}")) == 3


def test_confidences_that_are_not_finite_are_unknown() -> None:
    found = checked(paper("x", confidence=float("nan"), corners=(float("inf"), *range(7))))
    assert (found.documents[0].confidence, found.documents[0].corners) == (None, None)


def test_an_answer_of_the_service_with_a_lone_surrogate_is_a_row_error() -> None:
    from loopback import Told, loopback

    from cvocr_lab.engines.cloud import CloudEngine

    told = b'{"data": {"id": "\\ud800X"}, "type": "cmt", "errorCode": "0", "errorMessage": "ok"}'
    with loopback(lambda _: Told(told)) as server:
        engine = CloudEngine(key="k", secret="s", base_url=server.url)
        read = batch.extract([b"\x89PNG\r\n\x1a\n" + b"0" * 64], engine=engine, progress=False)
        engine.close()
    assert read["ocr_error"].item().startswith("AnswerError")


# Names of files


@pytest.mark.skipif(os.name != "posix", reason="names are bytes")
def test_names_that_are_not_utf8_or_hold_a_newline_are_read(tmp_path: Path) -> None:
    names = [b"\xff\xfe.png", b"a\nb.png", "ảnh.png".encode(), b"caf\xe9.png"]
    folder = os.fsencode(tmp_path) + b"/pictures/"
    os.mkdir(folder)  # noqa: PTH102 - a name in bytes
    for at, name in enumerate(names):
        with open(folder + name, "wb") as file:  # noqa: PTH123
            Image.new("RGB", (30 + at, 20)).save(file, "PNG")
    paths = [os.fsdecode(folder + name) for name in names]
    path = tmp_path / "run.sqlite"
    for sources in (paths, [Path(p) for p in paths], pd.Series(paths, dtype=object)):
        read = batch.extract(sources, engine=Answers({}), store=path, progress=False)
        assert read["ocr_error"].isna().all()
    assert len(batch.read_store(path)) == 4
    assert files.unescaped(read["image"][3]) == paths[3]
    for ending in ("csv", "parquet"):
        frames.write_frame(read, tmp_path / f"read.{ending}")
        back = frames.read_frame(tmp_path / f"read.{ending}")
        assert back["image"].tolist() == read["image"].tolist()
    # What stands in the frame still leads to the picture.
    assert [load(name).pixels.shape[1] for name in back["image"]] == [30, 31, 32, 33]
    decided = Journal(tmp_path / "j.jsonl", who="an")
    about = Item(source=read["image"][3], side="front", field="id")
    decided.decide(about, "corrected", value="9")
    assert journal.apply(read, decided)["id"].tolist() == ["fine"] * 3 + ["9"]
    missing = batch.extract(["/nowhere/\udcff.png"], engine=Answers({}), progress=False)
    assert "no such file" in missing["ocr_error"].item()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    _check_closed_folder(tmp_path)


def test_a_closed_folder_becomes_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cvocr_lab.cli import extract as command

    (tmp_path / "a").mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    scan = os.scandir

    def closed(path: Any) -> Any:
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert command._pictures_in(tmp_path) == [str(tmp_path / "a.png"), str(tmp_path / "a")]


def _check_closed_folder(folder: Path) -> None:
    (folder / "a").mkdir(mode=0)
    Image.new("RGB", (30, 20)).save(folder / "b.png")
    assert main(["extract", str(folder), "--out", str(folder / "out.csv"), "--quiet"]) == 1


# Stores


def damaged(path: Path, column: str, value: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE readings SET {column} = ? WHERE id = 2", (value,))
    connection.close()


@pytest.mark.filterwarnings("ignore::cvocr_lab.store.StoreWarning")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("result", "{"), ("result", "[]"), ("result", ""), ("result", b"\xff\xfe"),
        ("result", '{"engine":"e","lines":[]}'),
        ("result", '{"documents":7,"lines":[],"engine":""}'),
        ("result", '{"engine":"e","documents":[{"fields":{"id":["\\ud800",1,null]}}],"lines":[]}'),
        ("result", 3), ("attempts", "x"), ("seconds", "much"),
        ("result", '{"error":"RowError","code":7,"message":[]}'),
        ("result", "[" * 100_000),
    ],
)  # fmt: skip
def test_a_damaged_row_is_read_again(column: str, value: object, tmp_path: Path) -> None:
    path, engine = tmp_path / "run.sqlite", Answers({})
    batch.extract(pictures(30, 31, 32), engine=engine, store=path, workers=1, progress=False)
    damaged(path, column, value)
    with pytest.warns(StoreWarning, match="damaged"):
        assert len(batch.read_store(path)) == 2
    with pytest.warns(StoreWarning, match="damaged"):
        read = batch.extract(pictures(30, 31, 32), engine=engine, store=path, progress=False)
    assert read["id"].tolist() == ["fine"] * 3
    assert len(engine.seen) == 4
    assert len(batch.read_store(path)) == 3


def test_a_locked_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, engine = tmp_path / "run.sqlite", Answers({})
    batch.extract(pictures(30), engine=engine, store=path, progress=False)
    monkeypatch.setattr(connection, "_WAIT_S", 0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BatchError, match="another program has locked"):
        batch.extract(pictures(31), engine=engine, store=path, progress=False)
    with pytest.raises(BatchError, match="another program has locked"):
        CachedEngine(engine, path).extract(Request((load(pictures(33)[0]),)))
    holder.close()


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    with closing(connection.connect(path, read_only=False)) as opened:
        (pages,) = opened.execute("PRAGMA page_count").fetchone()
        opened.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.Error) as told:
            opened.execute("INSERT INTO questions VALUES (1, zeroblob(99999), '', '', '')")
    error = connection.explained(told.value, path)
    assert "no space left" in str(error)
    assert not isinstance(error, ArgumentError)


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_files_of_others_are_closed_before_anything_is_written(tmp_path: Path) -> None:
    path, written = tmp_path / "run.sqlite", tmp_path / "j.jsonl"
    batch.extract(pictures(30), engine=Answers({}), store=path, progress=False)
    Journal(written, who="an").decide(Item(source="a", field="id"), "unreadable")
    for file in (path, written):
        file.chmod(0o644)
    for ending in ("-wal", "-shm"):
        beside = Path(f"{path}{ending}")
        beside.touch(0o644)
        beside.chmod(0o644)
    modes: list[int] = []

    @dataclass
    class Looking(Answers):
        def extract(self, request: Request) -> Extraction:
            modes.extend(stat.S_IMODE(f.stat().st_mode) for f in tmp_path.glob("run.sqlite*"))
            return super().extract(request)

    batch.extract(pictures(31), engine=Looking({}), store=path, progress=False)
    assert set(modes) == {0o600}
    Journal(written, who="an").decide(Item(source="b", field="id"), "unreadable")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_store_that_may_only_be_read_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.sqlite"
    batch.extract(pictures(30), engine=Answers({}), store=path, progress=False)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    before = path.read_bytes()
    assert len(batch.read_store(path)) == 1
    assert CachedEngine(None, path).extract(Request((load(pictures(30)[0]),))).documents
    with pytest.raises(BatchError, match="cannot be used"):
        batch.extract(pictures(31), engine=Answers({}), store=path, progress=False)
    assert path.read_bytes() == before


# Journals

GOOD = (
    '{"id":"a","time":"2026-01-02T03:04:05+00:00","who":"an","source":"a.jpg","field":"id",'
    '"state":"unreadable"}'
)


@pytest.mark.parametrize(
    "change",
    [
        {"time": "0001-01-01T00:00:00+14:00"}, {"time": "9999-12-31T23:59:59.999999+00:00"},
        {"time": "2026-01-02"}, {"time": 7}, {"seconds": 10**400}, {"seconds": float("nan")},
        {"seconds": float("inf")}, {"chance": 10**400}, {"page": 10**30}, {"nth": 0},
        {"value": LONE, "state": "corrected"}, {"who": LONE}, {"note": LONE}, {"source": LONE},
        {"label": LONE}, {"label": [LONE]}, {"replaces": [LONE]}, {"id": LONE}, {"unknown": LONE},
    ],
)  # fmt: skip
def test_an_impossible_line_is_passed_over(change: dict[str, Any], tmp_path: Path) -> None:
    path, out = tmp_path / "j.jsonl", tmp_path / "merged.jsonl"
    path.write_text(f"{GOOD}\n{json.dumps(json.loads(GOOD) | {'id': 'b'} | change)}\n")
    with pytest.warns(JournalWarning, match="line 2"):
        opened = Journal(path, who="an")
    made = opened.decide(Item(source="a.jpg", field="id"), "corrected", value="9")
    assert made.time.year < 9000
    with pytest.warns(JournalWarning, match="line 2"):
        assert len(journal.merge([path], out=out)) == 2
    assert len(journal.to_frame(out)) == 2


def test_raw_bytes_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"\xff\xfe{\x00}\n" + b"\xed\xa0\x80\n" + GOOD.encode() + b"\n")
    with pytest.warns(JournalWarning, match="line 1, 2"):
        assert len(Journal(path).decisions) == 1


def test_a_decision_that_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    opened = Journal(tmp_path / "j.jsonl", who="an")
    with pytest.raises(ArgumentError, match="not valid Unicode"):
        opened.decide(Item(source="a", field="id"), "corrected", value=LONE)
    opened.decide(Item(source="a", field="id"), "corrected", value="9")
    assert len(Journal(tmp_path / "j.jsonl").decisions) == 1


def test_a_long_unfinished_line_costs_no_time(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(GOOD.encode() + b"\n" + b"x" * 2**24)
    start = time.monotonic()
    Journal(path, who="an").decide(Item(source="a.jpg", field="id"), "corrected", value="9")
    assert time.monotonic() - start < 5
    assert path.stat().st_size < 2000


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_locked_journal_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(journal.append_only, "_WAIT_S", 0.1)
    path = tmp_path / "j.jsonl"
    opened = Journal(path, who="an")
    opened.decide(Item(source="a", field="id"), "unreadable")
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(BatchError, match="another program has locked"):
            opened.decide(Item(source="a", field="id"), "unreadable")
    opened.decide(Item(source="a", field="id"), "unreadable")
    assert len(Journal(path).decisions) == 2


# Tables for spreadsheets


FORMULAS = [
    "=1+1", "+84 912", "-x", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "'quoted'", "-", "=",
]  # fmt: skip


def test_no_text_is_a_formula_in_a_csv_and_all_come_back(tmp_path: Path) -> None:
    readings = [frames.Reading(paper(text)) for text in FORMULAS]
    sources = pd.DataFrame({"=image": FORMULAS}, index=pd.Index(FORMULAS, name="+key"))
    frame = frames.to_frame(readings, sources)
    path = tmp_path / "read.csv"
    frames.write_frame(frame, path)
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    for cell in [*raw.columns, *raw.to_numpy().ravel()]:
        assert len(cell) < 2 or cell[0] not in "=+-@\t\r"
    back = frames.read_frame(path)
    assert back["id"].tolist() == FORMULAS
    assert back["=image"].tolist() == FORMULAS
    assert back.index.tolist() == FORMULAS
    labels = cvocr_lab.read_labels(path)
    assert labels["id"].tolist() == FORMULAS


# Writing


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(TypeError), files.replacing(path) as temporary:
        temporary.write_text(b"half")  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    files.write_private(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def disk_is_full(*_: object) -> None:
    raise OSError(28, "No space left on device")


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "a.csv": frames.write_frame,
    "a.parquet": frames.write_frame,
    "b.parquet": lambda frame, path: frames.write_frame([frame], path),
    "a.xlsx": cvocr_lab.exchange.to_excel,
    "Label.txt": cvocr_lab.exchange.to_paddle,
    "tasks.json": cvocr_lab.exchange.to_label_studio,
    "report.html": lambda frame, path: cvocr_lab.score(
        frame, pd.DataFrame({"image": frame["image"], "id": "2"}), on="image"
    ).to_html(path),
    "frozen.parquet": lambda frame, path: cvocr_lab.score(
        frame, pd.DataFrame({"image": frame["image"], "id": "2"}), on="image"
    ).freeze(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_is_private_and_keeps_the_old_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (40, 30)).save(picture)
    quad = (1.0, 1.0, 9.0, 1.0, 9.0, 5.0, 1.0, 5.0)
    found = paper(fields=MappingProxyType({"id": FieldValue("1", 0.5, quad)}))
    frame = frames.to_frame([frames.Reading(found)], pd.DataFrame({"image": [str(picture)]}))
    target = tmp_path / name
    target.write_text("old")
    target.chmod(0o644)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", disk_is_full)
        patch.setattr(Path, "replace", disk_is_full)
        with pytest.raises(OSError, match="No space"):
            WRITERS[name](frame, target)
    assert target.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["a.png", name])
    WRITERS[name](frame, target)
    assert target.read_bytes() != b"old"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


# Time and processes


def test_a_picture_that_takes_too_long_is_a_row_error(tmp_path: Path) -> None:
    class Hanging(Answers):
        def extract(self, request: Request) -> Extraction:
            if request.images[0].pixels.shape[1] == 31:
                time.sleep(30)
            return super().extract(request)

    start = time.monotonic()
    read = batch.extract(
        pictures(30, 31, 32, 33), engine=Hanging({}), workers=1, time_limit_s=0.5,
        store=tmp_path / "run.sqlite", progress=False,
    )  # fmt: skip
    assert time.monotonic() - start < 20
    assert read["id"].fillna("-").tolist() == ["fine", "-", "fine", "fine"]
    assert read["ocr_error"][1].startswith("TimeLimitError: reading took longer than 0.5 s")
    with pytest.raises(ArgumentError, match="time_limit_s"):
        batch.extract(pictures(30), engine=Answers({}), time_limit_s=0)


def test_a_quota_is_used_to_its_last_request_at_once(tmp_path: Path) -> None:
    import requests
    from fake_engine import AUTH, V1, Fake, png

    from cvocr_lab.server import Keys, make_app, serving

    keys = Keys(dict([AUTH]), quota=25, path=tmp_path / "quota.sqlite")
    with serving(make_app(Fake(), keys=keys, workers=8)) as host:

        def ask(_: int) -> int:
            url = host + V1 + "get_infor_all"
            return requests.post(url, auth=AUTH, files={"image": png()}, timeout=60).status_code

        with ThreadPoolExecutor(25) as pool:
            assert list(pool.map(ask, range(25))) == [200] * 25
        assert ask(0) == 402
    assert keys.charged(AUTH[0]) == 25


def test_a_file_of_quotas_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    from cvocr_lab.server import Keys

    path = tmp_path / "quota.sqlite"
    keys = Keys({"a": "b"}, quota=9, path=path)
    assert keys.charge("a") == 1
    for file in tmp_path.iterdir():
        file.write_bytes(b"no database " * 99)
    for use in (keys.charge, keys.charged):
        with pytest.raises(BatchError, match="file of quotas"):
            use("a")
    with pytest.raises(ArgumentError, match="quotas"):
        Keys({"a": "b"}, quota=9, path=path)


def test_a_new_store_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def opened(path: Path) -> int:
        together.wait()
        with Store(path) as made:
            return made.count("")

    with ThreadPoolExecutor(4) as pool:
        for at in range(100):
            path = tmp_path / f"{at}.sqlite"
            assert list(pool.map(opened, [path] * 4)) == [0] * 4


def test_two_runs_may_use_one_store_at_a_time(tmp_path: Path) -> None:
    path, many = tmp_path / "run.sqlite", pictures(*range(30, 60))
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(batch.extract, many, engine=Answers({}), store=path, progress=False)
            for _ in range(2)
        ]
        for run in runs:
            assert run.result()["id"].tolist() == ["fine"] * 30
    assert len(batch.read_store(path)) == 30


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>.png", '"onerror="alert(2).png', "a'b&c.png", "new\nline.png",
     "=1+1.png", "\udcff\udcfe.png"],
)  # fmt: skip
def test_crops_in_a_report_carry_no_hostile_name(name: str, tmp_path: Path) -> None:
    from cvocr_lab import scoring
    from cvocr_lab.files import escaped

    picture = tmp_path / name.replace("/", "∕")
    Image.new("RGB", (200, 60), "red").save(picture)
    found = paper(
        fields=MappingProxyType({"id": FieldValue("1", 0.5, (5, 5, 90, 5, 90, 40, 5, 40))})
    )
    sources = pd.DataFrame({"image": [escaped(str(picture))]})
    read = frames.to_frame([frames.Reading(found)], sources)
    score = scoring.score(read, sources.assign(id='<b onclick="x">'), on="image")
    page = score.to_html(crops=read)
    assert "data:image" in page
    assert "<script>alert" not in page
    assert "<b onclick" not in page
    assert not re.search(r"<[^>]*\sonerror=", page)
    page.encode()
