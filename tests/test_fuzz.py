"""Damaged files and answers, thousands of them with a fixed seed: errors of ours, or a result."""

import io
import json
import random
import re
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cvocr_lab import batch, exchange, frames, images, journal, scoring, store, wire
from cvocr_lab.engines.local import recogniser
from cvocr_lab.errors import CvocrError
from cvocr_lab.journal import Decision, Item
from cvocr_lab.journal.decision import line_of
from cvocr_lab.results import Document, Extraction, FieldValue, checked

QUAD = (1.0, 1.0, 9.0, 1.0, 9.0, 5.0, 1.0, 5.0)
ODD = [
    b"\\ud800", b"\xff\xfe", b"\x00", b"NaN", b"1e999", b"-1", b"9" * 400, b"null", b"[]", b"{}",
    b'""', b"true", b"\xed\xa0\x80", b"'", b"=1+1", b"../..", b"\r", b"\n", b"\t", b"9999-12-31",
]  # fmt: skip
WORDS = (b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"0", b"\n")


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change a few places: bits, cuts, repetitions, and pieces that mean something."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        match rng.randrange(6):
            case 0 if made:
                made[at % len(made)] = rng.randrange(256)
            case 1:
                del made[at : at + rng.randint(1, 30)]
            case 2:
                made[at:at] = rng.choice(ODD)
            case 3:
                end = at + rng.randint(1, 8)
                made[at:end] = rng.choice(ODD)
            case 4:
                made[at:at] = made[at : at + rng.randint(1, 60)]
            case _:
                made[at:at] = rng.choice(WORDS)
    return bytes(made)


