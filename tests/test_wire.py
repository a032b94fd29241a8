"""The API's JSON: the table of endpoints, the law of encode and decode, what is emitted."""

from __future__ import annotations

import json
import math
import string
from functools import cache
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvocr_lab import errors, kinds
from cvocr_lab.errors import CvocrError, NoDocumentError, RowError
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad, box_quad
from cvocr_lab.text import collapse, nfc
from cvocr_lab.wire import ENDPOINTS, MESSAGES, Endpoint, decode, encode, endpoint, transports
from cvocr_lab.wire.names import field_name

FORM = "multipart/form-data"
V1 = "/backend/api/v1/request/"
PAGES = [
    # method, path, names of the pictures, content type: the 13 of v1 and the 6 of v2, page by page
    ("id_pair", "GET", V1 + "ocr/cmt/get_haimat", "mattruoc matsau", ""),
    ("id_front", "GET", V1 + "ocr/cmt/get_mattruoc", "url", ""),
    ("id_back", "GET", V1 + "ocr/cmt/get_matsau", "url", ""),
    ("id_pair", "POST", V1 + "ocr/cmt/get_haimat", "mattruoc matsau", FORM),
    ("id_front", "POST", V1 + "ocr/cmt/get_mattruoc", "image", FORM),
    ("id_back", "POST", V1 + "ocr/cmt/get_matsau", "image", FORM),
    ("id_pair", "POST", V1 + "ocr/cmt/get_haimatbase64", "mattruoc matsau", "application/json"),
    ("id_front", "POST", V1 + "ocr/cmt/get_mattruocbase64", "image", "application/json"),
    ("id_back", "POST", V1 + "ocr/cmt/get_matsaubase64", "image", "application/json"),
    ("id_pdf", "POST", V1 + "ocr/v1/get_infor", "file", FORM),
    ("id_any", "GET", V1 + "ocr/cmt/get_infor_all", "url", ""),
    ("id_any", "POST", V1 + "ocr/cmt/get_infor_all", "image", FORM),
    ("id_any", "POST", V1 + "ocr/cmt/get_infor_allbase64", "image", "application/json"),
    ("vehicle_pair", "GET", "/api/v2/ocr/vehicle_registrations", "img1 img2", ""),
    ("vehicle_pair", "POST", "/api/v2/ocr/vehicle_registrations", "img1 img2", FORM),
    ("vehicle_pair", "POST", "/api/v2/ocr/vehicle_registrations", "img1 img2", "application/json"),
    ("vehicle", "GET", "/api/v2/ocr/vehicle_registration", "img", ""),
    ("vehicle", "POST", "/api/v2/ocr/vehicle_registration", "img", FORM),
    ("vehicle", "POST", "/api/v2/ocr/vehicle_registration", "img", "application/json"),
    ("scan", "GET", V1 + "text_photostory/get_scan_a4", "url", ""),
    ("scan", "POST", V1 + "text_photostory/get_scan_a4", "image", FORM),
]  # fmt: skip


def named(e: Endpoint) -> str:
    return f"{e.kind}-{e.transport}"


def test_the_table_is_the_pages() -> None:
    table = [(e.kind, e.method, e.path, " ".join(e.images), e.content_type) for e in ENDPOINTS]
    assert sorted(table) == sorted(PAGES)
    assert {e.kind for e in ENDPOINTS} == set(kinds.REQUESTS)
    assert all(len(e.images) == kinds.REQUESTS[e.kind].images for e in ENDPOINTS)


def test_links_are_parameters_and_pictures_are_the_body() -> None:
    link, upload = endpoint("vehicle_pair", "url"), endpoint("vehicle_pair", "file")
    assert link.params == ("img1", "img2", "format_type", "get_thumb")
    assert link.body == ()
    assert upload.params == ("format_type", "get_thumb")
    assert upload.body == ("img1", "img2")
    assert endpoint("id_any", "base64").params == ()


def test_ways_that_are_not_there_are_refused() -> None:
    assert transports("id_pdf") == ("file",)
    with pytest.raises(errors.ArgumentError, match="as file, not as base64"):
        endpoint("id_pdf", "base64")
    with pytest.raises(errors.ArgumentError, match="no endpoint"):
        endpoint("selfie", "url")


