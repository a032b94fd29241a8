import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvocr_lab import text
from cvocr_lab.text import (
    CHARSET,
    LETTERS,
    TYPOGRAPHIC,
    collapse,
    comparison_key,
    compose,
    decompose,
    digits_from_lookalikes,
    fold,
    fold_key,
    letters_from_lookalikes,
    new_tone,
    nfc,
    old_tone,
    plain,
)

VIETNAMESE = st.text(alphabet=CHARSET, max_size=40)


def test_letters_are_counted() -> None:
    assert len(LETTERS) == len(set(LETTERS)) == 146
    assert sum(not letter.isascii() for letter in LETTERS) == 134
    assert len(CHARSET) == len(set(CHARSET)) == 1 + 26 * 2 + 10 + 32 + 134 + 7
    assert {*string.printable[:95], *LETTERS, *TYPOGRAPHIC} == set(CHARSET)


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("Ða\u0300 La\u0323t", "Đà Lạt"),
        ("ðường \u0189\u0256", "đường Đđ"),
        ("\ufeffHà\u200b\u00a0Nội\u00ad", "Hà Nội"),
        ("a\u0301\u0302 a\u0301\u0306", "ấ ắ"),  # tone typed before the shape
        ("o\u0301\u031b o\u0323\u0302", "ớ ộ"),
    ],
)
def test_nfc(given_text: str, wanted: str) -> None:
    assert nfc(given_text) == wanted


@given(st.text())
def test_nfc_is_idempotent_and_normal(anything: str) -> None:
    once = nfc(anything)
    assert nfc(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(VIETNAMESE)
def test_both_forms_become_one(line: str) -> None:
    assert nfc(unicodedata.normalize("NFD", line)) == line


def test_comparison_key_keeps_case_and_marks() -> None:
    assert comparison_key("  Lê \u00a0 Thị\n ẤM ") == "Lê Thị ẤM"
    assert collapse("a\t b") == "a b"


@given(VIETNAMESE.map(plain))
def test_fold_leaves_ascii(line: str) -> None:
    folded = fold(line)
    assert folded.isascii()
    assert len(folded) == len(line)
    assert fold(folded) == folded


def test_fold_key() -> None:
    assert (
        fold_key("  Ngày, tháng, năm sinh / Date of birth:") == "ngay thang nam sinh date of birth"
    )
    assert fold_key("ĐẮK LẮK") == fold_key("Đăk-Lăk") == "dak lak"
    assert fold_key("_/.") == ""


@given(st.text())
def test_fold_key_is_idempotent(anything: str) -> None:
    assert fold_key(fold_key(anything)) == fold_key(anything)


@pytest.mark.parametrize("letter", LETTERS + string.ascii_letters)
def test_compose_inverts_decompose(letter: str) -> None:
    base, shape, tone = decompose(letter)
    assert base.isascii()
    assert compose(base, shape, tone) == letter
    assert base.isupper() == letter.isupper()


def test_decompose_of_other_characters() -> None:
    assert decompose("ḳ") == ("ḳ", "plain", "level")
    assert decompose("7") == ("7", "plain", "level")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hòa", "hoà"),
        ("HÒE", "HOÈ"),
        ("Thủy", "Thuỷ"),
        ("khỏe", "khoẻ"),
        ("quý", "quý"),
        ("quà", "quà"),
        ("già", "già"),
        ("gì", "gì"),
        ("giếng", "giếng"),
        ("hoàn", "hoàn"),
        ("toán", "toán"),
        ("khuỷu", "khuỷu"),
        ("ngoáy", "ngoáy"),
        ("nguyễn", "nguyễn"),
        ("mùa", "mùa"),
        ("cừu", "cừu"),
        ("đường", "đường"),
        ("thuở", "thuở"),
        ("Ngọk", "Ngọk"),
        ("wòa", "wòa"),
    ],
)
def test_tone_styles(old: str, new: str) -> None:
    assert new_tone(old) == new
    assert old_tone(new) == old
    assert old_tone(old) == old
    assert new_tone(new) == new


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("baì", "bài"),
        ("tóan", "toán"),
        ("qùa", "quà"),
        ("gìa", "già"),
        ("tìêng", "tiềng"),
        ("tìếng", "tìếng"),
    ],
)
def test_misplaced_tones(wrong: str, right: str) -> None:
    assert old_tone(wrong) == new_tone(wrong) == right


@given(VIETNAMESE)
def test_tone_placement_moves_nothing_but_tones(line: str) -> None:
    assert old_tone(old_tone(line)) == old_tone(line)
    assert old_tone(new_tone(line)) == old_tone(line)
    assert fold(new_tone(line)) == fold(line)


def test_lookalikes() -> None:
    assert digits_from_lookalikes("OQD IlT| Z S G B") == "000 11T1 2 5 6 8"
    assert letters_from_lookalikes("0 1 2 5 6 8 7") == "O I Z S G B 7"


@given(st.text(alphabet=string.digits))
def test_lookalikes_come_back(number: str) -> None:
    assert digits_from_lookalikes(letters_from_lookalikes(number)) == number


def test_tables_name_every_mark() -> None:
    assert {shape for _, shape, _ in map(decompose, LETTERS)} == {
        "plain",
        "stroke",
        *text.SHAPE_MARKS.values(),
    }
