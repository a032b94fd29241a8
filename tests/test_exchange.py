import csv
import json
import stat
from pathlib import Path
from types import MappingProxyType

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from PIL import Image

from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.exchange import (
    LeftOutWarning,
    from_excel,
    from_image_folder,
    from_label_studio,
    from_paddle,
    label_studio_config,
    to_excel,
    to_image_folder,
    to_label_studio,
    to_paddle,
)
from cvocr_lab.frames import (
    Reading,
    Records,
    documents_of,
    relocate,
    to_frame,
    wide,
    write_frame,
)
from cvocr_lab.results import Document, Extraction, FieldValue, Quad, box_quad

BOX = box_quad(10.0, 20.0, 110.0, 40.0)
TILTED: Quad = (50.0, 20.0, 110.0, 100.0, 94.0, 112.0, 34.0, 32.0)  # 100 × 20, turned
SKEWED: Quad = (10.0, 20.0, 110.0, 25.0, 120.0, 60.0, 5.0, 40.0)


def document(side: str = "front", /, page: int = 1, **values: FieldValue) -> Document:
    kind = "tcc_chip" if side == "front" else "matsautcc_chip"
    return Document(kind, side, MappingProxyType(values), page)


def flat(
    *inputs: tuple[Document, ...] | ImageError, names: list[str] | None = None
) -> pd.DataFrame:
    readings = [
        Reading(i if isinstance(i, ImageError) else Extraction(i, engine="fake 1"), "fake 1")
        for i in inputs
    ]
    images = names or [f"{n}.png" for n in range(len(inputs))]
    return to_frame(readings, pd.DataFrame({"image": images}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n in range(3):
        pixels = np.full((200, 300, 3), 40 * n, np.uint8)
        pixels[20:40, 10:110] = 255
        Image.fromarray(pixels).save(tmp_path / f"{n}.png")
    return tmp_path


def documents(frame: pd.DataFrame) -> list[tuple[Document, ...]]:
    """Return the documents of each input; none of a failed one."""
    records, found = Records(frame), documents_of(frame)
    of_input: dict[int, tuple[Document, ...]] = {}
    for row, at in enumerate(records.inputs.tolist()):
        of_input[at] = of_input.get(at, ()) + (() if records.failed[row] else (found[row],))
    return list(of_input.values())


FRONT = document(
    id=FieldValue("001090000001", 0.9, BOX),
    name=FieldValue("TRẦN ÂN", 0.5, TILTED),
    address=FieldValue("Tổ 1,\tXã A", None, SKEWED),
    born=FieldValue("01/02/1990", 0.25),
)
BACK = document("back", date=FieldValue("05/06/2021", 0.75, BOX))


def test_label_studio_gives_back_what_it_was_given(folder: Path) -> None:
    frame = flat((FRONT, BACK), ImageError("broken"), (document(page=2),))
    path = folder / "tasks.json"
    to_label_studio(relocate(frame, "", folder), path, folders=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    back = from_label_studio(path)
    assert back["image"].tolist() == frame["image"].tolist()
    assert back.index.tolist() == frame.index.tolist()
    assert documents(back) == [(FRONT, BACK), (Document(""),), (document(page=2),)]
    assert back["ocr_engine"].fillna("-").tolist() == ["fake 1", "fake 1", "-", "fake 1"]


def test_label_studio_speaks_percent_about_the_top_left_corner(folder: Path) -> None:
    path = folder / "tasks.json"
    to_label_studio(relocate(flat((FRONT,)), "", folder), path, folders=False)
    (task,) = json.loads(path.read_text("utf-8"))
    (prediction,) = task["predictions"]
    assert prediction["model_version"] == "fake 1"
    assert prediction["score"] == 0.25
    by_name = {(r["id"], r["from_name"]): r for r in prediction["result"]}
    box = by_name["id", "box"]
    assert (box["original_width"], box["original_height"], box["type"]) == (300, 200, "rectangle")
    assert box["value"] == pytest.approx(
        {"x": 10 / 3, "y": 10, "width": 100 / 3, "height": 10, "rotation": 0}
    )
    tilted = by_name["name", "box"]["value"]
    assert tilted["rotation"] == pytest.approx(53.1301, abs=1e-3)
    assert tilted["width"] * 3 == pytest.approx(100)
    assert tilted["height"] * 2 == pytest.approx(20)
    outline = by_name["address", "outline"]
    assert outline["type"] == "polygon"
    assert outline["value"]["points"][2] == pytest.approx([40, 30])
    assert by_name["id", "label"]["value"]["labels"] == ["id"]
    assert by_name["id", "transcription"]["value"]["text"] == ["001090000001"]
    assert by_name["born-text", "born"]["value"]["text"] == ["01/02/1990"]
    config = label_studio_config(flat((FRONT,)))
    names = {r["from_name"] for r in prediction["result"]}
    assert all(f'name="{name}"' in config for name in names)


def test_label_studio_has_no_box_wider_than_the_picture(folder: Path) -> None:
    Image.new("RGB", (100, 400)).save(folder / "0.png")
    down: Quad = (60.0, 50.0, 60.0, 350.0, 40.0, 350.0, 40.0, 50.0)  # 300 × 20, turned right
    frame = flat((document(id=FieldValue("1", 0.5, down)),))
    to_label_studio(relocate(frame, "", folder), folder / "t.json", folders=False)
    (task,) = json.loads((folder / "t.json").read_text("utf-8"))
    assert task["predictions"][0]["result"][0]["type"] == "polygon"
    assert documents(from_label_studio(folder / "t.json")) == documents(frame)


def test_label_studio_sizes_are_those_of_the_upright_picture(folder: Path) -> None:
    turned = Image.new("RGB", (300, 200))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "0.png", exif=exif)
    to_label_studio(relocate(flat((BACK,)), "", folder), folder / "t.json", folders=False)
    (task,) = json.loads((folder / "t.json").read_text("utf-8"))
    assert task["predictions"][0]["result"][0]["original_width"] == 200


def test_label_studio_paths_take_a_root_and_lose_it_again(folder: Path) -> None:
    (folder / "a b&c.png").write_bytes((folder / "0.png").read_bytes())
    frame = flat((FRONT,), names=["a b&c.png"])
    root = "/data/local-files/?d=cards/"
    to_label_studio(
        relocate(frame, "", folder), folder / "t.json", folders=False, root=root, made_by="person"
    )
    (task,) = json.loads((folder / "t.json").read_text("utf-8"))
    assert task["data"]["image"] == "/data/local-files/?d=cards/a%20b%26c.png"
    assert "predictions" not in task
    assert from_label_studio(folder / "t.json", root=root)["image"].tolist() == ["a b&c.png"]
    plain = from_label_studio(folder / "t.json")
    assert plain["image"].tolist() == ["cards/a b&c.png"]
    assert plain["ocr_engine"].tolist() == ["label-studio"]


def exported(*annotations: dict[str, object], **more: object) -> str:
    task = {"id": 7, "data": {"image": "a.jpg"}, "annotations": annotations, **more}
    return json.dumps([task])


def region(name: str, text: str, x: float, **more: object) -> dict[str, object]:
    return {
        "id": f"{name}{x}", "type": "rectanglelabels", "from_name": "l", "to_name": "image",
        "original_width": 200, "original_height": 100, "image_rotation": 0,
        "value": {"x": x, "y": 10, "width": 5, "height": 10, "rotation": 0, "text": [text],
                  "rectanglelabels": [name] if name else []}, **more,
    }  # fmt: skip


def test_what_persons_did_in_label_studio_comes_in(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    result = [region("address", "Tổ 1", 10), region("address", "Xã A", 20), region("id", "0", 30)]
    path.write_text(
        exported(
            {"result": [region("id", "old", 1)], "updated_at": "2026-01-01"},
            {"result": result, "updated_at": "2026-02-01"},
            {"result": [], "updated_at": "2026-03-01", "was_cancelled": True},
            predictions=[{"result": [region("id", "machine", 1)], "model_version": "m"}],
        )
    )
    (face,) = documents(from_label_studio(path))[0]
    assert {f: (v.text, v.quad) for f, v in face.fields.items()} == {
        "address": ("Tổ 1 Xã A", box_quad(20, 10, 50, 20)),
        "id": ("0", box_quad(60, 10, 70, 20)),
    }
    predicted = from_label_studio(path, take="predictions")
    assert predicted[["id", "ocr_engine"]].to_numpy().tolist() == [["machine", "m"]]
    assert from_label_studio(path, take="annotations").at[0, "id"] == "0"


def test_a_place_on_a_turned_picture_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(exported({"result": [region("id", "1", 10, image_rotation=90)]}))
    with pytest.warns(LeftOutWarning, match="1 regions"):
        frame = from_label_studio(path)
    assert frame.at[0, "id"] == "1"
    assert frame.at[0, "id_quad"] is None


def test_regions_without_a_label_are_lines_of_text(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(exported({"result": [region("", "một", 10), region("", "hai", 20)]}))
    frame = from_label_studio(path)
    assert frame[["ocr_type", "text"]].to_numpy().tolist() == [["scan", "một\nhai"]]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"data": {}}]', '[{"annotations": []}]', "[["])
def test_what_is_no_export_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(ArgumentError, match="JSON export of Label Studio"):
        from_label_studio(tmp_path / "x")


def test_paddle_gives_back_what_has_a_place(tmp_path: Path) -> None:
    unreadable = document(id=FieldValue("###", None, BOX))
    frame = flat((FRONT, BACK), (unreadable,), ImageError("broken"))
    path = tmp_path / "Label.txt"
    with pytest.warns(LeftOutWarning, match="1 values"):
        to_paddle(frame, path, prefix="cards/")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    assert [name for name, _ in lines] == ["cards/0.png", "cards/1.png", "cards/2.png"]
    box = json.loads(lines[1][1])[0]
    assert (box["transcription"], box["difficult"], box["key_cls"]) == ("###", True, "id")
    assert box["points"] == [[10, 20], [110, 20], [110, 40], [10, 40]]
    back = from_paddle(path, prefix="cards/")
    assert back["image"].tolist() == ["0.png", "0.png", "1.png", "2.png"]
    assert back.index.tolist() == [0, 0, 1, 2]
    placed = {f: v for f, v in FRONT.fields.items() if v.quad}
    assert documents(back) == [
        (Document("tcc_chip", "front", placed), BACK),
        (unreadable,),
        (Document(""),),
    ]


def test_paddles_own_files_come_in(tmp_path: Path) -> None:
    path = tmp_path / "Label.txt"
    line = [
        {"transcription": "Họ tên", "points": [[1, 2], [3, 2], [3, 4], [1, 4]], "difficult": False},
        {"transcription": "AN", "points": [[1, 6], [3, 6], [3, 8], [1, 8]], "key_cls": "None"},
        {"transcription": "###", "points": [[0, 0], [9, 0], [9, 1], [5, 3], [0, 1]],
         "difficult": True},
    ]  # fmt: skip
    path.write_text(f"﻿d/a.jpg\t{json.dumps(line)}\n\nd/b.jpg\t[]\n", "utf-8")
    frame = from_paddle(path)
    assert frame["image"].tolist() == ["d/a.jpg", "d/b.jpg"]
    assert frame["text"].fillna("-").tolist() == ["Họ tên\nAN\n###", "-"]
    assert frame["ocr_type"].fillna("-").tolist() == ["scan", "-"]


@pytest.mark.parametrize(
    "line", ["a.jpg", "a.jpg\t{", 'a.jpg\t[{"points": []}]', "a.jpg\t7",
             'a.jpg\t[{"transcription": "x", "points": [[1]]}]']
)  # fmt: skip
def test_a_line_that_is_none_of_paddles_is_told_by_number(line: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(f"ok.jpg\t[]\n{line}\n")
    with pytest.raises(ArgumentError, match="line 2: not a path"):
        from_paddle(tmp_path / "x")


@pytest.mark.parametrize("pictures", ["copy", "link"])
@pytest.mark.parametrize("metadata", ["jsonl", "csv"])
def test_image_folder_gives_back_the_frame(pictures: str, metadata: str, folder: Path) -> None:
    frame = flat((FRONT,), ImageError("broken"), (BACK,))
    out = folder / "out"
    to_image_folder(relocate(frame, "", folder), out, pictures=pictures, metadata=metadata)  # type: ignore[arg-type]
    assert sorted(p.name for p in out.iterdir()) == [
        "0.png",
        "1.png",
        "2.png",
        f"metadata.{metadata}",
    ]
    assert (out / "0.png").is_symlink() == (pictures == "link")
    assert (out / "0.png").read_bytes() == (folder / "0.png").read_bytes()
    back = from_image_folder(out)
    assert back["image"].tolist() == [str(out / f"{n}.png") for n in range(3)]
    assert back["ocr_source"].tolist() == back["image"].tolist()
    assert_frame_equal(back.assign(image=frame["image"], ocr_source=frame["ocr_source"]), frame)
    with pytest.raises(ArgumentError, match="already contains metadata"):
        to_image_folder(relocate(frame, "", folder), out)


def test_image_folder_has_one_row_per_picture_as_hugging_face_reads_it(folder: Path) -> None:
    frame = flat((FRONT, BACK))
    to_image_folder(relocate(frame, "", folder), folder / "out")
    (row,) = map(json.loads, (folder / "out/metadata.jsonl").read_text("utf-8").splitlines())
    assert row["file_name"] == "0.png"
    assert (row["front_id"], row["back_date"]) == ("001090000001", "05/06/2021")
    back = from_image_folder(folder / "out")
    assert back["front_name"].tolist() == wide(frame)["front_name"].tolist()


def test_pairs_have_two_files_and_equal_names_are_numbered(folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "b" / "0.PNG").write_bytes((folder / "1.png").read_bytes())
    readings = [Reading(Extraction((FRONT, BACK)))]
    frame = to_frame(readings, pd.DataFrame({"front": ["0.png"], "back": ["b/0.PNG"]}))
    to_image_folder(relocate(frame, "", folder), folder / "out", metadata="csv")
    with (folder / "out/metadata.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["front_file_name"], row["back_file_name"]) == ("0.png", "0-2.PNG")
    back = from_image_folder(folder / "out")
    assert back["back"].tolist() == [str(folder / "out/0-2.PNG")]
    with pytest.raises(ArgumentError, match="not a file"):
        to_image_folder(relocate(flat((FRONT,), names=["gone.png"]), "", folder), folder / "new")


NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "001090000001", "1e5", "TRUE", "#N/A",
    "01/02/1990", "_x0041_", "a\x07b", "a\rb\nc", "  x ", "'x", "{=A1}",
]  # fmt: skip


def test_excel_keeps_every_text_a_text(tmp_path: Path) -> None:
    frame = flat(*((document(id=FieldValue(text, 0.5, BOX)),) for text in NASTY))
    path = tmp_path / "x.xlsx"
    to_excel(frame, path, quads=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sheet = openpyxl.load_workbook(path).active
    at = [cell.value for cell in sheet[1]].index("id")
    cells = [row[at] for row in sheet.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(NASTY)
    assert cells[0].value == "=1+1"
    assert cells[0].number_format == "@"
    assert sheet.cell(2, at + 2).value == 0.5
    assert_frame_equal(from_excel(path), frame)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(
    deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(TEXTS, min_size=3, max_size=6))
def test_excel_gives_back_any_text(texts: list[str], tmp_path: Path) -> None:
    frame = flat(*((document(id=FieldValue(text, 0.5, TILTED)), BACK) for text in texts))
    to_excel(frame, tmp_path / "x.xlsx", quads=True)
    assert_frame_equal(from_excel(tmp_path / "x.xlsx"), frame)


def test_excel_shows_the_pieces_of_the_pictures_only_when_asked(folder: Path) -> None:
    frame = flat((FRONT,), ImageError("broken"), (BACK,), (BACK,),
                 names=["0.png", "1.png", "2.png", "gone.png"])  # fmt: skip
    path = folder / "x.xlsx"
    to_excel(relocate(frame, "", folder), path)
    assert not openpyxl.load_workbook(path).active._images
    to_excel(relocate(frame, "", folder), path, crops=True, quads=True)
    sheet = openpyxl.load_workbook(path).active
    names = [cell.value for cell in sheet[1]]
    pictures = {
        (names[i.anchor._from.col], i.anchor._from.row): np.asarray(Image.open(i.ref))
        for i in sheet._images
    }
    assert set(pictures) == {
        ("id_crop", 1), ("name_crop", 1), ("address_crop", 1), ("date_crop", 3),
    }  # fmt: skip
    assert pictures["id_crop", 1].shape == (20, 100, 3)
    assert pictures["id_crop", 1].mean() > 250
    assert pictures["name_crop", 1].mean() < 50
    assert_frame_equal(from_excel(path), relocate(frame, "", folder))
    to_excel(relocate(frame, "", folder), path, crops=["date"])
    assert len(openpyxl.load_workbook(path).active._images) == 1
    with pytest.raises(ArgumentError, match="no field 'nothing'"):
        to_excel(relocate(frame, "", folder), path, crops=["nothing"])


def test_what_hands_did_in_excel_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    to_excel(flat((FRONT,), (FRONT,)), path)
    book = openpyxl.load_workbook(path)
    names = [cell.value for cell in book.active[1]]
    book.active.cell(2, names.index("id") + 1).value = 79
    book.active.cell(3, names.index("born") + 1).value = pd.Timestamp("1990-12-31")
    book.save(path)
    frame = from_excel(path)
    assert (frame.at[0, "id"], frame.at[1, "born"]) == ("79", "31/12/1990")
    book.active.cell(2, names.index("id") + 1).value = "=1+1"
    book.save(path)
    with pytest.raises(ArgumentError, match=r"cell [CD]2 contains a formula"):
        from_excel(path)


def test_excel_refuses_what_does_not_fit_or_is_no_book(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="too long for a cell"):
        to_excel(flat((document(id=FieldValue("x" * 32_768)),)), tmp_path / "x.xlsx")
    (tmp_path / "y.xlsx").write_bytes(b"no book")
    with pytest.raises(ArgumentError, match="not an Excel workbook"):
        from_excel(tmp_path / "y.xlsx")
    openpyxl.Workbook().save(tmp_path / "z.xlsx")
    with pytest.raises(ArgumentError, match="flat frame"):
        from_excel(tmp_path / "z.xlsx")


def test_pictures_in_memory_cannot_be_named(tmp_path: Path) -> None:
    readings = [Reading(Extraction((FRONT,)))]
    frame = to_frame(readings, pd.DataFrame({"image": [np.zeros((9, 9), np.uint8)]}))
    with pytest.raises(ArgumentError, match="pictures, not paths"):
        to_paddle(frame, tmp_path / "x")
    with pytest.raises(ArgumentError, match="pictures, not paths"):
        to_label_studio(frame, tmp_path / "x.json")


@pytest.mark.parametrize("text", ["", "TEMPORARY", "待识别"])
def test_the_placeholder_of_ppocrlabel_is_unreadable(tmp_path: Path, text: str) -> None:
    box = {"transcription": text, "points": [[0, 0], [9, 0], [9, 9], [0, 9]], "difficult": False}
    hard = box | {"transcription": "TRẦN AN", "difficult": True, "key_cls": "name"}
    path = tmp_path / "Label.txt"
    path.write_text("a.jpg\t" + json.dumps([box | {"key_cls": "id"}, hard]), "utf-8")
    frame = from_paddle(path)
    assert frame[["id", "name"]].to_numpy().tolist() == [["###", "###"]]


@pytest.mark.parametrize("key", ["image", "ocr", "scan"])
def test_tasks_of_any_labelling_interface_are_read(tmp_path: Path, key: str) -> None:
    result = [
        {"id": "a", "from_name": "transcription", "to_name": key, "type": "textarea",
         "value": {"x": 0, "y": 0, "width": 10, "height": 10, "text": [" A<<B<< \n C<< "]},
         "original_width": 100, "original_height": 100},
        {"id": "a", "from_name": "label", "to_name": key, "type": "labels",
         "value": {"x": 0, "y": 0, "width": 10, "height": 10, "labels": ["mrz"]},
         "original_width": 100, "original_height": 100},
    ]  # fmt: skip
    picture = "/data/upload/3/0a1b2c3d-card.jpg"
    task = {"data": {"note": "x", key: picture}, "annotations": [{"result": result}]}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]), "utf-8")
    frame = from_label_studio(path)
    assert frame[["image", "mrz"]].to_numpy().tolist() == [["card.jpg", " A<<B<< \n C<< "]]


def test_exports_refuse_numbers_that_lost_their_zeros(tmp_path: Path) -> None:
    frame = flat((FRONT,)).assign(id=[1099000123])
    ending = {to_excel: ".xlsx", to_label_studio: ".json"}
    for write in (to_label_studio, to_paddle, to_excel, to_image_folder, write_frame):
        with pytest.raises(ArgumentError, match="leading zeros"):
            write(frame, tmp_path / f"out{ending.get(write, '.csv')}")
    assert not list(tmp_path.iterdir())


def test_an_excel_sheet_has_no_quads_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    to_excel(flat((FRONT,)), path)
    names = [cell.value for cell in openpyxl.load_workbook(path).active[1]]
    assert "id" in names
    assert not [name for name in names if str(name).endswith(("_quad", "_corners"))]


def whole(**about: object) -> Document:
    """A paper with everything that a reading can say of it, its quads at full precision."""
    quads = [tuple(x + 1 / 3 for x in BOX), tuple(x * 1.0001 for x in TILTED), SKEWED]
    fields = {
        "id": FieldValue("001090000001", 1 / 3, quads[0]),  # type: ignore[arg-type]
        "name": FieldValue(" TRẦN ÂN ", 0.1 + 0.2, quads[1]),  # type: ignore[arg-type]
        "mrz": FieldValue("IDVNM<<\n 9901014M \nTRAN<<AN", None, quads[2]),  # type: ignore[arg-type]
    }
    said = {
        "valid": False, "invalid_code": 0, "invalid_message": "mờ", "confidence": 0.0,
        "warnings": ("blurred", "id:from_qr"), "corners": tuple(x / 7 for x in SKEWED),
        "extra": {"portrait": "x"},
    }  # fmt: skip
    return Document("tcc_chip", "front", MappingProxyType(fields), 2, **said | about)  # type: ignore[arg-type]


@pytest.mark.parametrize("paper", [whole(), whole(valid=True), whole(valid=None, warnings=())])
def test_what_is_said_of_the_paper_and_exact_quads_come_back(folder: Path, paper: Document) -> None:
    frame = relocate(flat((paper,)), "", folder)
    to_label_studio(frame, folder / "tasks.json", folders=False)
    to_paddle(frame, folder / "Label.txt", folders=False)
    for again in (from_label_studio(folder / "tasks.json"), from_paddle(folder / "Label.txt")):
        assert documents(again) == [(paper,)]
    to_label_studio(frame, folder / "done.json", folders=False, made_by="person")
    assert documents(from_label_studio(folder / "done.json")) == [(paper,)]


def test_a_box_that_was_moved_in_label_studio_is_where_it_was_put(folder: Path) -> None:
    path = folder / "tasks.json"
    to_label_studio(relocate(flat((whole(),)), "", folder), path, folders=False)
    tasks = json.loads(path.read_text("utf-8"))
    for part in tasks[0]["predictions"][0]["result"]:
        if part["id"] == "id":
            part["value"]["x"] += 1
    path.write_text(json.dumps(tasks), "utf-8")
    fields = documents(from_label_studio(path))[0][0].fields
    assert fields["id"].quad == pytest.approx(
        [x + 1 / 3 + 3 * (n % 2 == 0) for n, x in enumerate(BOX)]
    )
    assert fields["name"].quad == whole().fields["name"].quad


@pytest.mark.parametrize("as_file", [True, False])
def test_the_labelling_interface_says_which_key_is_the_picture(
    tmp_path: Path, as_file: bool
) -> None:
    config = '<View><Text name="t" value="$note"/><Image name="scan" value="$page_url"/></View>'
    task = {"data": {"note": "see b.jpg", "page_url": "in/a", "image": "c.png"}, "annotations": []}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]), "utf-8")
    (tmp_path / "config.xml").write_text(config, "utf-8")
    given = tmp_path / "config.xml" if as_file else config
    assert from_label_studio(path, config=given)["image"].tolist() == ["in/a"]
    assert from_label_studio(path)["image"].tolist() == ["c.png"]
    for wrong in ("<View>", "<View/>", '<View><Image name="x" value="a.jpg"/></View>'):
        with pytest.raises(ArgumentError, match="config"):
            from_label_studio(path, config=wrong)
    path.write_text(json.dumps([{"data": {"page": "in/a"}}]), "utf-8")
    with pytest.raises(ArgumentError, match="config="):
        from_label_studio(path)