# The law -----------------------------------------------------------------------------------------

ONE_LINE = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
    .map(lambda text: collapse(nfc(text)))
    .filter(bool)
)
EDGE = st.floats(0, 8000, allow_nan=False).map(lambda v: round(v, 1))
CHANCE = st.none() | st.floats(0, 1)
RESERVED = {
    "type", "valid", "data", "info", "image", "invalidCode", "invalidMessage", "errorCode",
    "errorMessage", "error_code", "error_message", "mattruoc", "matsau", "mrz_confindence",
}  # fmt: skip
KEYS = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12).filter(
    lambda key: key not in RESERVED and not key.endswith(("_confidence", "_box"))
) | st.sampled_from(["diachi_tinh", "address_ward_code", "mrz_confidence", "checksum_final"])


def _upright(a: tuple[float, float], b: tuple[float, float]) -> Quad:
    return box_quad(min(a), min(b), max(a), max(b))


QUAD = st.none() | st.builds(_upright, st.tuples(EDGE, EDGE), st.tuples(EDGE, EDGE))
VALUE = st.builds(FieldValue, ONE_LINE, CHANCE, QUAD)
EXTRA = st.dictionaries(KEYS, st.text(min_size=1, max_size=20), max_size=3)


@cache
def fields_of(name: str) -> st.SearchStrategy[dict[str, FieldValue]]:
    names = [field.name for field in kinds.TYPES[name].fields]
    return st.dictionaries(st.sampled_from(names), VALUE, max_size=8)


@st.composite
def papers(draw: st.DrawFn, way: Endpoint, side: str = "") -> Document:
    # By name: a type's own hash goes through all its layouts.
    fitting = sorted(name for name, k in kinds.TYPES.items() if side in ("", k.side))
    spec = kinds.TYPES[draw(st.sampled_from(fitting))]
    judged = way.shape != "pages" and not (way.version == "v2" and spec.family == "vehicle")
    fields, extra = draw(fields_of(spec.name)), draw(EXTRA)
    if "mrz" in fields:
        extra.pop("mrz_confidence", None)
    return Document(
        spec.name,
        spec.side,
        MappingProxyType(fields),
        valid=draw(st.booleans()) if judged else None,
        invalid_code=draw(st.none() | st.integers(0, 6)) if judged else None,
        invalid_message=draw(st.just("") | ONE_LINE) if judged else "",
        thumb=draw(st.none() | st.binary(min_size=1)) if way.version == "v2" else None,
        extra=MappingProxyType({k: v for k, v in extra.items() if not field_name(spec, k)}),
    )


@st.composite
def extractions(draw: st.DrawFn, way: Endpoint) -> Extraction:
    match way.shape:
        case "lines":
            texts = draw(st.lists(ONE_LINE, min_size=1))
            return Extraction(lines=tuple(Line(text, math.nan) for text in texts))
        case "pair":
            front, back = draw(papers(way, "front")), draw(papers(way, "back"))
            verdict = (front.valid, front.invalid_code, front.invalid_message)
            return Extraction((front, judged(back, verdict)))
        case "pages":
            return Extraction(tuple(draw(st.lists(papers(way), min_size=1, max_size=4))))
        case "list":
            found = draw(st.lists(papers(way), min_size=1, max_size=3))
            return Extraction(
                tuple(sorted(found, key=lambda d: ["front", "", "back"].index(d.side)))
            )
        case _:
            return Extraction((draw(papers(way)),))


def judged(paper: Document, verdict: tuple[bool | None, int | None, str]) -> Document:
    valid, code, message = verdict
    return Document(
        paper.type, paper.side, paper.fields, valid=valid, invalid_code=code,
        invalid_message=message, extra=paper.extra,
    )  # fmt: skip


def over_the_wire(result: Extraction | CvocrError, way: Endpoint) -> Extraction:
    return decode(json.loads(json.dumps(encode(result, way))), way.kind)


@pytest.mark.parametrize("way", ENDPOINTS, ids=named)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_decode_is_the_inverse_of_encode(way: Endpoint, data: st.DataObject) -> None:
    made = data.draw(extractions(way))
    read = over_the_wire(made, way)
    if made.lines:
        assert [line.text for line in read.lines] == [line.text for line in made.lines]
        assert all(math.isnan(line.confidence) for line in read.lines)
    else:
        assert read == made


