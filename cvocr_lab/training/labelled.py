"""Crops lines whose text is known from the user's own pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from cvocr_lab import images
from cvocr_lab.engines.local.recogniser import crop_line
from cvocr_lab.frames import Records, Truth, truth_by_row

Picture = NDArray[np.uint8]

_ALIKE = 0.5
"""Similarity of reading and truth required to trust the position."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Line crops, their texts, and the card each was cropped from.

    Parameters
    ----------
    pictures
        Grey or RGB crops of one line each.
    texts
        Their texts.
    cards
        For each crop the row of the frame it came from, counted from 0.
    """

    pictures: list[Picture]
    texts: list[str]
    cards: list[int]


def labelled_lines(frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None = None) -> Labelled:
    """Crop the lines whose text is known from the user's pictures.

    Parameters
    ----------
    frame
        A flat frame of the offline engine, which has the position of each value.
    truth
        The true values, paired with the readings as by `cvocr_lab.score`.
    on
        Column that identifies rows that belong together; None for the index.

    Returns
    -------
    Labelled
        Only values of one line whose reading already resembles the truth, so that the position
        is certainly right; ``###`` counts as unknown.

    Raises
    ------
    ArgumentError
        A column is missing.
    ImageError
        A picture can no longer be read.
    """
    records = Records(frame)
    labels = truth_by_row(records, Truth(truth, records, on=on), on=on)
    rows = labels.fillna("").to_dict("records")
    found = Labelled([], [], [])
    for record, row in zip(records, rows, strict=True):
        sure = {
            name: str(row[name])
            for name, cell in record.cells.items()
            if cell.quad is not None and cell.text and _alike(str(row.get(name, "")), cell.text)
        }
        if not sure:
            continue
        pixels = images.load(record.source, pages=(record.page,)).pixels
        for name, text in sure.items():
            crop = crop_line(pixels, record.quads[name], margin=0.08)
            height, width = crop.shape[:2]
            if 0.18 < width / height / len(text) < 1.2:  # one line
                found.pictures.append(crop)
                found.texts.append(text)
                found.cards.append(record.row)
    return found


def _alike(text: str, read: str) -> bool:
    """Return whether a label is known and resembles what was read."""
    return bool(text.strip("# ")) and Levenshtein.normalized_similarity(text, read) >= _ALIKE
