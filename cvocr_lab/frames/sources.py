"""Find the picture of a row: `ocr_source`, and the source columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Final

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames.columns import TEXT, column_types, fields_of, restore, triple

SOURCE: Final = "ocr_source"

_LONGEST_PATH: Final = 4096
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.I)
# The beginning of JPEG, PNG, PDF, WebP, GIF, TIFF and BMP files in base64.
_CONTENT: Final = re.compile(
    r"\s*(data:|(/9j/|iVBOR|JVBERi|UklGR|R0lGOD|SUkq|TU0A|Qk[0-9A-Za-z])[\w+/=\s-]{60,}$)", re.I
)


def source_path(source: object, base: str | PathLike[str] | None = None) -> str | None:
    """Return the path or URL under which `cvocr_lab.images.load` opens the source in a cell.

    It is None for pictures in memory.  `base` is the folder that a relative path starts from; the
    result is relative if the folder is.

    >>> source_path("a.jpg", "cards"), source_path(b"...")
    ('cards/a.jpg', None)
    """
    if not isinstance(source, str | Path):
        return None
    text = str(source).strip()
    if not text or len(text) > _LONGEST_PATH or (isinstance(source, str) and _CONTENT.match(text)):
        return None
    if _URL.match(text):
        return text
    path = Path(text).expanduser() if text.startswith("~") else text
    if base is None:
        return str(path)
    return str(Path(base) / path)


def source_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns, or named index levels, with the sources of the pictures.

    These are the columns whose values occur in `ocr_source`.  Without `ocr_source`, they are
    ``image``, or ``front`` and ``back``, or the only column that is not a result.  The list is
    empty if they have been dropped or cannot be identified.
    """
    held = {c for f in fields_of(frame) for c in triple(f)} | set(column_types(frame.columns))
    others = [str(c) for c in frame.columns if c not in held]
    others += [str(n) for n in frame.index.names if n is not None and n not in frame.columns]
    some = frame.head(_LOOKED_AT)
    told = some[SOURCE].tolist() if SOURCE in some else []
    if any(isinstance(source, str) and source for source in told):
        cells = {c: zip(column_or_level(some, c), told, strict=True) for c in others}
        return [c for c in others if any(_names(v, s) for v, s in cells[c])][:2]
    lone = others if len(others) == 1 and others[0] in frame.columns else []
    return usual_columns(others) or lone


def usual_columns(columns: Sequence[str]) -> list[str]:
    """Return ``image``, or ``front`` and ``back``, if these are among the columns."""
    usual = (["image"], ["front", "back"])
    return next((names for names in usual if set(names) <= set(columns)), [])


_LOOKED_AT: Final = 100
"""Number of rows used to identify the source columns."""


def column_or_level(frame: pd.DataFrame, name: str) -> Sequence[object]:
    """Return the values of a column, or of the index level with this name."""
    values: list[object] = (
        frame[name].tolist()
        if name in frame.columns
        else frame.index.get_level_values(name).tolist()
    )
    return values


def _names(cell: object, source: object) -> bool:
    """Return whether a cell is the path of this source, possibly relative to a folder."""
    if not isinstance(cell, str | Path) or not isinstance(source, str) or not str(cell):
        return False
    return source == str(cell) or source.endswith(f"/{str(cell).lstrip('/')}")


def relocate(
    frame: pd.DataFrame, old: str | PathLike[str], new: str | PathLike[str]
) -> pd.DataFrame:
    """Change the paths of pictures that have been moved.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.
    old
        Folder, or beginning of a URL, as in `ocr_source`; "" for all relative paths.
    new
        The new folder, or beginning of a URL.

    Returns
    -------
    pandas.DataFrame
        The same rows with a new `ocr_source`; other paths are unchanged.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or none of its pictures is below `old`.

    Examples
    --------
    >>> read = pd.DataFrame({"id": ["001"], "ocr_source": ["cards/2024/a.jpg"]})
    >>> relocate(read, "cards", "/mnt/archive")["ocr_source"].item()
    '/mnt/archive/2024/a.jpg'
    """
    from cvocr_lab.frames.records import Records

    old, new = str(old).rstrip("/"), str(new).rstrip("/")
    moved = 0
    made: list[str | None] = []
    for source in Records(frame).sources:
        where = source_path(source)
        below = where is not None and (
            where == old
            or where.startswith(f"{old}/")
            or (not old and not where.startswith("/") and not _URL.match(where))
        )
        if where is not None and below:
            moved += 1
            rest = where[len(old) :].lstrip("/")
            where = f"{new}/{rest}" if new and rest else new or rest
        made.append(where)
    if not moved and made:
        raise ArgumentError(f"no picture of the frame is below {old!r}: see column 'ocr_source'")
    whole = restore(frame)
    return whole.assign(**{SOURCE: pd.Series(made, index=whole.index, dtype=TEXT)})
