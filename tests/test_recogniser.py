from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cvocr_lab.engines.local import recogniser
from cvocr_lab.engines.local.recogniser import Recogniser, crop_line, normalise, to_height
from cvocr_lab.engines.local.wording import wording
from cvocr_lab.errors import ArgumentError
from cvocr_lab.results import Line
from cvocr_lab.synth import fonts
from cvocr_lab.text import CHARSET

TEXTS = ("NGUYỄN VĂN MẪU", "001099000123", "27/10/1964", "Nơi thường trú", "59X2-123.45")


def _logits(path: str, *, charset: str = "ab0 ", sure: float = 9.0) -> recogniser.Columns:
    """Logits that spell `path`, one step each; ``_`` is the blank."""
    rows = np.zeros((len(path), 1 + len(charset)), np.float32)
    for step, c in enumerate(path):
        rows[step, 0 if c == "_" else 1 + charset.index(c)] = sure
    return rows


@pytest.mark.parametrize(
    ("path", "text"),
    [("aab", "ab"), ("a_ab", "aab"), ("__", ""), (" a b ", "a b"), ("_a__0_", "a0"), ("", "")],
)
def test_greedy_decoding(path: str, text: str) -> None:
    line = recogniser._decode(_logits(path), "ab0 ", "")
    assert line.text == text
    assert len(line.characters) == len(text)
    assert line.confidence == pytest.approx(0.999 if text else 0.0, abs=0.002)


def test_alphabet_forbids_and_shows_that_it_forced() -> None:
    scores = _logits("a_a", sure=4.0)
    scores[0, 3] = 3.0  # "0" is nearly as likely as "a"
    free = recogniser._decode(scores, "ab0 ", "")
    forced = recogniser._decode(scores, "ab0 ", "0")
    assert free.text == "aa"
    assert forced.text == "0"
    assert 0.2 < forced.confidence < 0.7


def test_height_and_proportions() -> None:
    wide = np.full((20, 100, 3), 9, np.uint8)
    assert to_height(wide).shape == (48, 240)
    assert to_height(np.zeros((10, 90_000), np.uint8)).shape == (48, recogniser.MAX_WIDTH)
    assert to_height(np.zeros((0, 5), np.uint8)).shape[0] == 48
    assert to_height(np.zeros((300, 1), np.uint8)).shape == (48, 8)


def test_normalising_undoes_exposure() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 120, (48, 60)).astype(np.uint8)
    brighter = (picture * 2 + 10).astype(np.uint8)
    np.testing.assert_allclose(normalise(picture), normalise(brighter), atol=0.2)
    assert np.isfinite(normalise(np.full((48, 30), 7, np.uint8))).all()


def test_crop_line_turns_text_upright() -> None:
    image = np.zeros((100, 100), np.uint8)
    image[20:30, 10:90] = 200
    image[20:30, 10:20] = 255
    flat = crop_line(image, (10, 20, 90, 20, 90, 30, 10, 30))
    assert flat.shape == (10, 80)
    assert flat[5, 3] == 255
    turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
    upright = crop_line(turned, (80, 10, 80, 90, 70, 90, 70, 10))
    assert upright.shape == (10, 80)
    assert np.abs(upright[2:-2, 2:-2].astype(int) - flat[2:-2, 2:-2]).max() < 60
    assert crop_line(image, (10, 20, 90, 20, 90, 30, 10, 30), margin=0.5).shape == (20, 90)


def test_batches_hold_every_line_once() -> None:
    widths = [900, 30, 40, 500, 500, 33, 2400]
    groups = list(recogniser._batches(widths, 1000))
    assert sorted(i for group in groups for i in group) == list(range(len(widths)))
    assert all(len(g) == 1 or max(widths[i] for i in g) * len(g) <= 1000 for g in groups)


@pytest.fixture(scope="module")
def crops() -> list[recogniser.Picture]:
    font = fonts.load(next(f.path for f in fonts.shipped() if f.path.name == "DejaVuSans.ttf"), 32)
    pictures = []
    for text in TEXTS:
        left, top, right, bottom = (round(v) for v in font.getbbox(text))
        mask = np.asarray(font.getmask(text), np.uint8).reshape(bottom - top, right - left)
        ink = np.pad(mask, 6).astype(np.float32) / 255
        pictures.append((235 - 190 * ink).astype(np.uint8))
    return pictures


