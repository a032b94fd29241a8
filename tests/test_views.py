"""What the viewer tells the page, asked as the page asks it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pandas as pd
import pytest
from cards import NAMES, card, cards, picture
from page import Page, fields

import cvocr_lab
from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.frames import Reading, Records, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.views import show, view
from cvocr_lab.views.live_page import PARTS, static
from cvocr_lab.views.pictures import Pictures, masked
from cvocr_lab.views.row_filter import Positions, RowFilter, RowSelector
from cvocr_lab.views.truth_overlay import TruthOverlay, judge


def decoded(jpeg: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels)


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return cards(folder, 6)


def test_a_row_is_told_with_its_pictures(frame: pd.DataFrame, folder: Path) -> None:
    page = Page(frame.cvocr.view())
    opened = page.ask("open")
    assert (opened["tell"], opened["count"], opened["at"]) == ("open", 6, 0)
    choices = page.ask("choices")
    assert choices["types"] == ["tcc_chip"]
    assert choices["warnings"] == ["id:from_qr"]
    told = page.ask("show", at=1, edge=400, have=[])
    assert told["title"] == "CCCD gắn chip, mặt trước"
    name = fields(told)["name"]
    assert (name["value"], name["caption"], name["english"]) == (
        NAMES[1], "Họ và tên", "Full name",
    )  # fmt: skip
    assert fields(told)["address"]["value"] is None
    sheet = told["sheet"]
    assert isinstance(sheet, dict)
    assert sheet["size"] == [760, 500]
    assert decoded(page.pictures[sheet["photo"]]).shape == (263, 400, 3)
    assert decoded(page.pictures[sheet["paper"]]).shape[:2] == (400, 640)
    # On the paper alone places are counted from its corner.
    assert sheet["paper_quads"]["name"][:2] == (170.0, 140.0)
    crop = decoded(page.pictures[sheet["crops"]["name"]])
    assert crop.shape[1] > 5 * crop.shape[0]
    again = page.ask("show", at=1, edge=400, have=[1])
    assert "sheet" not in again
    assert page.pictures == []


def test_no_trait_holds_a_picture_or_a_value(frame: pd.DataFrame, folder: Path) -> None:
    shown = frame.cvocr.view()
    page = Page(shown)
    page.ask("open")
    page.ask("show", at=0, edge=400)
    state = json.dumps(shown.widget.get_state(), default=str)
    data, _ = shown._repr_mimebundle_()
    for trace in (*NAMES, "0010900000", "/9j/", "base64"):
        assert trace not in state
        assert trace not in json.dumps(data)
    assert data["text/plain"] == "Viewer of 6 of 6 rows; run the cell to see them"


def test_what_is_wrong_is_told_and_kills_nothing(folder: Path, frame: pd.DataFrame) -> None:
    lost = frame.assign(ocr_source=["gone.jpg", *frame["ocr_source"].iloc[1:]])
    page = Page(lost.cvocr.view())
    told = page.ask("show", at=0, edge=400)
    assert isinstance(told["sheet"], dict)
    assert "gone.jpg" in str(told["sheet"]["trouble"])
    trouble = page.ask("choose", query="nonsense ~ here")
    assert trouble["tell"] == "trouble"
    assert "query" in str(trouble["text"])
    assert page.ask("choose", query="id_confidence < 0.5")["count"] == 0
    assert page.ask("choose")["count"] == 6


def chosen(records: Records, wish: RowFilter) -> Positions:
    return RowSelector(records).select(wish)


def test_rows_are_chosen_and_sorted(frame: pd.DataFrame) -> None:
    failed = to_frame(
        [Reading(ImageError("broken"), seconds=9.0)], pd.DataFrame({"image": ["x.jpg"]}),
        fields=["id", "name", "born"],
    )  # fmt: skip
    both = pd.concat([frame, failed])
    assert chosen(Records(both), RowFilter(type="(failed)")).tolist() == [6]
    assert chosen(Records(both), RowFilter(type="tcc_chip", warning="id:from_qr")).tolist() == [
        1,
        3,
        5,
    ]
    assert chosen(Records(both), RowFilter(query="id.str.len() < 12")).tolist() == [2, 5]
    assert chosen(Records(both), RowFilter(below=0.79)).tolist() == [0, 1, 5]
    assert chosen(Records(both), RowFilter(sort="confidence")).tolist() == [0, 5, 1, 2, 3, 4, 6]
    turned = chosen(Records(both), RowFilter(sort="confidence", reverse=True)).tolist()
    assert turned == [4, 3, 2, 1, 0, 5, 6]  # what has no confidence is last either way
    assert chosen(Records(both), RowFilter(above=0.79, below=0.89)).tolist() == [2, 3]
    assert chosen(Records(both), RowFilter(reverse=True)).tolist() == [6, 5, 4, 3, 2, 1, 0]
    assert chosen(Records(both), RowFilter(sort="type")).tolist() == [0, 1, 2, 3, 4, 5, 6]
    indexed = both.set_axis([3, 1, 2, 6, 5, 4, 0])
    assert chosen(Records(indexed), RowFilter(sort="index")).tolist() == [6, 1, 2, 0, 5, 4, 3]
    assert chosen(Records(both), RowFilter(sort="name")).tolist()[:2] == [2, 1]
    for wish in (
        RowFilter(query="ocr_page + 1"),
        RowFilter(sort="nothing"),
        RowFilter(outcome="wrong"),
        RowFilter(sort="cer"),
    ):
        with pytest.raises(ArgumentError):
            chosen(Records(both), wish)


def test_a_truth_judges_as_the_score_does(frame: pd.DataFrame) -> None:
    truth = frame[["image", "id", "name"]].assign(sex=["Nam", "", "", "Nữ", "", ""])
    truth.loc[1, "name"] = "###"
    truth["name_alt"] = ["", "", "LÊ ĐÌNH QUÍ", "", "", ""]
    truth.loc[2, "name"] = "X"
    truth.loc[3, "id"] = "001090000009"
    judge_all = TruthOverlay(Records(frame), truth, on="image")
    score = cvocr_lab.score(frame, truth, on="image")
    for outcome in ("correct", "wrong", "missing", "invented"):
        counted = int((score.cells["outcome"] == outcome).sum())
        assert int(judge_all.outcomes[outcome].sum()) == counted, outcome
    for at in range(6):
        cells = score.cells[score.cells["row"] == at].set_index("field")["outcome"]
        found = judge_all.of(at)
        for field, outcome in cells.items():
            assert found[str(field)].outcome == outcome, (at, field)
    assert judge_all.of(1)["name"].outcome == ""
    assert judge_all.of(2)["name"].truth == "LÊ ĐÌNH QUÍ"
    assert judge(["a", "b"], "b").outcome == "correct"
    shown = frame.cvocr.view(truth=truth, on="image", sort="outcome")
    assert shown.rows.tolist()[:3] == [3, 0, 2]
    told = Page(shown).ask("show", at=0, edge=400)
    assert fields(told)["id"]["edits"] == [
        ("equal", "00109000000", "00109000000"), ("replace", "9", "3"),
    ]  # fmt: skip


def test_faces_of_one_input_are_judged_by_their_own_fields() -> None:
    back = Document("matsautcc_chip", "back", {"date": FieldValue("01/02/2022")})
    pair = Reading(Extraction((card(0), back)))
    frame = to_frame([pair], pd.DataFrame({"image": ["a.jpg"]}))
    truth = pd.DataFrame({"id": ["001090000000"], "date": ["01/02/2023"]})
    judged = TruthOverlay(Records(frame), truth)
    assert {f: j.outcome for f, j in judged.of(0).items()} == {"id": "correct"}
    assert {f: j.outcome for f, j in judged.of(1).items()} == {"date": "wrong"}


def test_a_mask_leaves_nothing_to_read(frame: pd.DataFrame, folder: Path) -> None:
    page = Page(frame.cvocr.view(mask=True, truth=frame, on="image"))
    page.ask("open")
    told = page.ask("show", at=0, edge=800)
    text = json.dumps(told, ensure_ascii=False)
    for trace in ("001090", NAMES[0], "1990", "0.jpg"):
        assert trace not in text
    sheet = told["sheet"]
    assert isinstance(sheet, dict)
    assert sheet["crops"] == {}
    photo = decoded(page.pictures[sheet["photo"]])
    document = card(0)
    for value in document.fields.values():
        assert value.quad is not None
        x, y = (int(v) for v in value.quad[:2])
        inside = photo[y + 4 : y + 32, x + 4 : x + 320].astype(int)
        assert np.ptp(inside.reshape(-1, 3), axis=0).max() < 40
        assert abs(inside.mean() - np.mean((150, 156, 164))) < 6
    # The portrait's place is known by the printed model.
    assert abs(photo[220, 140].astype(int) - np.array([164, 156, 150])).max() < 12


def test_a_mask_that_knows_no_places_covers_all() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 480, 3), np.uint8)
    covered = masked(noise, "", None, [])
    assert len(np.unique(covered.reshape(-1, 3), axis=0)) <= 24 * 15
    assert (masked(noise, "tcc_chip", None, []) == covered).all()


def test_pictures_kept_are_few(folder: Path, frame: pd.DataFrame) -> None:
    pictures = Pictures()
    records = Records(frame.take(np.arange(40) % 6).reset_index(drop=True))
    for record in records:
        message, files = pictures.sheet(record, 400)
        assert (message["photo"], message["trouble"]) == (0, "")
        assert decoded(files[0]).shape[1] <= 400
    assert len(pictures._kept) == 12
    first, last = records.record(0), records.record(39)
    assert pictures.kept(last, 500) is not None
    assert pictures.kept(last, 700) is None
    assert pictures.kept(first, 400) is None
    assert decoded(pictures.sharp(first, 4000)).shape == (500, 760, 3)


def test_a_plain_picture_where_there_are_no_widgets(frame: pd.DataFrame, folder: Path) -> None:
    drawn = frame.cvocr.show(1, truth=frame, on="image")
    plain = np.asarray(drawn)
    assert plain[5, 5, 3] == 0  # the ground is transparent, for notebooks of either theme
    # It is cut to the card (640 by 400 pixels) with a margin of 8 % of its height.
    seen = np.flatnonzero(plain[200, :, 3] == 255)
    assert seen[seen < 740].max() - seen.min() + 1 == 704
    whole = np.asarray(show(frame, 1, whole=True))
    assert whole.shape[0] == 500 + 32
    assert whole.shape[1] - drawn.size[0] == 760 - 704
    assert not np.array_equal(plain, np.asarray(show(frame, 1)))
    assert view(frame, sort="name").show().size[1] >= 400
    arrays = frame.drop(columns="ocr_source").assign(
        image=pd.Series([picture(at) for at in range(6)], dtype=object)
    )
    assert show(arrays, -1).size == drawn.size
    with pytest.raises(ArgumentError):
        show(frame, 6)


@pytest.mark.parametrize("page", PARTS)
def test_the_script_is_one_module_that_asks_no_network(page: Literal["board", "sweep"]) -> None:
    module = static(page, ".js")
    assert module.count("export ") == 1
    assert "import " not in "".join(
        line for line in module.splitlines() if not line.strip().startswith(("//", "*"))
    )
    for text in (module, static(page, ".css")):
        found = [word for word in ("http://", "https://", "@import", "innerHTML") if word in text]
        assert found in ([], ["http://"])  # the name of SVG is an address, and nothing is fetched
    assert module.count("http://") == module.count('"http://www.w3.org/2000/svg"')
    assert len(PARTS[page]) == len(set(PARTS[page]))
    names = re.findall(r"^(?:const|let|class|function) (\w+)", module, re.MULTILINE)
    assert len(names) == len(set(names))


def test_a_long_frame_opens_at_once(frame: pd.DataFrame, folder: Path) -> None:
    import time

    long = frame.take(np.tile(np.arange(6), 16_667)).reset_index(drop=True)
    took = []
    for _ in range(3):
        start = time.process_time()
        page = Page(long.cvocr.view())
        page.ask("open")
        page.ask("show", at=0, edge=800)
        took.append(time.process_time() - start)
    assert min(took) < 1.0
