from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest

from cvocr_lab.synth import fonts, lines, wording
from cvocr_lab.text import CHARSET


@pytest.mark.parametrize("sort", wording.SORTS)
def test_wording_keeps_to_the_charset(sort: str) -> None:
    rng = random.Random(1)
    for _ in range(200):
        drawn, text = wording.sample(rng, sort)
        assert drawn == sort
        assert set(text) <= set(CHARSET)
        assert text == " ".join(text.split()) == unicodedata.normalize("NFC", text)
        assert 1 <= len(text) <= (110 if sort == "prose" else 62)


def test_wording_shows_every_character() -> None:
    rng = random.Random(2)
    seen = {c for _ in range(6000) for c in wording.sample(rng)[1]}
    assert set(CHARSET) - seen == set()


def test_syllables_carry_the_tone_where_vietnamese_does() -> None:
    rng = random.Random(3)
    made = {wording.syllable(rng) for _ in range(20_000)}
    assert {"người", "được", "quý", "nghĩa", "trường", "tuyết", "khuya", "hoàn"} <= made
    assert not {"ngừơi", "đựơc", "trừơng", "hòan"} & made


def test_shipped_fonts_need_nothing_installed() -> None:
    rng = random.Random(4)
    for style in ("sans", "serif", "mono", "condensed", "ocrb"):
        for _ in range(5):
            assert fonts.pick(rng, style, "shipped").name.startswith("DejaVu")


@pytest.mark.slow
def test_held_out_families_never_train() -> None:
    training = [face.family for face in fonts.faces() if face.pool == "train"]
    assert training
    apart = (*fonts.HELD_OUT, *fonts.VALIDATION)
    assert not [family for family in training if family.startswith(apart)]


def test_a_line_is_its_seed() -> None:
    one, two = (lines.draw(random.Random(5), pool="shipped") for _ in range(2))
    assert one.text == two.text
    np.testing.assert_array_equal(one.picture, two.picture)


def test_clean_line_holds_its_ink() -> None:
    rng = random.Random(6)
    for _ in range(20):
        line = lines.draw(rng, pool="shipped", sort="address", strength=0.0)
        height, width = line.picture.shape
        assert 0.2 < width / height / len(line.text) < 1.2
        assert line.picture.std() > 5