def test_shipped_model_reads_clean_print(crops: list[recogniser.Picture]) -> None:
    reader = Recogniser()
    assert reader.card["charset"] == CHARSET
    read = reader.read(crops)
    assert [line.text for line in read] == list(TEXTS)
    assert all(len(line.characters) == len(line.text) for line in read)
    in_colour = reader.read([np.repeat(c[..., None], 3, axis=2) for c in crops])
    assert [line.text for line in in_colour] == list(TEXTS)


def test_order_and_batching_do_not_matter(crops: list[recogniser.Picture]) -> None:
    together = Recogniser().read(crops)
    alone = [Recogniser().read([c])[0] for c in reversed(crops)]
    assert [line.text for line in together] == [line.text for line in reversed(alone)]
    assert Recogniser().read([]) == []


def test_alphabets(crops: list[recogniser.Picture]) -> None:
    reader = Recogniser()
    digits = reader.read(crops[1:3], alphabets=["0123456789", "0123456789/"])
    assert [line.text for line in digits] == [TEXTS[1], TEXTS[2]]
    name = reader.read(crops[:1], alphabets=["0123456789"])[0]
    assert set(name.text) <= set("0123456789")
    assert name.confidence < 0.5
    with pytest.raises(ArgumentError, match="one alphabet per crop"):
        reader.read(crops, alphabets=["", ""])


def test_other_onnx_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ArgumentError, match="is not a line model"):
        Recogniser(path).read([np.zeros((20, 50), np.uint8)])


def test_a_blank_crop_says_nothing() -> None:
    drawn = Recogniser().read([np.full((40, 200), 230, np.uint8)])[0]
    assert len(drawn.text) <= 1


def _doubtful(text: str, at: int, other: str, share: float) -> Line:
    """Decode `text`, of which one letter was read with probability 1 - `share`, else as `other`."""
    charset = "".join(sorted({*text, other}))
    rows = np.full((2 * len(text), 1 + len(charset)), -20.0, np.float32)
    rows[1::2, 0] = 0.0
    for i, letter in enumerate(text):
        rows[2 * i, 1 + charset.index(letter)] = 0.0
    rows[2 * at, 1 + charset.index(text[at])] = np.log(1 - share)
    rows[2 * at, 1 + charset.index(other)] = np.log(share)
    return recogniser._decode(rows, charset, "")


@pytest.mark.parametrize(
    ("read", "at", "other", "text"),
    [
        ("BÁO LỘC, LÂM ĐỒNG", 1, "Ả", "BẢO LỘC, LÂM ĐỒNG"),  # the pair of words decides
        ("CÕNG AN TỈNH", 1, "Ô", "CÔNG AN TỈNH"),  # the word decides
        ("XÔNG AN TỈNH", 0, "C", "CÔNG AN TỈNH"),
        ("TỐNG VĂN AN", 1, "Ổ", "TỐNG VĂN AN"),  # the likelier word was read
        ("IDVNM<<TÕ<<", 8, "Ô", "IDVNM<<TÕ<<"),  # part of a zone
        ("SB5Õ", 3, "Ô", "SB5Õ"),  # a number
        ("công an", 1, "Ô", "công an"),  # a capital within a word
    ],
)
def test_words_decide_between_letters_that_look_alike(
    read: str, at: int, other: str, text: str
) -> None:
    line = _doubtful(read, at, other, 0.3)
    assert line.text == text
    assert (line.characters[at] > 0.65) == (read == text)


def test_words_do_not_change_what_was_clearly_read() -> None:
    assert _doubtful("CÕNG AN TỈNH", 1, "Ô", 0.003).text == "CÕNG AN TỈNH"
    assert _doubtful("Y WĂN MLÔ", 2, "V", 0.0005).text == "Y WĂN MLÔ"


def test_pairs_of_words_count_more_than_words() -> None:
    counts = wording()
    assert counts.chance("bảo", "lộc") > counts.chance("", "lộc")
    assert counts.chance("", "nguyễn") > counts.chance("", "nguyển")
    assert counts.chance("xyz", "lộc") == counts.chance("abc", "lộc") < 0
