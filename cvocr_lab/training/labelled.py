"""Lines whose text is known, cut out of the user's own pictures."""

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
"""How alike reading and truth must be for the place to be sure."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Line crops, what they say, and the card each was cut from.

    Parameters
    ----------
    pictures
        Grey or RGB crops of one line each.
    texts
        What they say.
    cards
        For each the row of the frame it came from, counted from 0.
    """

    pictures: list[Picture]
    texts: list[str]
    cards: list[int]


def labelled_lines(frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None = None) -> Labelled:
    """Cut the lines whose text is known out of the user's pictures.

    Parameters
    ----------
    frame
        A flat frame of the offline engine: it says where each value stands.
    truth
        The right values, paired with the readings as by `cvocr_lab.score`.
    on
        Column that says which rows belong together; None for the index.

    Returns
    -------
    Labelled
        Only values of one line whose reading already resembles the truth, so that the place is
        sure to be right; ``###`` counts as unknown.

    Raises
    ------
    ArgumentError
        A column is missing.
    ImageError
        A picture that was read before can be read no more.
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
            if _one_line(crop, text):
                found.pictures.append(crop)
                found.texts.append(text)
                found.cards.append(record.row)
    return found


def _alike(text: str, read: str) -> bool:
    """Tell whether a label is known and resembles what was read."""
    return bool(text.strip("# ")) and Levenshtein.normalized_similarity(text, read) >= _ALIKE


def _one_line(crop: Picture, text: str) -> bool:
    height, width = crop.shape[:2]
    return bool(0.18 < width / height / max(1, len(text)) < 1.2)
