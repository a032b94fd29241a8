"""Hugging Face ``imagefolder``: pictures, and beside them a table of what they show.

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
from cvocr_lab.frames import READING_COLUMNS, TEXT, Records, restore, wide
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

    One row for each input.  Where an input has several faces, the columns are those of
    `cvocr_lab.frames.wide`: ``front_id``, ``back_date``.  Each picture stands there once, under
    its own name (numbered where two have the same).

    Parameters
    ----------
    frame
        A flat frame.
    folder
        Where to; made where it is not there.  It must hold no metadata yet.
    pictures
        ``"copy"``, or ``"link"`` for symbolic links.
    metadata
        Format of the table; JSON lines keep places as lists of numbers.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, a picture is no file, or `folder` holds metadata already.
    """
    if pictures not in ("copy", "link"):
        raise ArgumentError(f"pictures is 'copy' or 'link', not {pictures!r}")
    if metadata not in _META:
        raise ArgumentError(f"metadata is 'jsonl' or 'csv', not {metadata!r}")
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
        raise ArgumentError(f"{target} holds metadata already; give a new folder")
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
    out = table.assign(**named)
    out = out.rename(columns=files)
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
    """Read the table of an ``imagefolder``, the paths of its pictures first.

    A table that `to_image_folder` wrote of inputs with one face is a flat frame again; any other
    comes as it stands, texts as texts.  Paths lead to the pictures from where you are.

    Parameters
    ----------
    folder
        The folder that holds ``metadata.jsonl`` or ``metadata.csv``.
    column
        What to call the column of paths; several keep their names, ``front`` for
        ``front_file_name``.
    outside
        Whether pictures outside the folder are allowed: absolute paths, ``..``.

    Raises
    ------
    ArgumentError
        There is no such table, or it names no files.
    """
    target = Path(folder)
    if (target / _META["jsonl"]).is_file():
        table = _jsonl(target / _META["jsonl"])
    elif (target / _META["csv"]).is_file():
        try:
            table = pd.read_csv(
                target / _META["csv"], dtype=str, keep_default_na=False, na_values=[""]
            )
        except ValueError as error:
            raise ArgumentError(
                f"{target / _META['csv']} is no CSV in UTF-8 ({type(error).__name__})"
            ) from None
    else:
        raise ArgumentError(f"{target} holds neither metadata.jsonl nor metadata.csv")
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
        table = pd.DataFrame(rows, dtype=object)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ArgumentError(f"{path} is no file of JSON lines") from None
    return table


def _plain(value: object) -> object:
    """Make JSON of what a column beside the reading may hold: days, paths, numbers of numpy."""
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else str(value)


def _names(sources: Sequence[str]) -> dict[str, str]:
    """Give each picture a name of its own in one folder."""
    names: dict[str, str] = {}
    taken: set[str] = set(_META.values())
    for source in dict.fromkeys(sources):
        path = Path(source)
        try:
            digest(on_disk(path))
        except (OSError, ValueError):
            told = f"{source} is no file; an imagefolder holds pictures of files only"
            raise ArgumentError(told) from None
        except ImageError as error:
            raise ArgumentError(f"{source} is not copied: {error}") from None
        name, number = bare_name(source), 1
        # Names that differ in case only are one file on some systems.
        while name.lower() in taken:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        taken.add(name.lower())
        names[source] = name
    return names
