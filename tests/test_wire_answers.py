"""Answers as the service was seen to give them, and others."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvocr_lab import kinds
from cvocr_lab.errors import AnswerError, CvocrError, NoDocumentError
from cvocr_lab.results import Document, FieldValue, box_quad
from cvocr_lab.wire import decode


def only(answer: object, kind: str = "id_any") -> Document:
    (paper,) = decode(answer, kind).documents
    return paper


SIDES = {
    "flat": {"mattruoc": {"id": "012345678"}, "matsau": {"tongiao": "Không", "noicap": "CA"}},
    "enveloped": {
        "mattruoc": {"type": "cmt", "data": {"id": "012345678"}, "valid": "True"},
        "matsau": {"type": "matsaucmt", "data": {"tongiao": "Không", "noicap": "CA"}},
    },
}


@pytest.mark.parametrize("nesting", SIDES)
@pytest.mark.parametrize("status", [{"error_code": 0}, {"errorCode": "0"}, {"errorCode": 0.0}, {}])
def test_both_nestings_of_a_pair(nesting: str, status: dict[str, object]) -> None:
    front, back = decode({"data": SIDES[nesting], **status}, "id_pair").documents
    assert (front.type, front.side, front.fields["id"].text) == ("cmt", "front", "012345678")
    assert (back.type, back.side, back.fields["noicap"].text) == ("matsaucmt", "back", "CA")


def test_a_type_that_nothing_tells_stays_open() -> None:
    sides = {"mattruoc": {"id": "001099000123", "name": "NGUYỄN VĂN MẪU", "x": "1"}, "matsau": {}}
    front = only({"data": sides, "errorCode": "0"}, "id_pair")
    assert (front.type, front.side) == ("", "front")
    assert set(front.fields) == {"id", "name"}
    assert front.extra == {"x": "1"}


def test_a_side_that_was_refused_is_noted_on_the_other() -> None:
    sides = {"mattruoc": {"type": "cmt", "data": {"id": "1"}}, "matsau": {"errorCode": "1"}}
    assert only({"data": sides, "errorCode": "0"}, "id_pair").warnings == ("back:error_1",)
    with pytest.raises(NoDocumentError):
        decode({"data": {"mattruoc": {"errorCode": 1}, "matsau": {"errorCode": 1}}}, "id_pair")


def test_a_list_in_any_order_comes_front_first() -> None:
    listed = [
        {"type": "vehicle_registration_back", "info": {"engine": "X1", "sit": 2}},
        {"type": "vehicle_registration_front", "info": {"id": "1234567"}},
    ]
    front, back = decode({"data": listed, "errorCode": "0"}, "vehicle_pair").documents
    assert (front.side, back.side, back.fields["sit"].text) == ("front", "back", "2")
    assert front.valid is None


def test_pages_of_a_pdf_keep_their_order() -> None:
    pages = [{"type": "matsaucmt", "data": {"date": "1"}}, {"type": "cmt", "data": {"id": "2"}}]
    found = decode({"type": "pdf", "data": pages, "errorCode": "0"}, "id_pdf").documents
    assert [paper.type for paper in found] == ["matsaucmt", "cmt"]


@pytest.mark.parametrize(
    ("said", "meant"), [("True", True), ("False", False), (True, True), (None, None), ("?", None)]
)
def test_valid_is_text(said: object, meant: bool | None) -> None:
    answer = {"type": "cmt", "data": {"id": "1"}, "valid": said, "errorCode": "0"}
    assert only(answer).valid is meant


def test_the_words_of_either_version_on_either_endpoint() -> None:
    told = {
        "id": "001099000123", "dob": "01/02/1999", "gender": "nam", "hometown": "Hà Nội",
        "nationality": "Việt Nam", "due_date": "01/02/2039", "dob_confidence": "0.5",
        "hometown_box": [1, 2, 3, 4], "address_ward_code": 10, "address_town": "Hà Nội",
        "address_district_code": None, "address": "", "address_confidence": 0.1,
    }  # fmt: skip
    answer = {"type": "chip_id_card_front", "data": told, "invalidCode": "2",
              "invalidMessage": "photocopy", "valid": "False", "errorCode": "0"}  # fmt: skip
    paper = only(answer)
    assert paper.type == "tcc_chip"
    assert {name: value.text for name, value in paper.fields.items()} == {
        "id": "001099000123", "born": "01/02/1999", "sex": "nam", "country": "Hà Nội",
        "quoctich": "Việt Nam", "duedate": "01/02/2039",
    }  # fmt: skip
    assert paper.fields["born"].confidence == 0.5
    assert paper.fields["country"].quad == box_quad(1, 2, 3, 4)
    assert paper.extra == {"address_ward_code": "10", "address_town": "Hà Nội"}
    assert (paper.valid, paper.invalid_code, paper.invalid_message) == (False, 2, "photocopy")


def test_the_back_of_a_chip_card_keeps_what_its_mrz_says() -> None:
    told = {
        "date": "01/07/2021", "noicap": "CỤC TRƯỞNG\nCỤC CẢNH SÁT", "dob": "990201",
        "nationality": "VNM",
        "checksum_final": "4", "checksum_final_validate": "True", "mrz_confindence": 0.9,
    }  # fmt: skip
    paper = only({"type": "matsautcc_chip", "data": told, "errorCode": "0"})
    assert paper.fields["noicap"].text == "CỤC TRƯỞNG CỤC CẢNH SÁT"
    assert paper.fields["nationality"].text == "VNM"
    assert paper.extra == {
        "checksum_final": "4", "checksum_final_validate": "True", "mrz_confidence": "0.9",
    }  # fmt: skip


def test_papers_no_family_knows_are_kept_whole() -> None:
    told = {"id": "790123", "class": "A1", "class_confidence": 0.7, "sex": None}
    paper = only({"type": "blx", "data": told, "errorCode": "0"})
    assert paper.type == "blx"
    assert paper.fields == {"id": FieldValue("790123"), "class": FieldValue("A1", 0.7)}


@pytest.mark.parametrize(
    ("image", "thumb", "warnings"),
    [
        ("cG5n", b"png", ()),
        ("data:image/png;base64,cG5n", b"png", ()),
        ("cG\n5n\n", b"png", ()),
        ("***", None, ("image:unreadable",)),
        ("", None, ()),
        (None, None, ()),
    ],
)
def test_thumbnails(image: object, thumb: bytes | None, warnings: tuple[str, ...]) -> None:
    answer = {
        "data": {"type": "vehicle_registration_front", "info": {"id": "1", "image": image}},
        "errorCode": "0",
    }
    paper = only(answer, "vehicle")
    assert (paper.thumb, paper.warnings) == (thumb, warnings)


@pytest.mark.parametrize(("box", "quad"), [
    ("[1, 2, 3, 4]", box_quad(1, 2, 3, 4)), ([1, 2, "3.5", 4], box_quad(1, 2, 3.5, 4)),
    ([1, 2, 3], None), ([1, 2, 3, math.nan], None), (None, None), (7, None),
])  # fmt: skip
def test_boxes(box: object, quad: object) -> None:
    paper = only({"type": "cmt", "data": {"id": "1", "id_box": box}, "errorCode": "0"})
    assert paper.fields["id"].quad == quad


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (["một dòng", " hai  dòng ", ""], ["một dòng", "hai dòng"]),
        ("một\nhai", ["một", "hai"]),
        ([[[{"text": "một"}, {"text": "dòng"}], [{"text": "hai"}]]], ["một dòng", "hai"]),
        ([{"text": "một"}, {"text": "hai"}], ["một", "hai"]),
        ([{"lines": [["một"], ["hai"]]}], ["một", "hai"]),
    ],
)
def test_scanned_text(result: object, lines: list[str]) -> None:
    found = decode({"result": result, "time": 0.4}, "scan").lines
    assert [line.text for line in found] == lines


@pytest.mark.parametrize("result", [None, [], [""], [[]]])
def test_no_scanned_text(result: object) -> None:
    with pytest.raises(NoDocumentError):
        decode({"result": result, "time": 0.4}, "scan")


@pytest.mark.parametrize("code", ["1", 1, "01", 1.0, "1.0", " 1 "])
@pytest.mark.parametrize("key", ["errorCode", "error_code"])
def test_codes_as_text_or_number(key: str, code: object) -> None:
    with pytest.raises(NoDocumentError):
        decode({"data": None, key: code, "errorMessage": "…"}, "id_any")


@pytest.mark.parametrize("answer", [
    [], "text", None, 7, {}, {"message": "Internal server error"}, {"data": "text"},
    {"errorCode": "99"}, {"errorCode": "-1"}, {"errorCode": "Nguyễn Văn Mẫu"}, {"errorCode": True},
])  # fmt: skip
def test_what_is_no_answer(answer: object) -> None:
    kind = NoDocumentError if answer == {"errorCode": True} else AnswerError
    with pytest.raises(kind) as caught:
        decode(answer, "id_any")
    assert "Mẫu" not in str(caught.value)


@pytest.mark.parametrize("data", [None, [], [None], {}, "", {"mattruoc": {}, "matsau": None}])
def test_success_without_a_paper_is_no_success(data: object) -> None:
    with pytest.raises(NoDocumentError):
        decode({"data": data, "errorCode": "0"}, "id_pair")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["data", "info", "type", "valid", "errorCode", "mattruoc", "matsau", "id", "image",
             "id_box", "id_confidence", "result", "text", "invalidCode", "name"]
        ) | st.text(max_size=4), inner, max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(answer=JSON, kind=st.sampled_from(sorted(kinds.REQUESTS)))
def test_any_json_gives_an_answer_or_our_error(answer: object, kind: str) -> None:
    try:
        found = decode(answer, kind)
    except CvocrError:
        return
    assert found.documents or found.lines
    assert all(value.text for paper in found.documents for value in paper.fields.values())
