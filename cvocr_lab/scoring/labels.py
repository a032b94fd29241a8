"""Truth on disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cvocr_lab.frames.text_tables import read_text_table


def read_labels(path: str | Path) -> pd.DataFrame:
    """Read a table of truths from CSV, every cell as text.

    Commas, semicolons or tabs may part the cells; the text may be UTF-8, UTF-16 or cp1258.
    Numbers keep their leading zeros, and a word such as ``NA`` stays a word; an empty cell is
    the empty string, which means absent.

    Parameters
    ----------
    path
        Such as ``sample_data/labels.csv``.

    Raises
    ------
    ArgumentError
        It is no such file.
    """
    return read_text_table(path)