@pytest.mark.parametrize(
    "picture",
    ["/data/upload/3/0a1b2c3d-thẻ.jpg", "data/upload/3/thẻ.jpg", "/data/upload/0a1b2c3d-thẻ.jpg",
     "http://localhost:8080/data/upload/12/0a1b2c3d-thẻ.jpg",
     "/data/local-files/?d=th%E1%BA%BB.jpg"],
)  # fmt: skip
def test_what_label_studio_puts_before_a_name_falls_off(tmp_path: Path, picture: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"data": {"ocr": picture}}]), "utf-8")
    assert from_label_studio(path)["image"].tolist() == ["thẻ.jpg"]


def test_a_turned_region_is_counted_once(tmp_path: Path) -> None:
    place = {"x": 0, "y": 0, "width": 10, "height": 10, "rotation": 0}
    about = {"id": "a", "to_name": "image", "original_width": 100, "original_height": 100,
             "image_rotation": 90}  # fmt: skip
    result = [
        {**about, "from_name": "box", "type": "rectangle", "value": place},
        {**about, "from_name": "label", "type": "labels", "value": {**place, "labels": ["name"]}},
        {**about, "from_name": "t", "type": "textarea", "value": {**place, "text": ["AN"]}},
    ]
    path = tmp_path / "export.json"
    tasks = [{"data": {"image": "a.jpg"}, "annotations": [{"result": result}]}] * 2
    path.write_text(json.dumps(tasks), "utf-8")
    with pytest.warns(LeftOutWarning, match="^2 regions"):
        frame = from_label_studio(path)
    assert frame["name"].tolist() == ["AN", "AN"]


def test_a_value_with_an_unreadable_line_is_unreadable(tmp_path: Path) -> None:
    def box(text: str, key: str, *, hard: bool = False) -> dict[str, object]:
        points = [[0, 0], [9, 0], [9, 9], [0, 9]]
        return {"transcription": text, "points": points, "difficult": hard, "key_cls": key}

    def read(*boxes: dict[str, object]) -> pd.Series:
        (tmp_path / "Label.txt").write_text(f"a.jpg\t{json.dumps(boxes)}\n", "utf-8")
        return from_paddle(tmp_path / "Label.txt").iloc[0]

    assert read(box("Tổ 5", "address"), box("", "address"))["address"] == "###"
    assert read(box("x", "text", hard=True), box("TEMPORARY", "text"))["text"] == "###"
    assert read(box("Tổ 5", "text"), box("x", "text", hard=True))["text"] == "Tổ 5\n###"


def test_of_two_values_that_look_like_pictures_none_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([{"data": {"note": "like b.png", "paper": "a.jpg"}}]), "utf-8")
    with pytest.raises(ArgumentError, match="config="):
        from_label_studio(path)
    config = '<View><Image name="image" value="$paper"/></View>'
    assert from_label_studio(path, config=config)["image"].tolist() == ["a.jpg"]
