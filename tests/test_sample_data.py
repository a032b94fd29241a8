from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from make_samples import samples
from PIL import Image

from cvocr_lab.kinds import TYPES

FOLDER = Path(__file__).parent.parent / "sample_data"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (FOLDER / "labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_table_and_folder_hold_the_same(rows: list[dict[str, str]]) -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"labels.csv"}
    assert {row["image"] for row in rows} == files
    assert {row["type"] for row in rows} == {*TYPES, ""}
    assert sum((FOLDER / name).stat().st_size for name in files) < 12_000_000


def test_values_are_of_their_types(rows: list[dict[str, str]]) -> None:
    for row in rows:
        if kind := TYPES.get(row["type"]):
            for field in kind.fields:
                if value := row.get(field.name):
                    assert field.type.accepts(value), (row["image"], field.name)


def test_made_again_alike(rows: list[dict[str, str]]) -> None:
    for name, sample in islice(samples(), 2):
        labels = next(row for row in rows if row["image"] == name)
        fields = sample.truths[0].fields
        assert {k: v for k, v in labels.items() if v and k in fields} == dict(fields)
        stored = np.asarray(Image.open(FOLDER / name).convert("RGB"), np.float32)
        # JPEG, and letters drawn by another FreeType, may differ a little.
        assert np.abs(stored - sample.image).mean() < 6
