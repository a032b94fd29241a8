"""Hugging Face ``imagefolder``: a folder of pictures with a table of their contents.

Source: huggingface.co/docs/datasets, *Create an image dataset*: ``metadata.jsonl`` or
``metadata.csv`` with a column ``file_name``, or several ``…_file_name``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.exchange.papers import bare_name, inside
from cvocr_lab.files import replacing, replacing_text
from cvocr_lab.frames import READING_COLUMNS, TEXT, Records, read_labels, restore, wide
from cvocr_lab.frames.columns import fields_of
from cvocr_lab.frames.files import with_clean_dtypes
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.images import digest, on_disk

_META = {"jsonl": "metadata.jsonl", "csv": "metadata.csv"}


def to_image_folder(
    frame: pd.DataFrame,
    folder: str | PathLike[str],
    *,
    pictures: Literal["copy", "link"] = "copy",
    metadata: Literal["jsonl", "csv"] = "jsonl",
) -> None:
    """Write a flat frame as a folder that ``load_dataset("imagefolder", data_dir=…)`` reads.

    The table has one row per input.  If an input has several faces, the columns are those of
    `cvocr_lab.frames.wide`: ``front_id``, ``back_date``.  Each picture is stored once, with its
    own file name (numbered if two pictures have the same name).

    Parameters
    ----------
    frame
        A flat frame.
    folder
        The target folder, which is created if needed.  It must not contain metadata yet.
    pictures
        ``"copy"``, or ``"link"`` for symbolic links.
    metadata
        Format of the table; JSON lines keep quads as lists of numbers.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, a picture is not a file, or `folder` already contains metadata.
    """
    if pictures not in ("copy", "link"):
        raise ArgumentError(f"pictures must be 'copy' or 'link', not {pictures!r}")
    if metadata not in _META:
        raise ArgumentError(f"metadata must be 'jsonl' or 'csv', not {metadata!r}")
    refuse_numbers(frame, fields_of(frame))
    frame = restore(frame)
    records = Records(frame)
    columns = records.source_columns or ["image"]
    sources = list(zip(*map(records.pictures, records.firsts.tolist()), strict=True))
    table = frame if len(records.firsts) == len(frame) else wide(frame)
    table = table.drop(columns=[c for c in table.columns if str(c).endswith("ocr_source")])
    target = Path(folder)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any((target / name).exists() for name in _META.values()):
        raise ArgumentError(f"{target} already contains metadata: pass a new folder")
    names = _names([str(source) for taken in sources for source in taken])
    for source, name in names.items():
        here = on_disk(Path(source))
        if pictures == "link":
            (target / name).symlink_to(here.resolve())
        else:
            with replacing(target / name) as temporary:
                shutil.copyfile(here, temporary)
    files = {c: "file_name" if len(columns) == 1 else f"{c}_file_name" for c in columns}
    named = {c: [names[str(s)] for s in taken] for c, taken in zip(columns, sources, strict=True)}
    out = table.assign(**named).rename(columns=files)
    out = out[[*files.values(), *(c for c in out.columns if c not in files.values())]]
    with replacing_text(target / _META[metadata]) as file:
        if metadata == "csv":
            out.to_csv(file, index=False)
        else:
            for row in out.astype(object).where(out.notna(), None).to_dict("records"):
                file.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")


def from_image_folder(
    folder: str | PathLike[str], *, column: str = "image", outside: bool = False
) -> pd.DataFrame:
    """Read the table of an ``imagefolder``, with the paths of its pictures in the first column.

    A table from `to_image_folder` with one face per input becomes a flat frame again; any other
    table is returned as it is, with texts as texts.  Paths are relative to the current folder.

    Parameters
    ----------
    folder
        The folder with ``metadata.jsonl`` or ``metadata.csv``.
    column
        Name of the column of paths.  Several columns keep their names: ``front`` for
        ``front_file_name``.
    outside
        Whether pictures outside the folder are allowed: absolute paths, ``..``.

    Raises
    ------
    ArgumentError
        There is no such table, or it has no column of file names.
    """
    target = Path(folder)
    if (target / _META["jsonl"]).is_file():
        table = _jsonl(target / _META["jsonl"])
    elif (target / _META["csv"]).is_file():
        table = read_labels(target / _META["csv"], na_values=[""])
    else:
        raise ArgumentError(f"{target} contains neither metadata.jsonl nor metadata.csv")
    files = {c: c.removesuffix("_file_name") for c in table.columns if c.endswith("_file_name")}
    if "file_name" in table:
        files["file_name"] = column
    if not files:
        raise ArgumentError(f"the table in {target} has no column file_name")
    for name in (str(name) for c in files for name in table[c]):
        inside(name, target / _META["csv"], outside=outside)
    paths = {c: [str(target / PurePosixPath(str(name))) for name in table[c]] for c in files}
    table = table.assign(**paths).rename(columns=files)
    if not set(READING_COLUMNS[1:]) <= set(table.columns):
        return table
    frame = with_clean_dtypes(restore(table))
    return frame.assign(ocr_source=frame[column].astype(TEXT)) if column in frame else frame


def _jsonl(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        if not all(isinstance(row, dict) for row in rows):
            raise TypeError
        for row in rows:
            json.dumps(row, ensure_ascii=False).encode()  # no lone surrogates
        return pd.DataFrame(rows, dtype=object)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ArgumentError(f"{path} is not a file of JSON lines") from None


def _plain(value: object) -> object:
    """Convert a value of the caller's columns to JSON: dates, paths, numpy numbers."""
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else str(value)


def _names(sources: Sequence[str]) -> dict[str, str]:
    """Return a unique file name for each picture."""
    names: dict[str, str] = {}
    taken: set[str] = set(_META.values())
    for source in dict.fromkeys(sources):
        path = Path(source)
        try:
            digest(on_disk(path))
        except (OSError, ValueError):
            told = f"{source} is not a file; an imagefolder can only contain files"
            raise ArgumentError(told) from None
        except ImageError as error:
            raise ArgumentError(f"{source} is not copied: {error}") from None
        name, number = bare_name(source), 1
        # On some systems, names that differ only in case are the same file.
        while name.lower() in taken:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        taken.add(name.lower())
        names[source] = name
    return names
