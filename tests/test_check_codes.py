import pandas as pd
import pytest
from test_check import BACK, FRONT, PASSPORT, ZONE

from cvocr_lab.cleaning import labels_from_codes
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import score


def cells(frame: pd.DataFrame, at: int) -> dict[str, str]:
    row = frame.iloc[at]
    return {str(k): v for k, v in row.items() if isinstance(v, str) and v != "###"}


def test_a_front_is_proven_by_its_qr_code() -> None:
    made = labels_from_codes(pd.DataFrame([FRONT | {"id": "001099000128", "sex": ""}], index=[5]))
    assert made.index.tolist() == [5]
    assert cells(made, 0) == {
        "id": "001099000123", "name": "NGUYỄN VĂN MẪU", "born": "01/01/1999", "sex": "Nam",
        "proven_by": "id=qr;name=qr;born=qr;sex=qr",
    }  # fmt: skip


def test_codes_prove_the_other_side_of_the_same_paper_only() -> None:
    made = labels_from_codes(pd.DataFrame([FRONT, BACK], index=[1, 1]))
    assert made["duedate"].tolist()[0] == "01/01/2039"
    assert made["date"].tolist()[1] == "01/07/2021"
    assert "date=qr_of_other_side" in made["proven_by"].iloc[1]
    stranger = FRONT | {"id": "079185001234", "qr": ""}
    made = labels_from_codes(pd.DataFrame([stranger, BACK], index=[1, 1]))
    assert made["proven_by"].str.contains("other_side").sum() == 0
    assert len(made) == 1


def test_a_zone_proves_what_its_check_digits_hold() -> None:
    made = labels_from_codes(pd.DataFrame([PASSPORT]))
    assert cells(made, 0) == {
        "id": "E01234567", "born": "01/01/1999", "person_number": "001099000123",
        "duedate": "01/01/2034", "sex": "NAM",
        "proven_by": "id=mrz;sex=mrz;born=mrz;person_number=mrz;duedate=mrz",
    }  # fmt: skip
    wrong = PASSPORT | {"mrz": PASSPORT["mrz"].replace("990101", "990107")}
    assert "born" not in cells(labels_from_codes(pd.DataFrame([wrong])), 0)


@pytest.mark.parametrize(
    "change",
    [{"mrz": ZONE.replace("0990001232", "0990001242")}, {"ocr_warnings": "mrz:check_digits"}],
)
def test_a_zone_that_does_not_hold_proves_no_number(change: dict[str, str]) -> None:
    made = labels_from_codes(pd.DataFrame([BACK | change]))
    assert "person_number" not in made or (made["person_number"] == "###").all()


def test_codes_that_differ_prove_nothing() -> None:
    back = {"ocr_type": "chip_id_card_2024_back", "mrz": BACK["mrz"],
            "qr": FRONT["qr"].replace("01011999", "02011999")}  # fmt: skip
    made = labels_from_codes(pd.DataFrame([back]))
    assert "born" not in cells(made, 0)
    assert cells(made, 0)["person_number"] == "001099000123"


def test_a_code_of_another_paper_proves_nothing() -> None:
    stranger = FRONT | {"id": "079185001234", "name": "TRẦN THỊ BÍCH", "born": "02/03/1985"}
    assert labels_from_codes(pd.DataFrame([stranger])).empty
    warned = FRONT | {"ocr_warnings": "qr:of_another"}
    assert labels_from_codes(pd.DataFrame([warned])).empty


def test_score_takes_the_labels() -> None:
    def face(row: dict[str, str], side: str) -> Document:
        fields = {k: FieldValue(v) for k, v in row.items() if k != "ocr_type"}
        return Document(row["ocr_type"], side, fields)

    pair = Extraction((face(FRONT | {"name": "NGUYỄN VĂN MÂU"}, "front"), face(BACK, "back")))
    alone = Extraction((face(PASSPORT, ""),))
    frame = to_frame([Reading(pair), Reading(alone)], pd.DataFrame({"image": ["a", "b"]}))
    truth = labels_from_codes(frame)
    judged = score(frame, truth)
    wrong = judged.cells[judged.cells["outcome"].isin(["wrong", "missing", "invented"])]
    assert wrong["field"].tolist() == ["name"]
    assert judged.rows["read"].all()
