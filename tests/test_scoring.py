import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import Score, read_labels, score
from cvocr_lab.scoring.cells import OUTCOMES
from cvocr_lab.text import comparison_key


def front(**values: str | None) -> Document:
    fields = {name: FieldValue(text) for name, text in values.items() if text}
    return Document("tcc_chip", "front", fields)


def back(**values: str) -> Document:
    return Document("matsautcc_chip", "back", {n: FieldValue(t) for n, t in values.items()})


def read(*results: tuple[Document, ...] | None) -> pd.DataFrame:
    readings = [Reading(Extraction(r) if r else ImageError("broken")) for r in results]
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(results))]})
    return to_frame(readings, sources)


def outcomes(judged: Score, field: str) -> list[str]:
    cells = judged.cells
    return cells.loc[cells["field"] == field, "outcome"].tolist()


def test_five_outcomes() -> None:
    frame = read(*[(front(name=n),) for n in ("AN", "ĂN", "BÌNH", None, None)])
    truth = pd.DataFrame({"name": ["AN", "AN", "", "CHI", None]})
    judged = score(frame, truth)
    assert outcomes(judged, "name") == ["correct", "wrong", "invented", "missing", "absent"]
    row = judged.summary().loc["name"]
    assert [row[c] for c in ("n", *OUTCOMES)] == [5, 1, 1, 1, 1, 1]
    assert row["exact"] == pytest.approx(1 / 3)
    assert row["cer"] == pytest.approx((0 + 1 + 3) / (2 + 2 + 3))
    assert judged.card_exact == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("truth", "value", "edits"),
    [
        ("Hà Nội", unicodedata.normalize("NFD", "Hà Nội"), 0),
        ("Hà  Nội", " Hà\nNội ", 0),
        ("Hà Nội", "HÀ NỘI", 3),
        ("Hà Nội", "Ha Noi", 2),
        ("Hoà", "Hòa", 2),
        ("a.", "a", 1),
    ],
)
def test_values_are_compared_in_nfc_and_nothing_else(truth: str, value: str, edits: int) -> None:
    judged = score(read((front(address=value),)), pd.DataFrame({"address": [truth]}))
    assert judged.cells["edits"].tolist() == [edits]
    assert judged.cells["outcome"].tolist() == ["wrong" if edits else "correct"]


@pytest.mark.parametrize("absent", [None, float("nan"), "", "  "])
def test_none_nan_and_empty_all_mean_absent(absent: object) -> None:
    truth = pd.DataFrame({"name": pd.Series([absent], dtype=object)})
    assert outcomes(score(read((front(id="1"),)), truth), "name") == ["absent"]
    assert outcomes(score(read((front(name="AN"),)), truth), "name") == ["invented"]


def test_unreadable_truth_is_not_scored() -> None:
    frame = read((front(name="AN", id="1"),), (front(name="AN", id="2"),))
    judged = score(frame, pd.DataFrame({"name": ["###", "AN"], "id": ["1", "2"]}))
    assert outcomes(judged, "name") == ["correct"]
    assert judged.unreadable == 1
    assert judged.card_exact == 1


def test_a_failed_row_misses_everything() -> None:
    judged = score(read(None), pd.DataFrame({"name": ["AN"], "born": [""]}))
    assert outcomes(judged, "name") == ["missing"]
    assert outcomes(judged, "born") == ["absent"]
    assert judged.rows["read"].tolist() == [False]


def test_a_field_nobody_read_counts_as_missing() -> None:
    judged = score(read((front(id="1"),)), pd.DataFrame({"id": ["1"], "date": ["1/1/2020"]}))
    assert outcomes(judged, "date") == ["missing"]


def test_only_fields_of_the_true_type_are_expected() -> None:
    frame = read((front(id="1"),), (front(id="2", name="AN"),), (front(dantoc="Kinh"),))
    truth = pd.DataFrame(
        {"type": ["tcc_chip", "matsautcc_chip", ""], "id": ["1", "", ""], "name": ["AN", "", ""],
         "date": ["", "1/1/2020", ""]}
    )  # fmt: skip
    judged = score(frame, truth)
    seen = list(
        zip(judged.cells["row"], judged.cells["field"], judged.cells["outcome"], strict=True)
    )
    assert (0, "name", "missing") in seen
    assert (1, "date", "missing") in seen
    assert (1, "name", "invented") in seen  # in no paper of that type, yet read
    assert not [cell for cell in seen if cell[0] == 0 and cell[1] == "date"]
    assert not [cell for cell in seen if cell[0] == 2]
    assert judged.type_right == pytest.approx(1 / 2)


