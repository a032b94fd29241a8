"""Flat frames on disk: Parquet or CSV by the file's name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames.columns import restore


def write_frame(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a flat frame without its index, to ``.parquet`` or ``.csv`` (UTF-8).

    Raises
    ------
    ArgumentError
        The name ends otherwise.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".parquet":
            frame.to_parquet(path, index=False)
        case ".csv":
            frame.to_csv(path, index=False)
        case other:
            raise ArgumentError(f"cannot write {other or 'a bare name'}: .parquet or .csv")


def read_frame(path: str | Path) -> pd.DataFrame:
    """Read a flat frame from ``.parquet`` or ``.csv``, dtypes and quads restored.

    In a CSV a first column without a name is the index, as `pandas.DataFrame.to_csv` writes it.

    Raises
    ------
    ArgumentError
        The name ends otherwise, or the file holds no flat frame.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".parquet":
            return restore(pd.read_parquet(path))
        case ".csv":
            header = pd.read_csv(path, nrows=0).columns
            unnamed = str(header[0]).startswith("Unnamed: 0")
            # As text throughout: an ID number must keep its leading zeros.
            frame = pd.read_csv(
                path,
                dtype=dict.fromkeys(header[1:] if unnamed else header, str),
                index_col=0 if unnamed else None,
                keep_default_na=False,
                na_values=[""],
            )
            return restore(frame)
        case other:
            raise ArgumentError(f"cannot read {other or 'a bare name'}: .parquet or .csv")
