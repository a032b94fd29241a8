import pandas as pd
import pytest
from test_check import BACK, FRONT, PASSPORT, VEHICLE

from cvocr_lab.cleaning import suggested, suggestions
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue

COLUMNS = ["row", "field", "value", "after", "rule", "score", "severity", "reason"]


def of(frame: pd.DataFrame, field: str) -> dict[str, object]:
    found = suggestions(frame)
    (row,) = found[found["field"] == field].to_dict("records")
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def test_papers_without_a_fault_suggest_nothing() -> None:
    found = suggestions(pd.DataFrame([FRONT, BACK, PASSPORT, VEHICLE], index=[7, 7, 8, 9]))
    found = found[found["field"] != "address"]  # Ví Dụ is no ward
    assert found.empty
    assert found.columns.tolist() == COLUMNS


@pytest.mark.parametrize(
    ("row", "change", "after", "rule"),
    [
        (FRONT, {"born": "O1/01/1999"}, "01/01/1999", "look_alikes"),
        (PASSPORT, {"sex": "NÂM"}, "NAM", "list"),
        (VEHICLE, {"plate": "3OA-l23.45"}, "30A-123.45", "look_alikes"),
        (VEHICLE, {"plate": "59X2-l23.45"}, "59X2-123.45", "look_alikes"),
        (VEHICLE, {"chassis": "RLHOB1234CY567890"}, "RLH0B1234CY567890", "vin_alphabet"),
        (FRONT, {"id": "001099000128"}, "001099000123", "qr_print"),
        (FRONT, {"name": "NGUYỄN VĂN MÂU"}, "NGUYỄN VĂN MẪU", "qr_marks"),
        (PASSPORT, {"duedate": "01/01/2035"}, "01/01/2034", "mrz_print"),
    ],
)
def test_what_a_value_should_be_is_said_as_the_paper_prints_it(
    row: dict[str, str], change: dict[str, str], after: str, rule: str
) -> None:
    (field,) = change
    made = of(pd.DataFrame([row | change]), field)
    assert (made["row"], made["value"], made["after"]) == (0, change[field], after)
    assert rule in str(made["rule"]).split(";")


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (FRONT, {"sex": "?"}),
        (FRONT, {"duedate": "30/02/2039"}),
        (VEHICLE, {"color": "Lam Ngọc"}),
    ],
)
def test_where_nobody_knows_better_the_value_is_only_named(
    row: dict[str, str], change: dict[str, str]
) -> None:
    (field,) = change
    made = of(pd.DataFrame([row | {"qr": ""} | change]), field)
    assert made["after"] is None
    assert "no_normal_form" in str(made["rule"]).split(";")


def test_unit_words_are_not_taken_off_the_print() -> None:
    read = FRONT | {"address": "P. Phúc Xá, Q. Ba Đinh, TP Hà Nội", "qr": ""}
    assert of(pd.DataFrame([read]), "address")["after"] is None
    read |= {"address": "Phúc Xá, Ba Đinh, Hà Nội"}
    assert of(pd.DataFrame([read]), "address")["after"] == "Phúc Xá, Ba Đình, Hà Nội"


def test_what_is_merely_written_another_way_is_no_suggestion() -> None:
    read = {"ocr_type": "vehicle_registration_back", "plate": "30A 12345", "issued_at": "CA Hà Nội",
            "address": "P. Phúc Xá, Q. Ba Đình, TP Hà Nội"}  # fmt: skip
    assert suggestions(pd.DataFrame([read])).empty


def test_the_weightiest_comes_first_each_value_once_and_no_reason_holds_one() -> None:
    frame = pd.DataFrame(
        [FRONT | {"born": "O1/01/1999", "qr": ""}, FRONT | {"id": "001O99000128", "sex": "Nữ"}]
    )
    found = suggestions(frame)
    ranks = found["severity"].map({"high": 0, "medium": 1, "low": 2})
    assert ranks.is_monotonic_increasing
    assert not found.duplicated(["row", "field"]).any()
    assert not [r for r in found["reason"] for v in found["value"].dropna() if v in r]
    assert set(suggestions(frame, fields=["sex"])["field"]) == {"sex"}
    assert "number_sex" not in ";".join(suggestions(frame, rules=["form"])["rule"])


def test_suggestions_are_put_in_place_of_what_was_read() -> None:
    values = {"id": FieldValue("001O99000123", 0.4), "name": FieldValue("NGUYỄN VĂN MẪU", 0.9)}
    document = Document("tcc_chip", "front", values)
    read = to_frame([Reading(Extraction((document,)))], pd.DataFrame({"image": ["a.jpg"]}))
    before = read.copy()
    made = suggested(read, suggestions(read))
    assert made["id"].tolist() == ["001099000123"]
    assert made["id_confidence"].isna().all()
    assert made["name_confidence"].tolist() == [0.9]
    pd.testing.assert_frame_equal(read, before)
    with pytest.raises(ArgumentError, match="rows that the frame does not have"):
        suggested(read.iloc[:0], suggestions(read))


def test_pairs_by_a_column_and_labels_of_any_kind() -> None:
    frame = pd.DataFrame([FRONT | {"sex": "Nữ"}, BACK], index=["x", "x"]).assign(paper=[1, 1])
    by_column = suggestions(frame.reset_index(drop=True), on="paper")
    pd.testing.assert_frame_equal(by_column, suggestions(frame))
    printed = by_column[(by_column["field"] == "sex") & (by_column["row"] == 0)]
    assert printed["after"].tolist() == ["Nam"]
    assert "front_back" in ";".join(by_column["rule"])
