"""Reads crops of lines with our own model on onnxruntime.

The model is a CTC net; its file contains the character set and the input height.  Decoding is
greedy.  If a field's type allows only some characters, the others are ruled out before decoding.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import homography, rectangle, side_lengths
from cvocr_lab.engines.local.models import Model, open_model, shipped, softmax
from cvocr_lab.engines.local.wording import likeliest
from cvocr_lab.errors import ArgumentError
from cvocr_lab.results import Line, Quad

HEIGHT: Final = 48
"""Pixel rows of the net's input; stacked accents blur together at lower heights."""

MAX_WIDTH: Final = 2400
"""Longer crops are compressed to this many columns."""

BATCH_COLUMNS: Final = 3000
"""Pixel columns per batch; batches that fit into the CPU cache are fastest."""

_WORD = re.compile(r"(?<![\w<])[^\W\d_]{2,8}(?![\w<])")
"""A word that may be Vietnamese: letters only, and hardly longer than a syllable."""
_WORDING = 0.4
"""Weight of the log probability of a word relative to that of its letters."""
_CERTAIN, _LEAST_ODDS, _DOUBTFUL, _SPELLINGS = 0.99, 0.003, 3, 12

Picture = NDArray[np.uint8]
Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Reads crops of single lines.

    `model` is an ONNX file written by `cvocr_lab.training.export`; None for the one in the package.
    `threads` is the number of threads that onnxruntime may use for one batch.
    """

    model: Path | None = None
    threads: int = 1

    @property
    def card(self) -> dict[str, object]:
        """Metadata of the model file: version, character set, training and validation figures."""
        return self._net.card

    @property
    def _net(self) -> Model:
        path = self.model or model_file()
        return open_model(path, self.threads, "line model", ("charset", "stride"))

    def read(
        self, crops: Sequence[Picture], *, alphabets: Sequence[str] | None = None
    ) -> list[Line]:
        """Read each crop, an RGB or grey picture of one upright line of any size.

        `alphabets` has for each crop the characters it may contain; "" for all.  Under an alphabet,
        a character's confidence is the geometric mean of its probability among those allowed and
        among all, so that a forced reading shows.  An `ArgumentError` is raised if `alphabets` and
        `crops` differ in length, or if the model file is not one of ours.
        """
        if alphabets is not None and len(alphabets) != len(crops):
            raise ArgumentError("give one alphabet per crop")
        net = self._net
        charset, stride = net.card["charset"], net.card["stride"]
        columns = [normalise(to_height(crop)) for crop in crops]
        lines = [Line("", 0.0)] * len(crops)
        for batch in _batches([c.shape[1] for c in columns], BATCH_COLUMNS):
            (scores,) = net.run(lines=pad([columns[i] for i in batch]))
            for i, row in zip(batch, scores, strict=True):
                steps = row[: -(-columns[i].shape[1] // stride)]
                lines[i] = _decode(steps, charset, alphabets[i] if alphabets else "")
        return lines


def model_file() -> Path:
    """Return the path of the model in the package."""
    return shipped("lines.onnx")


def to_height(crop: Picture, height: int = HEIGHT) -> Picture:
    """Convert to grey and scale to `height` rows, keeping proportions up to `MAX_WIDTH` columns."""
    import cv2

    if not crop.size:
        return np.full((height, 16), 255, np.uint8)
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    rows, columns = grey.shape
    width = min(max(round(columns * height / rows), 8), MAX_WIDTH)
    shrink = rows > height or width < columns
    how = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (width, height), interpolation=how), np.uint8)


def normalise(grey: Picture) -> Columns:
    """Scale to mean 0 and deviation 1, so that contrast and exposure have no influence."""
    values = grey.astype(np.float32)
    return np.asarray((values - values.mean()) / (values.std() + 4.0), np.float32)


def pad(columns: Sequence[Columns], multiple: int = 1) -> Columns:
    """Stack crops, padded with zeros on the right, to ``(n, 1, height, width)``."""
    widest = -(-max(c.shape[1] for c in columns) // multiple) * multiple
    batch = np.zeros((len(columns), 1, columns[0].shape[0], widest), np.float32)
    for row, c in zip(batch, columns, strict=True):
        row[0, :, : c.shape[1]] = c
    return batch


def batches_of(pictures: Sequence[Picture], columns: int) -> Iterator[Columns]:
    """Yield normalised lines of 48 rows in batches of similar width and `columns` columns."""
    lines = [normalise(picture) for picture in pictures]
    for batch in _batches([line.shape[1] for line in lines], columns):
        yield pad([lines[i] for i in batch])


def crop_line(image: Picture, quad: Quad | Sequence[float], *, margin: float = 0.0) -> Picture:
    """Crop a line from a picture and turn it upright, at the scale of the picture.

    `quad` is clockwise from the text's own top left, and `margin` is added on every side, as a
    share of the line's height.
    """
    import cv2

    corners = np.asarray(quad, np.float64).reshape(4, 2)
    _, tall = side_lengths(corners)
    if margin:
        along, down = corners[1] - corners[0], corners[3] - corners[0]
        along, down = (v * margin * tall / max(np.hypot(*v), 1e-6) for v in (along, down))
        corners = corners + np.stack([-along - down, along - down, along + down, down - along])
    wide, _ = side_lengths(corners)
    tall *= 1 + 2 * margin
    rows = max(1, round(tall))
    size = (max(1, round(wide * rows / max(tall, 1e-6))), rows)
    matrix = homography(corners, rectangle(*size))
    cut = cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _batches(widths: Sequence[int], columns: int) -> Iterator[list[int]]:
    """Yield indices in groups of similar width, to reduce padding."""
    batch: list[int] = []
    for i in sorted(range(len(widths)), key=widths.__getitem__):
        if batch and (
            widths[i] * (len(batch) + 1) > columns or widths[i] > 1.25 * widths[batch[0]] + 32
        ):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _decode(scores: Columns, charset: str, alphabet: str) -> Line:
    """Decode ``(steps, 1 + characters)`` logits greedily (CTC); class 0 is the blank."""
    if alphabet:
        allowed = np.asarray([True, *(c in alphabet for c in charset)])
        chosen = np.where(allowed, scores, -np.inf)
        odds = np.sqrt(softmax(chosen, (1,)) * softmax(scores, (1,)))
    else:
        chosen = scores
        odds = softmax(scores, (1,))
    best = chosen.argmax(axis=1)
    sure = odds[np.arange(len(best)), best]
    text: list[str] = []
    characters: list[float] = []
    peaks: list[int] = []
    previous = 0
    for step, (k, p) in enumerate(zip(best.tolist(), sure.tolist(), strict=True)):
        if k and k == previous:
            if p > characters[-1]:
                characters[-1], peaks[-1] = p, step
        elif k:
            text.append(charset[k - 1])
            characters.append(p)
            peaks.append(step)
        previous = k
    if not alphabet:
        _reword(text, characters, odds[peaks], charset)
    whole = "".join(text)
    stripped = whole.strip(" ")
    start = len(whole) - len(whole.lstrip(" "))
    kept = tuple(min(1.0, p) for p in characters[start : start + len(stripped)])
    return Line(stripped, sum(kept) / len(kept) if kept else 0.0, None, kept)


def _reword(text: list[str], sure: list[float], odds: Columns, charset: str) -> None:
    """Choose between letters that are about equally likely by the words they form, in place.

    `text` has the letters read, `sure` their probabilities, and `odds` those of all classes where
    each letter was read, ``(letters, 1 + characters)``.
    """
    words = [m.span() for m in _WORD.finditer("".join(text))]
    if all(min(sure[a:b]) > _CERTAIN for a, b in words):
        return
    choices = [_spellings(text[a:b], odds[a:b], charset) for a, b in words]
    ends = [0, *(b for _, b in words)]
    breaks = ["".join(text[end:a]) != " " for (a, _), end in zip(words, ends, strict=False)]
    picks = likeliest(choices, breaks, _WORDING)
    for (a, b), spellings, k in zip(words, choices, picks, strict=True):
        if k:
            odd = spellings[k][1] - spellings[0][1]
            for i, letter in zip(range(a, b), spellings[k][0], strict=True):
                if text[i] != letter:
                    text[i], sure[i] = letter, 0.5 + 0.25 * math.exp(odd)


def _spellings(word: list[str], odds: Columns, charset: str) -> list[tuple[str, float]]:
    """Return spellings of a word with their log probabilities, the one read first."""
    spellings = [("", 0.0)]
    doubtful = sorted(range(len(word)), key=lambda i: odds[i, 1:].max())[:_DOUBTFUL]
    for i, letter in enumerate(word):
        top = float(odds[i, charset.index(letter) + 1])
        found = [(letter, math.log(top))]
        if i in doubtful and top < _CERTAIN:
            for k in np.flatnonzero(odds[i, 1:] > _LEAST_ODDS):
                other = charset[k]
                if other != letter and other.isalpha() and other.isupper() == letter.isupper():
                    found.append((other, math.log(float(odds[i, k + 1]))))
        longer = [(begun + c, so_far + p) for begun, so_far in spellings for c, p in found]
        spellings = sorted(longer, key=lambda made: -made[1])[:_SPELLINGS]
    return spellings