@pytest.mark.parametrize("way", ENDPOINTS, ids=named)
@pytest.mark.parametrize("code", ["1", "2", "3", "4", "5", "6"])
def test_errors_come_back_as_themselves(way: Endpoint, code: str) -> None:
    tree = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, CvocrError)]
    (kind,) = [e for e in tree if e.code == code]
    answer = encode(kind("the row's own words"), way)
    if way.kind == "scan" and code == "1":
        assert answer == {"result": None, "time": 0.0}
    else:
        assert answer["errorCode"] == code
        assert answer["errorMessage"] == MESSAGES[way.version][code]
    assert "own words" not in json.dumps(answer)
    with pytest.raises(kind):
        decode(answer, way.kind)


@pytest.mark.parametrize("way", ENDPOINTS, ids=named)
def test_what_has_no_code_counts_as_nothing_read(way: Endpoint) -> None:
    for nothing in (RowError("a crash"), Extraction()):
        with pytest.raises(NoDocumentError):
            over_the_wire(nothing, way)


# What is emitted ---------------------------------------------------------------------------------

FRONT = Document(
    "tcc_chip", "front", {"id": FieldValue("001099000123", 0.9), "born": FieldValue("01/02/1999")}
)
BACK = Document("matsautcc_chip", "back", {"date": FieldValue("03/04/2021")})
CAR = Document(
    "vehicle_registration_back", "back",
    {"plate": FieldValue("30A-123.45", quad=box_quad(1, 2, 30, 10))}, thumb=b"png",
)  # fmt: skip


def test_one_paper_of_v1_has_its_envelope_at_the_top() -> None:
    assert encode(Extraction((FRONT,)), endpoint("id_any", "file")) == {
        "type": "tcc_chip",
        "data": {"id": "001099000123", "id_confidence": 0.9, "born": "01/02/1999"},
        "valid": "True",
        "errorCode": "0",
        "errorMessage": "Thành công",
    }


def test_a_pair_has_no_type_at_the_top_and_its_fields_by_side() -> None:
    answer = encode(Extraction((BACK, FRONT)), endpoint("id_pair", "url"))
    assert "type" not in answer
    assert answer["data"] == {
        "mattruoc": {
            "type": "tcc_chip", "id": "001099000123", "id_confidence": 0.9, "born": "01/02/1999"
        },
        "matsau": {"type": "matsautcc_chip", "date": "03/04/2021"},
    }  # fmt: skip
    half = encode(Extraction((BACK,)), endpoint("id_pair", "url"))
    assert half["data"] == {
        "mattruoc": {}, "matsau": {"type": "matsautcc_chip", "date": "03/04/2021"},
    }  # fmt: skip


def test_vehicles_have_no_verdict_and_a_picture_when_there_is_one() -> None:
    answer = encode(Extraction((CAR,)), endpoint("vehicle", "base64"))
    assert answer == {
        "data": {
            "type": "vehicle_registration_back",
            "info": {"plate": "30A-123.45", "plate_box": [1, 2, 30, 10], "image": "cG5n"},
        },
        "errorCode": "0",
        "errorMessage": "Success",
    }


def test_v2_speaks_of_cards_in_its_own_words() -> None:
    answer = encode(Extraction((FRONT,)), endpoint("vehicle_pair", "file"))
    assert answer["data"] == [
        {
            "type": "chip_id_card_front",
            "info": {"id": "001099000123", "id_confidence": 0.9, "dob": "01/02/1999"},
            "valid": "True",
        }
    ]


def test_an_endpoint_for_one_side_gives_that_side() -> None:
    both = Extraction((FRONT, BACK))
    assert encode(both, endpoint("id_back", "file"))["type"] == "matsautcc_chip"
    assert encode(both, endpoint("id_any", "file"))["type"] == "tcc_chip"


def test_every_type_is_found_by_both_words() -> None:
    for spec in kinds.TYPES.values():
        assert kinds.spec_of(spec.name) is spec
        assert kinds.spec_of(spec.alias) is spec
