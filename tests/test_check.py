import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cvocr_lab  # noqa: F401 - registers the accessor
from cvocr_lab import mrz
from cvocr_lab.cleaning import RULES, check
from cvocr_lab.errors import ArgumentError

TODAY = dt.date(2026, 1, 1)
QR = "001099000123||Nguyễn Văn Mẫu|01011999|Nam|Số 1, Ví Dụ, Mẫu, Hà Nội|01072021"
FRONT = {
    "ocr_type": "tcc_chip", "id": "001099000123", "name": "NGUYỄN VĂN MẪU", "born": "01/01/1999",
    "sex": "Nam", "quoctich": "Việt Nam", "address": "Số 1, Ví Dụ, Mẫu, Hà Nội",
    "duedate": "01/01/2039", "qr": QR,
}  # fmt: skip
ZONE = (
    "IDVNM0990001232001099000123<<3 9901018M3901016VNM<<<<<<<<<<<8 NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<"
)
BACK = {
    "ocr_type": "matsautcc_chip", "date": "01/07/2021", "mrz": ZONE, "id": "099000123",
    "person_number": "001099000123", "born": "01/01/1999", "sex": "M", "duedate": "01/01/2039",
    "surname": "NGUYEN", "given_name": "VAN MAU",
}  # fmt: skip
PASSPORT = {
    "ocr_type": "passport", "id": "E01234567", "surname": "NGUYỄN", "given_name": "VĂN MẪU",
    "sex": "NAM", "born": "01/01/1999", "person_number": "001099000123", "date": "01/01/2024",
    "duedate": "01/01/2034",
    "mrz": "P<VNMNGUYEN<<VAN<MAU<<<<<<<<<<<<<<<<<<<<<<<< "
    "E012345676VNM9901018M3401011001099000123<<30",
}  # fmt: skip
VEHICLE = {
    "ocr_type": "vehicle_registration_back", "plate": "29A-123.45", "issued_at": "Hà Nội",
    "chassis": "RLHAB1234CY567890", "first_issue_date": "01/02/2015",
    "last_issue_date": "01/02/2019", "year_of_manufacture": "2014",
}  # fmt: skip


def rules_of(*rows: dict[str, str]) -> set[str]:
    frame = pd.DataFrame(rows, index=[0] * len(rows))
    return set(check(frame, today=TODAY)["rule"])


def test_papers_without_a_fault_have_no_issue() -> None:
    frame = pd.DataFrame([FRONT, BACK, PASSPORT, VEHICLE], index=[7, 7, 8, 9])
    found = check(frame, today=TODAY)
    assert found.empty
    assert found.columns.tolist() == [
        "row", "field", "rule", "severity", "message", "evidence", "position"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"id": "00109900012"}, "form"),
        ({"born": "31/02/1999"}, "form"),
        ({"sex": "Nem"}, "form"),
        ({"id": "003099000123"}, "number_province"),
        ({"id": "001098000123"}, "number_birth"),
        ({"born": "01/01/1998"}, "number_birth"),
        ({"sex": "Nữ"}, "number_sex"),
        ({"duedate": "02/01/2039"}, "expiry_age"),
        ({"duedate": "Không thời hạn"}, "expiry_unlimited"),
        ({"duedate": "01/01/1989"}, "date_order"),
        ({"born": "01/01/2031"}, "date_future"),
        ({"qr": "https://example.com"}, "qr_form"),
        ({"name": "NGUYỄN VĂN MỚI"}, "qr_print"),
        ({"name": "NGUYỄN VĂN MÂU"}, "qr_marks"),
        ({"address": "Xóm Núi, Xyz, Uvw"}, "qr_address"),
        ({"ocr_warnings": "id:from_qr"}, "corrected"),
        ({"ocr_warnings": "qr:of_another"}, "code_of_another"),
    ],
)
def test_what_a_front_contradicts(change: dict[str, str], rule: str) -> None:
    assert rule in rules_of(FRONT | change)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"mrz": ZONE.replace("990101", "990107")}, "mrz_check"),
        ({"ocr_warnings": "mrz:check_digits"}, "mrz_check"),
        ({"mrz": "IDVNM099"}, "mrz_check"),
        ({"id": "099000124"}, "mrz_number"),
        ({"born": "01/01/1998"}, "mrz_print"),
        ({"date": "01/01/1998"}, "date_order"),
        ({"date": "01/01/2012"}, "issue_age"),
        ({"date": "01/01/2025"}, "issue_era"),
        ({"date": "01/01/2027"}, "date_future"),
        ({"ocr_warnings": "sides:differ"}, "front_back"),
    ],
)
def test_what_a_back_contradicts(change: dict[str, str], rule: str) -> None:
    assert rule in rules_of(FRONT, BACK | change)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"id": "101234567"}, "passport_number"),
        ({"id": "E01234568"}, "mrz_print"),
        ({"duedate": "01/01/2035"}, "mrz_print"),
        ({"given_name": "VĂN MỚI"}, "mrz_name"),
        ({"person_number": "0010990001"}, "form"),
    ],
)
def test_what_a_passport_contradicts(change: dict[str, str], rule: str) -> None:
    assert rule in rules_of(PASSPORT | change)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"plate": "13A-123.45"}, "plate_code"),
        ({"plate": "29O-123.45"}, "plate_series"),
        ({"plate": "43A-123.45"}, "plate_province"),
        ({"chassis": "RLHOB1234CY567890"}, "chassis_alphabet"),
        ({"last_issue_date": "01/02/2014"}, "date_order"),
        ({"year_of_manufacture": "2016"}, "date_order"),
    ],
)
def test_what_a_vehicle_contradicts(change: dict[str, str], rule: str) -> None:
    assert rule in rules_of(VEHICLE | change)


