"""Places for values that came without: alignment, captions, several lines, whole frames."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cvocr_lab
from cvocr_lab.batch import RowsFailedWarning
from cvocr_lab.engines import Request
from cvocr_lab.errors import ArgumentError, NoDocumentError
from cvocr_lab.frames import Reading, documents_of, read_frame, to_frame, write_frame
from cvocr_lab.kinds import TYPES
from cvocr_lab.locating import Place, locate_values
from cvocr_lab.locating.alignment import Stream, folded
from cvocr_lab.locating.positions import wordings
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad, box_quad

CHIP = TYPES["tcc_chip"]


def page(*rows: str, left: float = 0.0, top: float = 0.0) -> list[Line]:
    """Lines of 10 pixels a letter, 24 high, 30 apart."""
    return [
        Line(text, 0.9, box_quad(left, top + 30 * at, left + 10 * len(text), top + 30 * at + 24))
        for at, text in enumerate(rows)
    ]


def found(
    values: dict[str, str], lines: Sequence[Line], type_: str = "tcc_chip"
) -> dict[str, Place]:
    return locate_values(values, lines, TYPES[type_])


def row_of(place: Place) -> int:
    assert place.quad is not None
    return round(place.quad[1] // 30)


def middle(quad: Quad | None) -> float:
    assert quad is not None
    return sum(quad[::2]) / 4


CARD = page(
    "CĂN CƯỚC CÔNG DÂN",
    "Số / No.: 001099000123",
    "Họ và tên / Full name:",
    "TRẦN VĂN ÂN",
    "Ngày sinh / Date of birth: 05/03/1999",
    "Giới tính / Sex: Nam Quốc tịch / Nationality: Việt Nam",
    "Quê quán / Place of origin:",
    "Hàm Rồng, Năm Căn, Cà Mau",
    "Nơi thường trú / Place of residence: Số 5 Lê Lợi,",
    "Phường Bến Nghé, Quận 1, Hồ Chí Minh",
)


def test_values_are_found_behind_and_below_their_captions() -> None:
    places = found({"id": "001099000123", "name": "TRẦN VĂN ÂN", "born": "05/03/1999"}, CARD)
    assert {name: (place.how, row_of(place)) for name, place in places.items()} == {
        "id": ("located", 1),
        "name": ("located", 3),
        "born": ("located", 4),
    }
    assert places["id"].quad is not None
    assert places["id"].quad[0] > 60


def test_what_either_reader_got_wrong_is_found_all_the_same() -> None:
    places = found({"name": "TRAN VĂN AN", "id": "001O99000128"}, CARD)
    assert (places["name"].how, places["id"].how) == ("located", "fuzzy")
    assert places["id"].score < 1


def test_an_equal_word_elsewhere_is_told_by_its_caption() -> None:
    places = found(
        {"sex": "Nam", "quoctich": "Việt Nam", "country": "Hàm Rồng, Năm Căn, Cà Mau"}, CARD
    )
    assert places["sex"].how == places["quoctich"].how == "located"
    assert middle(places["sex"].quad) < middle(places["quoctich"].quad)
    assert row_of(places["country"]) == 7


def test_an_address_spans_its_lines() -> None:
    address = "Số 5 Lê Lợi, Phường Bến Nghé, Quận 1, Hồ Chí Minh"
    place = found({"address": address}, CARD)["address"]
    assert place.how == "located"
    assert place.quad is not None
    assert place.quad[1] < 270 < place.quad[5]
    assert place.quad[5] > 290


def test_a_value_that_is_nowhere_is_said_to_be() -> None:
    place = found({"name": "NGUYỄN THỊ HỒNG PHƯỢNG"}, CARD)["name"]
    assert place == Place("not_found")
    assert found({"name": "TRẦN VĂN ÂN"}, [])["name"].how == "not_found"


def test_places_that_fit_alike_are_all_told() -> None:
    lines = page("TRẦN VĂN ÂN", "nothing", "nothing", "nothing", "nothing", "TRẦN VĂN ÂN")
    place = locate_values({"name": "TRẦN VĂN ÂN"}, lines)["name"]
    assert place.how == "ambiguous"
    assert len(place.others) == 1
    twice = page("Quốc tịch / Nationality", "VIỆT NAM / VIETNAMESE")
    assert found({"nationality": "VIỆT NAM"}, twice, "passport")["nationality"].how == "located"


def test_one_place_is_given_to_one_field() -> None:
    lines = page("Ngày, tháng, năm sinh: 05/03/1999")
    places = found({"born": "05/03/1999", "duedate": "05/03/1999"}, lines, "tcc")
    assert (places["born"].how, places["duedate"].how) == ("located", "not_found")


@pytest.mark.parametrize("value", ["05/03/2019", "05-03-2019", "2019-03-05", "2019-03-05T00:00:00"])
@pytest.mark.parametrize(
    "printed", ["05/03/2019", "05.03.2019", "Ngày 05 tháng 03 năm 2019", "Ngày 5 tháng 3 năm 2019"]
)
def test_dates_are_found_however_they_are_written(value: str, printed: str) -> None:
    place = found({"date": value}, page("Đặc điểm nhận dạng", printed), "matsautcc")["date"]
    assert place.how == "located"
    assert row_of(place) == 1


def test_the_zone_gives_its_fields_the_place_of_the_whole_zone() -> None:
    lines = page(
        "Ngày, tháng, năm / Date: 05/03/2021",
        "IDVNM0990001232001099000123<<3",
        "9901018M3901016VNM<<<<<<<<<<<8",
        "NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<",
    )
    values = {"person_number": "001099000123", "born": "01/01/1999", "surname": "NGUYEN"}
    places = found(values, lines, "matsautcc_chip")
    assert {place.how for place in places.values()} == {"located"}
    quads = {place.quad for place in places.values()}
    assert len(quads) == 1


def test_units_and_marks_of_the_paper_do_not_hide_a_number() -> None:
    lines = page("Tải trọng: Hàng hóa: 720kg", "Số chỗ ngồi: 5")
    places = found({"pay_load": "720", "sit": "5"}, lines, "vehicle_registration_back")
    assert [place.how for place in places.values()] == ["located", "located"]


@given(st.text("abcdefgh 123", min_size=6, max_size=20), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_what_stands_in_a_line_is_found_there(text: str, before: int) -> None:
    letters, _ = folded(text)
    if len(letters) < 4:
        return
    stream = Stream(["xyz", "zz" * before + letters + "yy", "wwww"])
    piece = stream.whole(letters, min_share=0.99)[0]
    assert piece.line == 1
    assert stream.letters[1][piece.begin : piece.end] == letters
    assert piece.score == pytest.approx(len(letters))


def test_folding_keeps_where_letters_came_from() -> None:
    assert folded("Đỗ, Huệ") == ("dohue", (0, 1, 4, 5, 6))
    assert wordings(CHIP["name"], "05/03/2019 A") == ["05032019a"]


class Lines:
    """Reads the same lines on every picture, and counts how often it is asked."""

    name = "lines"

    def __init__(self, lines: Sequence[Line] = CARD) -> None:
        self.lines = tuple(lines)
        self.asked = 0

    def extract(self, request: Request) -> Extraction:
        assert request.kind == "scan"
        self.asked += 1
        if not self.lines:
            raise NoDocumentError("no text in the picture")
        return Extraction(lines=self.lines)


def answers(**values: str) -> pd.DataFrame:
    """A frame as the cloud gives it: no quads."""
    fields = {name: FieldValue(text) for name, text in values.items()}
    paper = Document("tcc_chip", "front", fields)
    picture = np.zeros((200, 320, 3), np.uint8)
    sources = pd.DataFrame({"image": pd.Series([picture], dtype=object)})
    return to_frame([Reading(Extraction((paper,)))], sources)


def test_a_frame_gets_quads_and_says_how() -> None:
    frame = answers(id="001099000123", name="LÊ THỊ HOA HỒNG", qr="001099000123|||||")
    engine = Lines()
    told = frame.cvocr.locate(engine=engine, progress=False)
    assert told["ocr_located"].item() == "id:located;name:not_found"
    assert len(told["id_quad"].item()) == 8
    assert told["name_quad"].isna().all()
    assert frame["id_quad"].isna().all()
    assert engine.asked == 1
    again = told.cvocr.locate(engine=engine, progress=False)
    pd.testing.assert_frame_equal(again, told)
    assert documents_of(told) == documents_of(again)


def test_located_frames_survive_files(tmp_path: Path) -> None:
    told = answers(id="001099000123").cvocr.locate(engine=Lines(), progress=False)
    told["image"] = "a.jpg"
    path = tmp_path / "told.parquet"
    write_frame(told, path)
    assert read_frame(path)["ocr_located"].tolist() == ["id:located"]


def test_quads_that_are_there_stay_unless_asked() -> None:
    frame = answers(id="001099000123")
    old = (1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 2.0)
    frame["id_quad"] = pd.Series([old], dtype=object)
    engine = Lines()
    assert cvocr_lab.batch.locate(frame, engine=engine, progress=False)["id_quad"].item() == old
    assert engine.asked == 0
    again = cvocr_lab.batch.locate(frame, engine=engine, progress=False, again=True)
    assert again["id_quad"].item() != old


def test_the_sides_of_a_pair_are_looked_for_in_their_own_pictures() -> None:
    front = Document("tcc_chip", "front", {"id": FieldValue("001099000123")})
    back = Document("matsautcc_chip", "back", {"date": FieldValue("05/03/2021")})
    dark, light = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    sides = {"front": dark, "back": light}
    sources = pd.DataFrame({name: pd.Series([side], dtype=object) for name, side in sides.items()})
    frame = to_frame([Reading(Extraction((front, back)))], sources)

    class Both:
        name = "both"

        def extract(self, request: Request) -> Extraction:
            is_back = bool(request.images[0].pages[0].any())
            return Extraction(lines=tuple(page("05/03/2021" if is_back else "001099000123")))

    told = frame.cvocr.locate(engine=Both(), progress=False)
    assert told["ocr_located"].tolist() == ["id:located", "date:located"]


def test_pictures_that_cannot_be_read_say_nothing_and_are_warned_of() -> None:
    frame = answers(id="001099000123")
    frame["image"] = "/nowhere/a.jpg"
    with pytest.warns(RowsFailedWarning, match="1 of 1"):
        told = frame.cvocr.locate(engine=Lines(), progress=False)
    assert told["ocr_located"].isna().all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bare = answers(id="001099000123").cvocr.locate(engine=Lines([]), progress=False)
    assert bare["ocr_located"].item() == "id:not_found"


def test_wrong_fields_are_told() -> None:
    with pytest.raises(ArgumentError, match="unknown field"):
        answers(id="001099000123").cvocr.locate(fields=["colour"])