def other_shape(value: Any, rng: random.Random) -> Any:
    """Replace one part of a JSON value by something of another type."""
    odd: tuple[Any, ...] = (
        None, True, -1, 1.5, 10**400, float("nan"), "", "\ud800", "x" * 300, [], {}, [[]],
    )  # fmt: skip
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: other_shape(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        return [*value[:at], other_shape(value[at], rng), *value[at + 1 :]]
    return rng.choice(odd)


def paper() -> Extraction:
    fields = {"id": FieldValue("001090000001", 0.9, QUAD), "name": FieldValue("NGUYỄN ÁI", 0.5)}
    return Extraction((Document("tcc_chip", "front", fields, corners=QUAD),), engine="fuzz 1")


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    picture = tmp_path_factory.mktemp("pictures") / "a.png"
    Image.new("RGB", (40, 30)).save(picture)
    sources = pd.DataFrame({"image": [str(picture)] * 2})
    return frames.to_frame([frames.Reading(paper())] * 2, sources)


def attempt(call: Callable[[], object], what: bytes) -> bool:
    """Tell whether it gave a result; fail on any error that is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except CvocrError as error:
            str(error).encode()
            return False
        except Exception as error:
            pytest.fail(f"{type(error).__name__}: {error} for {what[:300]!r}")
    return True


def writable(made: pd.DataFrame, folder: Path) -> None:
    """What was imported can be written and read again."""
    for ending in ("csv", "parquet"):
        frames.write_frame(made, folder / f"again.{ending}")
        frames.read_frame(folder / f"again.{ending}")


Write = Callable[[pd.DataFrame, Path], object]


def quiet(write: Write) -> Write:
    def written(frame: pd.DataFrame, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write(frame, path)

    return written


FORMATS: dict[str, tuple[str, Write, Callable[[Path], object], int]] = {
    "paddle": ("Label.txt", quiet(exchange.to_paddle), exchange.from_paddle, 700),
    "label-studio": ("tasks.json", exchange.to_label_studio, exchange.from_label_studio, 700),
    "csv": ("read.csv", frames.write_frame, frames.read_frame, 400),
    "labels": ("read.csv", frames.write_frame, scoring.read_labels, 300),
    "parquet": ("read.parquet", frames.write_frame, frames.read_frame, 200),
    "excel": ("read.xlsx", exchange.to_excel, exchange.from_excel, 60),
}


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_imports(name: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    file, write, read, rounds = FORMATS[name]
    rng = random.Random(name)
    path = tmp_path / file
    write(frame, path)
    good = path.read_bytes()
    results = 0
    for _ in range(rounds):
        bad = damaged(good, rng)
        if name == "label-studio" and rng.random() < 0.6:
            bad = json.dumps(other_shape(json.loads(good), rng)).encode()
        if name == "paddle" and rng.random() < 0.6:
            line = good.split(b"\n")[0].split(b"\t")
            bad = line[0] + b"\t" + json.dumps(other_shape(json.loads(line[1]), rng)).encode()
        path.write_bytes(bad)

        def whole() -> None:
            made = read(path)
            if not isinstance(made, pd.DataFrame) or rng.random() < 0.75:
                return
            if set(frames.READING_COLUMNS) <= set(made.columns):
                writable(made, tmp_path)

        results += attempt(whole, bad)
    assert results < rounds


@pytest.mark.parametrize("encoding", ["utf-16", "cp1258"])
@pytest.mark.parametrize("name", [n for n in FORMATS if n not in ("parquet", "excel")])
def test_other_encodings(name: str, encoding: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    file, write, read, _ = FORMATS[name]
    path = tmp_path / file
    write(frame, path)
    text = path.read_text("utf-8").replace("Á", "A").replace("Ễ", "Ê").replace("NGUY", "NGUYÊ")
    path.write_bytes(text.encode(encoding))
    found = attempt(lambda: read(path), path.read_bytes())
    assert found == (name in ("csv", "labels")), "tables are read in any encoding, JSON is UTF-8"


def test_one_far_cell_of_a_workbook_costs_nothing(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active["A1"] = "image"
    book.active["XFD1048576"] = "x"
    book.save(tmp_path / "a.xlsx")
    assert not attempt(lambda: exchange.from_excel(tmp_path / "a.xlsx"), b"")


@pytest.mark.parametrize("name", ["../private/id_rsa", "/etc/passwd", "~/.ssh/id_rsa", "C:\\a"])
def test_paths_of_a_strangers_file_stay_in_its_folder(name: str, tmp_path: Path) -> None:
    from cvocr_lab.errors import ArgumentError

    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "Label.txt").write_text(f"{name}\t[]\n")
    (folder / "tasks.json").write_text(json.dumps([{"data": {"image": name}}]))
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": name}) + "\n")
    for read, file in (
        (exchange.from_paddle, folder / "Label.txt"),
        (exchange.from_label_studio, folder / "tasks.json"),
        (exchange.from_image_folder, folder),
    ):
        with pytest.raises(ArgumentError, match="outside"):
            read(file)
        assert read(file, outside=True) is not None


def test_what_is_no_picture_is_not_copied(tmp_path: Path) -> None:
    from cvocr_lab.errors import ArgumentError

    key = tmp_path / "id_rsa"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----" * 9)
    made = frames.to_frame([frames.Reading(paper())], pd.DataFrame({"image": [str(key)]}))
    with pytest.raises(ArgumentError, match="not copied"):
        exchange.to_image_folder(made, tmp_path / "out")
    assert not list((tmp_path / "out").glob("id_rsa*"))


def test_damaged_journals(tmp_path: Path) -> None:
    rng = random.Random("journal")
    path = tmp_path / "j.jsonl"
    decisions = [
        Decision(Item(source="a.jpg", label=1, field=f), "corrected", v, who="an", seconds=1.5)
        for f, v in (("id", "1"), ("name", "Ễ"))
    ]
    good = b"".join(map(line_of, decisions))
    for at in range(900):
        bad = damaged(good, rng)
        if at % 2:
            cells = other_shape(json.loads(good.split(b"\n")[0]), rng)
            bad = json.dumps(cells).encode() + b"\n" + good
        path.write_bytes(bad)

        def whole() -> None:
            opened = journal.Journal(path, who="an")
            opened.decide(Item(source="a.jpg", field="id"), "corrected", value="9")
            assert journal.to_frame(path) is not None
            assert len(journal.Journal(path).decisions) == len(opened.decisions)

        assert attempt(whole, bad)


def test_damaged_stores(tmp_path: Path) -> None:
    rng = random.Random("store")
    path = tmp_path / "run.sqlite"
    question = store.Question("id_any", "fuzz 1", "{}")
    with store.Store(path) as opened:
        for at in range(3):
            reading = frames.Reading(paper(), "fuzz 1")
            opened.put(question, (f"{at:064x}",), ("a.jpg",), reading)
    good = path.read_bytes()
    text = store.dump(paper())
    for at in range(300):
        for left in tmp_path.iterdir():
            left.unlink()
        path.write_bytes(good if at % 3 else damaged(good, rng))
        if at % 3:
            value: object = damaged(text.encode(), rng)
            if at % 3 == 1:
                value = json.dumps(other_shape(json.loads(text), rng))
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("UPDATE readings SET result = ? WHERE id = 2", (value,))

        def whole() -> None:
            with store.Store(path) as again:
                frames.to_frame(
                    [r.reading for r in again.readings()],
                    pd.DataFrame({"image": [r.names[0] for r in again.readings()]}),
                )
                for number in range(3):
                    again.get(question.key(f"{number:064x}"))
                again.put(question, (f"{9:064x}",), ("b.jpg",), frames.Reading(paper()))

        done = attempt(whole, str(at).encode())
        assert done or at % 3 == 0


def answers() -> Iterator[tuple[str, Any]]:
    for kind in ("id_any", "id_front", "vehicle", "scan", "id_pdf"):
        found = paper()
        endpoint = next(e for e in wire.ENDPOINTS if e.kind == kind)
        yield kind, json.loads(json.dumps(wire.encode(found, endpoint)))


def test_damaged_answers_of_the_service() -> None:
    rng = random.Random("answers")
    good = list(answers())
    for _ in range(1500):
        kind, answer = rng.choice(good)
        bad = other_shape(answer, rng)

        def whole(bad: Any = bad, kind: str = kind) -> None:
            try:
                found = checked(wire.decode(bad, kind, engine="cloud"))
            except ValueError:  # what `engines.ask` makes a row error of
                return
            frame = frames.to_frame([frames.Reading(found)], pd.DataFrame({"image": ["a"]}))
            assert store.load(store.dump(found)) is not None
            frame.to_csv(io.StringIO())

        attempt(whole, repr(bad).encode())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"])
def test_damaged_pictures(kind: str) -> None:
    rng = random.Random(kind)
    noise = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, kind)
    for _ in range(120):
        bad = damaged(file.getvalue(), rng)
        attempt(lambda bad=bad: images.load(bad), bad)  # type: ignore[misc]


LINE = "a.jpg\t[%s]\n"
BOX = '{"transcription": "x", "points": [[0, 0], [9, 0], [9, 9], [0, 9]]%s}'
TASK = '[{"data": {"image": "a.jpg"}, "annotations": [{"result": [%s]}]}]'
PART = '{"id": "a", "type": "rectangle", "original_width": %s, "original_height": 9, "value": %s}'
MALFORMED: list[tuple[str, str, bytes]] = [
    ("paddle", "a list", b"[]"),
    ("paddle", "a mapping of boxes", b'a.jpg\t{"x": 1}\n'),
    ("paddle", "no points", (LINE % '{"transcription": "x"}').encode()),
    ("paddle", "a number as text", (LINE % BOX % "").replace('"x"', "7").encode()),
    ("paddle", "points of text", (LINE % BOX % "").replace("[0, 0]", '"ab"').encode()),
    ("paddle", "a face of text", (LINE % BOX % ', "face": "x"').encode()),
    ("paddle", "a reading of another shape", (LINE % BOX % ', "reading": {"valid": 7}').encode()),
    ("label-studio", "a mapping", b"{}"),
    ("label-studio", "numbers", b"[1, 2]"),
    ("label-studio", "no data", b'[{"id": 1}]'),
    ("label-studio", "no numbers", (TASK % PART % ('"wide"', '{"x": 1}')).encode()),
    ("label-studio", "no value", (TASK % '{"type": "labels"}').encode()),
    ("label-studio", "nested without end", b"[" * 100_000),
    ("label-studio", "JSON-MIN", b'[{"image": 7, "label": []}]'),
    ("image-folder", "a list", b"[1]\n"),
    ("image-folder", "no file_name", b'{"text": "x"}\n'),
    ("image-folder", "a lone surrogate", b'{"file_name": "a.jpg", "id": "\\ud800"}\n'),
    ("csv", "nothing", b""),
    ("csv", "one column", b"x\n1\n"),
    ("parquet", "text", b"image,ocr_type\n"),
    ("excel", "text", b"image,ocr_type\n"),
]
MALFORMED += [
    (name, encoding, 'a.jpg\t[] {"tên": "Đà Nẵng"}'.replace("ẵ", "â").encode(encoding))
    for name in ("paddle", "label-studio", "image-folder", "csv")
    for encoding in ("utf-16", "cp1258")
]


@pytest.mark.parametrize(("name", "what", "content"), MALFORMED, ids=lambda v: str(v)[:20])
def test_malformed_imports_are_told_as_such(
    name: str, what: str, content: bytes, tmp_path: Path
) -> None:
    from cvocr_lab.errors import ArgumentError

    if name == "image-folder":
        (tmp_path / "metadata.jsonl").write_bytes(content)
        path, read = tmp_path, exchange.from_image_folder
    else:
        file, _, read, _ = FORMATS[name]  # type: ignore[assignment]
        path = tmp_path / file
        path.write_bytes(content)
    with pytest.raises(ArgumentError) as caught:
        read(path)
    assert str(path.name) in str(caught.value)


MODEL = Path(str(recogniser.model_file()))
WRONG_MODELS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"no model",
    "cut off": lambda data: data[: len(data) // 2],
    "another model": lambda _: MODEL.with_name("text.onnx").read_bytes(),
    "a stride of 0": lambda data: re.sub(rb'"stride": \d', b'"stride": 0', data),
    "a stride of text": lambda data: re.sub(rb'"stride": \d', b'"stride":""', data),
    "no charset": lambda data: data.replace(b'"charset"', b'"charmed"'),
    "a card that is no JSON": lambda data: data.replace(b'{"version"', b'["version"'),
}


@pytest.mark.parametrize("change", WRONG_MODELS.values(), ids=WRONG_MODELS)
def test_a_wrong_model_file_is_told(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    from cvocr_lab.errors import ArgumentError

    path = tmp_path / "mine.onnx"
    path.write_bytes(change(MODEL.read_bytes()))
    with pytest.raises(ArgumentError, match=r"mine\.onnx is not a line model"):
        recogniser.Recogniser(path).read([np.full((32, 64, 3), 255, np.uint8)])


@pytest.mark.parametrize("name", ["gone.onnx", "folder", "\ud800.onnx", "a\0b"])
def test_a_missing_model_file_is_told(name: str, tmp_path: Path) -> None:
    from cvocr_lab.engines import open_engine
    from cvocr_lab.errors import ArgumentError

    (tmp_path / "folder").mkdir()
    with pytest.raises(ArgumentError, match="model"):
        open_engine("local", model=str(tmp_path / name))
    frame = pd.DataFrame({"image": [np.full((30, 40, 3), 255, np.uint8)]})
    with pytest.raises(ArgumentError, match="model"):
        batch.extract(frame, engine="local", model=str(tmp_path / name), progress=False)
