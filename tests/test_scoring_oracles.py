"""Our figures against those of jiwer and anls_star, which define them too."""

import unicodedata

import jiwer
import pandas as pd
import pytest
from anls_star import anls_score
from hypothesis import given, settings
from hypothesis import strategies as st

from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import Score, score
from cvocr_lab.text import comparison_key

# Letters, marks of their own, blanks and what looks alike: all that a comparison may stumble on.
TEXTS = st.one_of(
    st.text("aăâbdđeêoôơuưyÀẢÃÁẠắấờự \u0300\u0301\u0323O0I1.,-/", max_size=24),
    st.sampled_from(
        ["TRẦN VĂN HOÀ", "Trần Văn Hòa", "001099000123", "Số 9, Phường 7, Quận 3, TP.HCM", "ß İ ﬁ"]
    ),
)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=30)


def scored(pairs: list[tuple[str, str]]) -> Score:
    papers = [Document("tcc_chip", "front", {"name": FieldValue(value)}) for _, value in pairs]
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(pairs))]})
    frame = to_frame([Reading(Extraction((paper,))) for paper in papers], sources)
    return score(frame, pd.DataFrame({"name": [truth for truth, _ in pairs]}))


def present(judged: Score) -> tuple[list[str], list[str]]:
    """Truths that are there and what was read, in NFC: what the CER is of."""
    cells = judged.cells[judged.cells["chars"] > 0]
    return (
        [comparison_key(text) for text in cells["truth"]],
        [comparison_key(text) for text in cells["value"]],
    )


@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_cer_and_wer_are_those_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    judged = scored(pairs)
    truths, values = present(judged)
    row = judged.summary(by=()).loc["all"]
    if not truths:
        assert row[["cer", "wer"]].isna().all()
        return
    assert row["cer"] == pytest.approx(jiwer.cer(truths, values), abs=1e-12)
    assert row["wer"] == pytest.approx(jiwer.wer(truths, values), abs=1e-12)
    each = [jiwer.cer(t, v) for t, v in zip(truths, values, strict=True)]
    assert row["cer_macro"] == pytest.approx(sum(each) / len(each), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_edits_are_the_counts_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    judged = scored(pairs)
    truths, values = present(judged)
    cells = judged.cells[judged.cells["chars"] > 0]
    for edits, words, truth, value in zip(
        cells["edits"], cells["word_edits"], truths, values, strict=True
    ):
        letters = jiwer.process_characters(truth, value)
        assert edits == letters.substitutions + letters.deletions + letters.insertions
        in_words = jiwer.process_words(truth, value)
        assert words == in_words.substitutions + in_words.deletions + in_words.insertions


@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_anls_is_that_of_anls_star(pairs: list[tuple[str, str]]) -> None:
    judged = scored(pairs)
    cells = judged.cells
    for anls, truth, value in zip(cells["anls"], cells["truth"], cells["value"], strict=True):
        wanted, given_ = comparison_key(truth), comparison_key(value)
        assert anls == pytest.approx(anls_score(wanted, given_), abs=1e-12)
    mean = judged.summary(by=()).loc["all", "anls"]
    assert mean == pytest.approx(cells["anls"].mean())


@pytest.mark.parametrize(("value", "anls"), [("abcd", 1), ("abxy", 0.5), ("axyz", 0), ("ABCD", 1)])
def test_half_alike_survives_as_anls_star_has_it(value: str, anls: float) -> None:
    assert scored([("abcd", value)]).cells["anls"].tolist() == [anls]
    assert anls_score("abcd", value) == anls


def test_whatever_the_unicode_form_the_figures_are_those_of_nfc() -> None:
    truth, value = "Nguyễn Thị Hồng Gấm", "Nguyên Thị Hông Gấm"
    plain = scored([(truth, value)]).cells
    split = scored([(unicodedata.normalize("NFD", truth), unicodedata.normalize("NFD", value))])
    assert plain["edits"].tolist() == split.cells["edits"].tolist() == [2]
    assert jiwer.cer(truth, value) == pytest.approx(2 / 19)
