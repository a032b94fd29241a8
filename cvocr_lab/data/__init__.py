"""Package data: tables (``*.csv``) and recogniser models; SOURCES.md says where each came from."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of the table `name`, e.g. ``"provinces.csv"``, read once; treat them as read-only.

    Every value is a string, empty when the table leaves it so.  Raises FileNotFoundError for a
    table that is not there.
    """
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