def test_rows_of_one_label_are_told_apart_by_type_and_side() -> None:
    frame = read((back(date="1/1/2020"), front(id="1")))
    truth = pd.DataFrame(
        {"side": ["front", "back"], "id": ["1", ""], "date": ["", "1/1/2020"]}, index=[0, 0]
    )
    judged = score(frame, truth)
    assert set(judged.cells["outcome"]) <= {"correct", "absent"}
    assert len(judged.extra) == 0


def test_one_row_of_truth_takes_all_faces_of_its_label() -> None:
    frame = read((front(id="1"), back(date="1/1/2020")))
    judged = score(frame, pd.DataFrame({"id": ["1"], "date": ["1/1/2020"]}))
    assert judged.cells["outcome"].tolist() == ["correct", "correct"]


def test_matching_by_a_column() -> None:
    frame = read((front(id="1"),), (front(id="2"),), (front(id="3"),))
    truth = pd.DataFrame({"image": ["2.jpg", "0.jpg", "9.jpg"], "id": ["3", "1", "9"]})
    judged = score(frame, truth, on="image")
    assert judged.cells["outcome"].tolist() == ["correct", "correct", "missing"]
    assert judged.rows["read"].tolist() == [True, True, False]
    assert judged.extra["image"].tolist() == ["1.jpg"]
    assert "rows without a reading: 1" in judged.headline()
    assert "readings without truth: 1" in judged.headline()


def test_papers_of_one_type_in_one_picture_are_told_apart_by_their_values() -> None:
    frame = read((front(id="111", name="AN"), front(id="222", name="BÌNH")))
    truth = pd.DataFrame(
        {"image": "0.jpg", "type": "tcc_chip", "id": ["222", "111"], "name": ["BÌNH", "AM"]}
    )
    judged = score(frame, truth, on="image")
    assert judged.cells["outcome"].tolist() == ["correct", "correct", "correct", "wrong"]
    assert len(judged.extra) == 0


def test_papers_on_several_pages_are_told_apart_by_page() -> None:
    pages = [replace(front(id="1"), page=1), replace(front(id="1", name="AN"), page=2)]
    truth = pd.DataFrame(
        {"image": "0.jpg", "side": "front", "page": ["2", "1"], "id": "1", "name": ["BÌNH", ""]}
    )
    judged = score(read(tuple(pages)), truth, on="image")
    assert outcomes(judged, "name") == ["wrong", "absent"]


def test_a_picture_read_once_for_two_rows_answers_both() -> None:
    found = Extraction((front(id="1"), back(date="2/2/2020")))
    sources = pd.DataFrame({"image": ["a.pdf", "a.pdf"]})
    frame = to_frame([Reading(found), Reading(found, attempts=0)], sources)
    truth = pd.DataFrame(
        {"image": "a.pdf", "side": ["front", "back"], "id": ["1", ""], "date": ["", "2/2/2020"]}
    )
    judged = score(frame, truth, on="image")
    assert set(judged.cells["outcome"]) == {"correct", "absent"}
    assert len(judged.extra) == 0
    only_copies = score(frame.iloc[2:], truth, on="image")
    assert only_copies.rows["read"].all()


def test_other_spellings_of_fields_and_types_are_understood() -> None:
    truth = pd.DataFrame({"hometown": ["Hà Nội"], "type": ["chip_id_card_front"]})
    judged = score(read((front(country="Hà Nội"),)), truth)
    assert outcomes(judged, "country") == ["correct"]
    assert judged.type_right == 1


def test_a_reviewed_frame_can_be_the_truth() -> None:
    frame = read((front(id="1", name="AN"), back(date="1/1/2020")), (front(id="2"),))
    judged = score(frame, frame)
    assert set(judged.cells["outcome"]) <= {"correct", "absent"}
    assert judged.type_right == 1


