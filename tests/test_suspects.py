"""Labels that are likely wrong: each sort of evidence, its words, its weight."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.views.suspects import difference, suspects

QR = "001099000123||Trần Văn Ân|05031999|Nam|Hà Nội|01072021"
CARD = {
    "id": "001099000123", "name": "TRẦN VĂN ÂN", "born": "05/03/1999", "sex": "Nam",
    "address": "Phố Huế, Hà Nội",
}  # fmt: skip


def frame_of(*cards: dict[str, str], sure: float | None = 0.99, images: str = "") -> pd.DataFrame:
    readings = []
    for card in cards:
        fields = {name: FieldValue(text, sure) for name, text in card.items()}
        readings.append(Reading(Extraction((Document("tcc_chip", "front", fields),))))
    names = list(images) or [str(n) for n in range(len(cards))]
    return to_frame(readings, pd.DataFrame({"image": [f"{n}.jpg" for n in names]}))


def labels_of(*cards: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(cards))


def cells(found: pd.DataFrame) -> list[tuple[int, str]]:
    return list(zip(found["row"], found["field"], strict=True))


def test_labels_that_all_agree_with_are_not_accused() -> None:
    found = suspects(frame_of(CARD | {"qr": QR}), labels_of(CARD), min_strength=0)
    assert found.empty
    assert found["row"].dtype == "int64"


def test_a_code_outweighs_the_label() -> None:
    found = suspects(
        frame_of(CARD | {"qr": QR}, sure=None), labels_of(CARD | {"name": "TRẦN VĂN ANH"})
    )
    first = found.iloc[0]
    assert (first["row"], first["field"], first["label"]) == (0, "name", "TRẦN VĂN ANH")
    assert first["reason"].count("the QR code contradicts the label") == 1
    assert first["strength"] > 0.95


def test_rules_that_labels_break_and_the_reading_does_not() -> None:
    found = suspects(frame_of(CARD, sure=None), labels_of(CARD | {"born": "05/03/1989"}))
    assert cells(found)[0] == (0, "born")
    said = "only in the labels, not in the reading: digits 4 to 6 belong to another birth year"
    assert found["reason"][0].split("; ") == [said, "the engine read another value"]
    shape = suspects(frame_of(CARD, sure=None), labels_of(CARD | {"id": "00109900012"}))
    assert cells(shape)[0] == (0, "id")
    assert "does not have the form" in shape["reason"][0]


def test_two_engines_that_agree_weigh_more_than_one() -> None:
    label = labels_of(CARD | {"address": "Phố Hàng Bông, Hà Nội"})
    read = frame_of(CARD, sure=0.9)
    alone = suspects(read, label, min_strength=0)
    both = suspects(read, label, other=frame_of(CARD, sure=None), min_strength=0)
    against = suspects(read, label, other=frame_of(CARD | {"address": "Phố Hội"}), min_strength=0)
    assert both["strength"][0] > alone["strength"][0] > against["strength"][0]
    assert both["reason"][0] == "two engines agree on another value"
    assert alone["reason"][0] == "the engine read another value (confidence 90%)"


def test_marks_weigh_less_and_style_hardly_anything() -> None:
    read = frame_of(CARD | {"name": "TRẦN THỊ HOÀ"})
    letters, marks, style = (
        suspects(read, labels_of(CARD | {"name": name}), min_strength=0)["strength"][0]
        for name in ("LÊ THỊ HOÀ", "TRẦN THỊ HOA", "TRẦN THỊ HÒA")
    )
    assert letters > marks > style
    assert style < 0.3


def test_labels_that_are_not_there_are_suspect_and_unreadable_ones_are_not() -> None:
    found = suspects(frame_of(CARD), labels_of(CARD | {"name": "", "id": "###"}))
    assert cells(found) == [(0, "name")]
    assert "a value that is not labelled" in found["reason"][0]
    assert pd.isna(found["label"][0])


def test_one_picture_has_one_label() -> None:
    read = frame_of(CARD, CARD, sure=None, images="aa")
    found = suspects(read, labels_of(CARD, CARD | {"address": "Phố Hàng Bông, Hà Nội"}))
    assert set(cells(found)) == {(0, "address"), (1, "address")}
    assert found["reason"].str.contains("the same picture also has another label").all()
    assert found["row"][0] == 1  # which the reading contradicts, too


def test_the_strongest_come_first_and_reasons_hold_no_values() -> None:
    chance = random.Random(5)
    cards = [
        CARD | {"id": f"0010990{n:05d}", "name": f"TRẦN VĂN {chance.choice(['ÂN', 'AN', 'BÌNH'])}"}
        for n in range(40)
    ]
    wrong = [card | {"name": "LÊ THỊ BƯỞI"} if n % 8 == 0 else card for n, card in enumerate(cards)]
    wrong[3] = wrong[3] | {"sex": "Nữ"}
    found = suspects(frame_of(*cards), labels_of(*wrong))
    assert set(cells(found)) == {(n, "name") for n in range(0, 40, 8)} | {(3, "sex")}
    assert found["strength"].is_monotonic_decreasing
    assert (found["gain"] == found["strength"]).all()
    assert not found["reason"].str.contains("BƯỞI|TRẦN|0010990").any()
    assert found["rank"].tolist() == list(range(len(found)))


def test_differences_have_names() -> None:
    assert difference("Trần  Ân", "TRẦN ÂN") == "same"
    assert difference("05-03-1999", "05/03/1999") == "same"
    assert difference("THUỶ", "THỦY") == "style"
    assert difference("TRAN AN", "TRẦN ÂN") == "marks"
    assert difference("", "TRẦN ÂN") == "other"


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ArgumentError, match="min_strength"):
        suspects(frame_of(CARD), labels_of(CARD), min_strength=2)
