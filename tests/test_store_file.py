import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from test_store import Fake, extract

from cvocr_lab import store as stores
from cvocr_lab.batch import RowsFailedWarning, read_store
from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.results import Document, Extraction, FieldValue, Line, checked


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


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_only_the_owner_may_read_it(pictures: Callable[..., list[str]], store: Path) -> None:
    modes: set[int] = set()
    files: set[str] = set()

    def special(width: int) -> None:
        if width == 22:
            found = list(store.parent.glob("run.sqlite*"))
            files.update(path.name for path in found)
            modes.update(stat.S_IMODE(path.stat().st_mode) for path in found)

    umask = os.umask(0)
    try:
        extract(pictures(21, 22), engine=Fake(special=special), store=store, workers=1)
    finally:
        os.umask(umask)
    assert files == {"run.sqlite", "run.sqlite-wal", "run.sqlite-shm"}
    assert modes == {0o600}
    store.chmod(0o644)
    extract(pictures(21), engine=Fake(), store=store)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600


def test_what_is_no_store_is_refused_and_left_alone(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    text, other, newer = tmp_path / "a.txt", tmp_path / "b.sqlite", tmp_path / "c.sqlite"
    text.write_text("no database " * 100)
    for path, pragma in ((other, "user_version=0"), (newer, "application_id=0x63766f72")):
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE cards (id)")
            connection.execute(f"PRAGMA {pragma}")
        connection.close()
    messages = {text: "not a store", other: "not a store", newer: "another version"}
    for path, message in messages.items():
        before = path.read_bytes()
        with pytest.raises(ArgumentError, match=message):
            extract(pictures(21), engine=Fake(), store=path)
        assert path.read_bytes() == before
    with pytest.raises(ArgumentError, match="check its folder"):
        extract(pictures(21), engine=Fake(), store=tmp_path / "nay" / "run.sqlite")
    with pytest.raises(ArgumentError, match="store=…"):
        extract(pictures(21), engine=Fake(), retry_failed=True)


def test_a_store_that_cannot_be_written_stops_the_run(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    def special(width: int) -> None:
        if width == 22:
            with sqlite3.connect(store) as other:
                other.execute("DROP TABLE readings")
            other.close()

    with pytest.raises(BatchError, match="cannot be used") as caught:
        extract(pictures(21, 22, 23), engine=Fake(special=special), store=store, workers=1)
    assert caught.value.partial is not None
    assert caught.value.partial["id"].tolist() == ["21", "22"]


def test_two_runs_may_use_one_store_at_a_time(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    paths = pictures(*range(21, 41))
    engine = Fake(special=lambda _: time.sleep(0.01))
    found: list[pd.DataFrame] = []

    def read(order: list[str]) -> None:
        found.append(extract(order, engine=engine, store=store, workers=2))

    threads = [threading.Thread(target=read, args=(o,)) for o in (paths, paths[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(frame) for frame in found] == [20, 20]
    assert all(frame["ocr_error"].isna().all() for frame in found)
    assert len(read_store(store)) == 20
    # Each finds what the other has read: the second half of both.
    assert len(engine.seen) < 40


def test_read_store_gives_what_is_there(pictures: Callable[..., list[str]], store: Path) -> None:
    a, b, c = pictures(21, 22, 23)
    engine = Fake()
    frame = extract([a, b, a], engine=engine, store=store, workers=1)
    kept = read_store(store)
    pd.testing.assert_frame_equal(kept, frame.iloc[:2])
    extract([(b, c)], kind="id_pair", engine=engine, store=store)
    with pytest.raises(ArgumentError, match="kind=…"):
        read_store(store)
    pair = read_store(store, kind="id_pair")
    assert pair[["front", "back"]].to_numpy().tolist() == [[b, c]] * 2
    assert len(read_store(store, kind="id_any", engine="fake 1")) == 2
    assert len(read_store(store, engine="nay")) == 0
    with pytest.raises(ArgumentError, match="no such store"):
        read_store(store.with_name("nay.sqlite"))


def test_a_store_names_sources_without_their_content_or_keys(
    pictures: Callable[..., list[str]], store: Path
) -> None:
    content = Path(pictures(21)[0]).read_bytes()
    url = "http://ann:pass@127.0.0.1:9/a.png?token=T-1"
    with pytest.warns(RowsFailedWarning):
        extract([content, url], engine=Fake(), store=store)
    assert sorted(read_store(store)["image"]) == ["bytes", "http://127.0.0.1:9/a.png"]
    assert b"T-1" not in store.read_bytes()
    assert b"pass" not in store.read_bytes()


texts = st.text(min_size=1, max_size=8)
floats = st.floats(allow_nan=False, allow_infinity=False)
quads = st.none() | st.tuples(*[floats] * 8)
values = st.builds(FieldValue, texts, st.none() | floats, quads)
documents = st.builds(
    Document,
    type=texts,
    side=st.sampled_from(["", "front", "back"]),
    fields=st.dictionaries(texts, values).map(MappingProxyType),
    page=st.integers(1, 99),
    confidence=st.none() | floats,
    valid=st.none() | st.booleans(),
    invalid_code=st.none() | st.integers(0, 9),
    invalid_message=st.text(),
    warnings=st.lists(texts).map(tuple),
    corners=quads,
    thumb=st.none() | st.binary(max_size=9),
    extra=st.dictionaries(texts, st.text()).map(MappingProxyType),
)
lines = st.builds(Line, st.text(), floats, quads, st.lists(floats).map(tuple))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(documents, max_size=2).map(tuple), st.lists(lines, max_size=2).map(tuple), texts)
def test_what_is_written_is_read(
    documents: tuple[Document, ...], lines: tuple[Line, ...], engine: str
) -> None:
    found = Extraction(documents, lines, engine)
    assert checked(found) is found
    assert stores.load(stores.dump(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "7", '{"error":"OSError","message":"x"}', '{"error":1,"code":2}',
     '{"engine":"e","documents":[{"fields":{"id":["x",1]}}],"lines":[]}',
     '{"engine":"e","documents":[{"fields":{"id":["x","much",null]}}],"lines":[]}',
     '{"engine":"e","documents":[{"fields":{"id":["\\ud800",1,null]}}],"lines":[]}',
     '{"engine":"e","documents":[{"fields":{},"page":"two"}],"lines":[]}',
     '{"engine":"e","documents":[],"lines":[["x",1,[1,2],[]]]}'],
)  # fmt: skip
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        stores.load(text)


def test_numbers_of_other_libraries_become_plain_ones() -> None:
    odd = FieldValue("1", float("nan"), np.arange(8.0))  # type: ignore[arg-type]
    sure = FieldValue("2", np.float32(0.5))  # type: ignore[arg-type]
    paper = Document("cmt", "", {"id": odd, "name": sure}, valid=np.bool_(True), page=np.int64(2))  # type: ignore[arg-type]
    found = stores.load(stores.dump(checked(Extraction((paper,)))))
    assert isinstance(found, Extraction)
    fields = found.documents[0].fields
    assert fields["id"] == FieldValue("1", None, (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0))
    assert fields["name"].confidence == 0.5
    assert (found.documents[0].valid, found.documents[0].page) == (True, 2)