def test_summary_by_any_column() -> None:
    frame = read((front(id="1"),), (front(id="2"),))
    truth = pd.DataFrame({"id": ["1", "3"], "tier": ["scan", "hard"], "type": "tcc_chip"})
    judged = score(frame, truth)
    assert judged.summary(by="tier")["exact"].to_dict() == {"hard": 0.0, "scan": 1.0}
    assert judged.summary(by=["type", "field"]).index.tolist() == [("tcc_chip", "id")]
    assert judged.summary(by=()).loc["all", "n"] == 2
    with pytest.raises(ArgumentError, match="'nay'"):
        judged.summary(by="nay")


def test_wrong_calls_say_so() -> None:
    frame = read((front(id="1"),))
    with pytest.raises(ArgumentError, match="no column with the name of a field"):
        score(frame, pd.DataFrame({"x": ["1"]}))
    with pytest.raises(ArgumentError, match="unknown column 'name'"):
        score(frame, pd.DataFrame({"id": ["1"]}), fields=["name"])
    with pytest.raises(ArgumentError, match="unknown column 'image'"):
        score(frame, pd.DataFrame({"id": ["1"]}), on="image")
    with pytest.raises(ArgumentError, match="one column"):
        score(frame, pd.DataFrame({"id": ["1"]}), on=["image"])  # type: ignore[arg-type]


def test_it_shows_itself_as_text_and_html() -> None:
    judged = score(read((front(id="1"),)), pd.DataFrame({"id": ["1"], "<b>": ["x"]}))
    assert "Cards without a mistake: 1 of 1 (100.0 %;" in repr(judged)
    assert "Without a mistake (1 printed): Số (id)" in judged._repr_html_()
    assert "<table" in score(read((front(id="2"),)), pd.DataFrame({"id": ["1"]}))._repr_html_()


def test_inputs_are_not_changed() -> None:
    frame, truth = read((front(id="1"),)), pd.DataFrame({"id": ["1"], "type": ["tcc_chip"]})
    before = frame.copy(deep=True), truth.copy(deep=True)
    score(frame, truth)
    pd.testing.assert_frame_equal(frame, before[0])
    pd.testing.assert_frame_equal(truth, before[1])


# A column of nothing but "0.0" is refused: it held numbers and has lost its leading zeros.
VALUES = st.text("aAăÂ đ0.\u0301", max_size=6).filter(
    lambda text: not re.fullmatch(r"\d+\.0", text)
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6))
def test_counts_and_cer_follow_their_definitions(pairs: list[tuple[str, str]]) -> None:
    frame = read(*[(front(name=value, id="1"),) for _, value in pairs])
    judged = score(frame, pd.DataFrame({"name": [truth for truth, _ in pairs]}))
    row = judged.summary().loc["name"]
    keys = [(comparison_key(t), comparison_key(v)) for t, v in pairs]
    assert (
        row[["correct", "wrong", "invented", "missing", "absent"]].sum() == row["n"] == len(pairs)
    )
    assert row["correct"] == sum(t == v != "" for t, v in keys)
    assert row["invented"] == sum(not t and bool(v) for t, v in keys)
    edits = sum(Levenshtein.distance(t, v) for t, v in keys if t)
    chars = sum(len(t) for t, _ in keys)
    assert row["cer"] == pytest.approx(edits / chars if chars else float("nan"), nan_ok=True)


def test_labels_keep_zeros_and_words(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufeffimage,id,name\na.jpg,001090000001,NA\nb.jpg,,null\n", encoding="utf-8")
    labels = read_labels(path)
    assert labels["id"].tolist() == ["001090000001", ""]
    assert labels["name"].tolist() == ["NA", "null"]
    assert list(labels.columns) == ["image", "id", "name"]


def test_numbers_made_of_text_are_refused() -> None:
    frame = read((front(id="001099000123"),))
    spoilt = pd.DataFrame({"id": [1099000123]})
    with pytest.raises(ArgumentError, match="leading zeros"):
        score(frame, spoilt)
