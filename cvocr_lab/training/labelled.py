"""Lines whose text is known, cut out of the user's own pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from os import PathLike, fspath
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvocr_lab import images
from cvocr_lab.engines.local.recogniser import crop_line
from cvocr_lab.errors import ArgumentError
from cvocr_lab.results import Quad

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


def labelled_lines(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    column: str = "image",
    on: str | None = None,
    base: str | PathLike[str] | None = None,
) -> Labelled:
    """Cut the lines whose text is known out of the user's pictures.

    Parameters
    ----------
    frame
        A flat frame of the offline engine: it says where each value stands.
    truth
        The right values under the same field names.
    column
        Where `frame` keeps its pictures.
    on
        Column that says which rows belong together; None for the index.
    base
        Folder that relative paths start from; None for the current one.

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
    for name in {column, on} - {None}:
        if name not in frame:
            raise ArgumentError(f"the frame has no column {name!r}")
    if on is not None and on not in truth:
        raise ArgumentError(f"the truth has no column {on!r}")
    found = Labelled([], [], [])
    known: defaultdict[Hashable, list[dict[str, object]]] = defaultdict(list)
    for label, row in zip(truth.index if on is None else truth[on], _rows(truth), strict=True):
        known[label].append(row)
    fields = [c for c in map(str, truth.columns) if f"{c}_quad" in frame.columns]
    for at, (label, row) in enumerate(
        zip(frame.index if on is None else frame[on], _rows(frame), strict=True)
    ):
        rights = [r for r in known.get(label, ()) if _same_paper(r, row)]
        sure = [(f, text) for f in fields if (text := _sure_text(f, row, rights))]
        if not sure:
            continue
        pixels = images.load(row[column], base=None if base is None else fspath(base)).pixels
        for field, text in sure:
            crop = crop_line(pixels, cast("Quad", row[f"{field}_quad"]), margin=0.08)
            if _one_line(crop, text):
                found.pictures.append(crop)
                found.texts.append(text)
                found.cards.append(at)
    return found


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _same_paper(right: dict[str, object], row: dict[str, object]) -> bool:
    """Tell whether a row of the truth may speak of this paper: a PDF holds several."""
    wanted, read = right.get("type"), row.get("ocr_type")
    return not (isinstance(wanted, str) and isinstance(read, str) and wanted and wanted != read)


def _sure_text(field: str, row: dict[str, object], rights: list[dict[str, object]]) -> str | None:
    from rapidfuzz.distance import Levenshtein

    read = row.get(field)
    if not isinstance(read, str) or row[f"{field}_quad"] is None:
        return None
    for right in rights:
        text = right.get(field)
        if (
            isinstance(text, str)
            and text.strip("# ")
            and Levenshtein.normalized_similarity(text, read) >= _ALIKE
        ):
            return text
    return None


def _one_line(crop: Picture, text: str) -> bool:
    height, width = crop.shape[:2]
    return bool(0.18 < width / height / max(1, len(text)) < 1.2)