def test_plates_of_merged_provinces_count_since_the_merger() -> None:
    bike = {"plate": "61C1-123.45", "issued_at": "TP Hồ Chí Minh", "chassis": ""}
    assert "plate_province" in rules_of(VEHICLE | bike)
    assert "plate_province" not in rules_of(VEHICLE | bike | {"last_issue_date": "01/08/2025"})


def test_front_and_back_of_two_persons_differ() -> None:
    other = mrz.format(
        mrz.Mrz("TD1", "ID", "VNM", "185001234", "850203", "F", "450203", "VNM", "TRAN", "THI BICH",
                person_number="079185001234")
    )  # fmt: skip
    back = BACK | {
        "mrz": " ".join(other), "id": "185001234", "person_number": "079185001234",
        "born": "03/02/1985", "sex": "F", "duedate": "03/02/2045", "surname": "TRAN",
        "given_name": "THI BICH",
    }  # fmt: skip
    assert {"front_back", "front_back_name"} <= rules_of(FRONT, back)
    frame = pd.DataFrame([FRONT, back], index=[1, 2])
    assert check(frame, today=TODAY).empty, "labels part papers"


def test_no_message_holds_a_value() -> None:
    values = {v for v in (FRONT | BACK | PASSPORT | VEHICLE).values() if len(v) > 4}
    assert not [r for r in RULES.values() if any(v in r.message for v in values)]
    assert all(r.source and r.message for r in RULES.values())


def test_duplicates() -> None:
    twice = pd.DataFrame([FRONT, BACK, FRONT, BACK], index=[1, 1, 2, 2])
    found = check(twice, today=TODAY)
    assert found["rule"].tolist() == ["duplicate_number"] * 2
    assert found["evidence"].tolist() == ["rows 2", "rows 1"]
    often = pd.DataFrame([FRONT] * 8, index=[1, 1, 2, 3, 4, 5, 6, 7])
    found = check(often, today=TODAY)
    assert found["evidence"].tolist()[:3] == [*["rows 2, 3, 4, 5, 6 …"] * 2, "rows 1, 3, 4, 5, 6 …"]
    assert found["evidence"].tolist()[-1] == "rows 1, 2, 3, 4, 5 …"
    assert check(often[:-1], today=TODAY)["evidence"].iloc[0] == "rows 2, 3, 4, 5, 6"
    plain = {"ocr_type": "tcc_chip", "id": "001099000123", "name": "NGUYỄN VĂN MẪU"}
    other = pd.DataFrame([plain, plain | {"name": "TRẦN VĂN BA"}], index=[1, 2])
    assert "number_of_two" in set(check(other, today=TODAY)["rule"])
    born = plain | {"born": "01/01/1999"}
    person = pd.DataFrame([born, born | {"id": "001099000128"}], index=["a", "b"])
    assert set(check(person, today=TODAY)["rule"]) == {"duplicate_person"}


def test_equal_pictures(tmp_path: Path) -> None:
    for name, level in (("a.png", 0), ("b.png", 0), ("c.png", 9)):
        Image.fromarray(np.full((20, 30, 3), level, np.uint8)).save(tmp_path / name)
    frame = pd.DataFrame(
        {"image": ["a.png", "b.png", "c.png", "gone.png"], "ocr_type": ["cmt"] * 4}
    )
    found = check(frame, images=True, base=tmp_path)
    assert found["position"].tolist() == [0, 1]
    assert set(found["rule"]) == {"duplicate_image"}
    digest = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert not found["evidence"].str.contains(digest).any()
    with pytest.raises(ArgumentError, match="unknown column 'picture'"):
        check(frame, images="picture")


def test_a_truth_can_be_checked_and_pairs_be_named_by_a_column() -> None:
    truth = pd.DataFrame(
        [FRONT | {"paper": "x"}, BACK | {"person_number": "001099000128", "paper": "x"}]
    ).rename(columns={"ocr_type": "type"})
    assert "front_back" not in set(check(truth, today=TODAY)["rule"])
    found = check(truth, on="paper", rules=["front_back"], today=TODAY)
    # The zone's lines hold, so they speak before its fields.
    assert found.empty
    truth["mrz"] = ""
    assert check(truth, on="paper", rules=["front_back"], today=TODAY)["row"].tolist() == [1]


def test_labels_of_several_levels_stay_whole() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    frame = pd.DataFrame([FRONT, FRONT | {"sex": "Nữ"}], index=index)
    found = check(frame, rules=["number_sex"])
    assert found["row"].tolist() == [("b", 2)]


def test_frames_that_say_no_type_or_lost_their_zeros_are_refused() -> None:
    with pytest.raises(ArgumentError, match="what paper"):
        check(pd.DataFrame({"id": ["1"]}))
    with pytest.raises(ArgumentError, match="leading zeros"):
        check(pd.DataFrame({"type": ["tcc"], "id": [1099000123]}))
    with pytest.raises(ArgumentError, match="unknown rule 'nonsense'"):
        check(pd.DataFrame({"type": ["tcc"]}), rules=["nonsense"])
    with pytest.raises(ArgumentError, match="unknown column 'paper'"):
        check(pd.DataFrame({"type": ["tcc"]}), on="paper")


def test_absent_and_unreadable_values_are_not_judged() -> None:
    assert rules_of(FRONT | {"id": "###", "duedate": "", "qr": ""}) == set()


def test_the_frame_is_left_alone() -> None:
    frame = pd.DataFrame([FRONT, BACK], index=[0, 0])
    before = frame.copy()
    frame.cvocr.check()
    frame.cvocr.labels_from_codes()
    pd.testing.assert_frame_equal(frame, before)
