"""Reading and scoring of papers that another hand drew: a folder of pictures and `labels.csv`.

A value counts as exact when it equals the label after `normal`, which forgives only where this
project's own rule differs from the print: dates in words, the Vietnamese part of bilingual values,
units of amounts, the rank and office of a signer.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from rapidfuzz.distance import Levenshtein

from cvocr_lab import images
from cvocr_lab.engines import Engine, Request
from cvocr_lab.engines.local.geometry import overlap
from cvocr_lab.errors import NoDocumentError
from cvocr_lab.results import Document
from cvocr_lab.text import comparison_key

FIELDS = (
    "id", "name", "surname", "given_name", "born", "sex", "quoctich", "nationality",
    "person_number", "dantoc", "tongiao", "country", "place_of_birth", "address", "duedate",
    "dauvet", "date", "noicap", "plate", "issued_at", "engine", "chassis", "brand", "model",
    "color", "capacity", "first_issue_date", "last_issue_date", "pay_load", "sit",
    "year_of_manufacture",
)  # fmt: skip
_DATES = frozenset(("born", "duedate", "date", "first_issue_date", "last_issue_date"))
_OFFICE = re.compile(
    r"^(?:TL\.? |KT\.? )?(?:PHÓ )?(?:CỤC TRƯỞNG|GIÁM ĐỐC|TRƯỞNG PHÒNG) (?=CỤC|CA |CÔNG AN|PHÒNG)"
)


def normal(field: str, value: str | None) -> str:
    """What two equal readings of a field share."""
    text = comparison_key(value or "").upper()
    if field in _DATES and re.search(r"\d", text):
        return "/".join(part.zfill(2) for part in re.findall(r"\d+", text))
    if field in ("sex", "nationality", "quoctich"):
        text = re.split(r" ?/ ?", text)[0]
    if field in ("capacity", "pay_load", "sit"):
        text = re.sub(r"\D", "", re.sub(r"CM ?[3³]", "", text))
    if field in ("plate", "engine", "chassis"):
        text = re.sub(r"[^0-9A-ZĐ]", "", text)
    if field == "name":
        text = re.sub(r"\s*[-–]\s*(19|20)\d\d$", "", text)
    return _OFFICE.sub("", text) if field in ("noicap", "issued_at") else text


@dataclass(frozen=True, slots=True)
class Cell:
    """One labelled value and what was read."""

    file: str
    kind: str
    tier: str
    field: str
    truth: str
    value: str
    confidence: float

    @property
    def exact(self) -> bool:
        """Whether it was read exactly."""
        return self.truth == self.value

    @property
    def edits(self) -> int:
        """Letters to change."""
        return Levenshtein.distance(self.truth, self.value)


@dataclass(frozen=True, slots=True)
class Face:
    """One labelled paper: whether its type was found, and how well its outline fits."""

    file: str
    kind: str
    tier: str
    type_right: bool
    iou: float
    upright: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A folder as read."""

    cells: list[Cell]
    faces: list[Face]
    empty: dict[str, int]
    """Pictures without a paper, and how many papers were found there."""
    cpu_s: float
    pictures: int


def read_folder(folder: Path, engine: Engine, *, part: slice = slice(None)) -> Read:
    """Read the pictures of a folder with `labels.csv` beside them or one folder up."""
    labels = folder / "labels.csv"
    if not labels.exists():
        labels = folder.parent / "labels.csv"
    with labels.open(encoding="utf-8", newline="") as file:
        rows: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    read = Read([], [], {}, 0.0, len(rows))
    spent = 0.0
    names = sorted(rows)[part]
    for name in names:
        image = images.load(folder / name)
        begun = time.process_time()
        try:
            found = list(engine.extract(Request((image,), "id_any")).documents)
        except NoDocumentError:
            found = []
        spent += time.process_time() - begun
        for row in rows[name]:
            if row["tier"] == "none":
                read.empty[name] = len(found)
            else:
                _score(read, row, found)
    return Read(read.cells, read.faces, read.empty, spent, len(names))


def _score(read: Read, row: Mapping[str, str], found: list[Document]) -> None:
    several = row["tier"] == "multi"
    same = [d for d in found if d.type == row["kind"]]
    best: Any = same[0] if same else found[0] if found and not several else None
    iou, upright = 0.0, False
    if best is not None and best.corners is not None:
        iou, upright = outline(best.corners, np.array(row["quad"].split(), float))
    read.faces.append(Face(row["file"], row["kind"], row["tier"], bool(same), iou, upright))
    hidden = row["hidden_fields"].split()
    for field in FIELDS:
        truth = normal(field, row.get(field))
        if not truth or field in hidden:
            continue
        value = best.fields.get(field) if best is not None else None
        read.cells.append(
            Cell(
                row["file"], row["kind"], row["tier"], field, truth,
                normal(field, value.text if value else ""),
                float(value.confidence or 0.0) if value else 0.0,
            )
        )  # fmt: skip


def outline(corners: ArrayLike, truth: ArrayLike) -> tuple[float, bool]:
    """Intersection over union of two quads, and whether the first corner is the true one."""
    found, true = (np.asarray(quad, float).reshape(4, 2) for quad in (corners, truth))
    return overlap(true, found), int(np.argmin(np.hypot(*(found - true[0]).T))) == 0


def exact_share(cells: Iterable[Cell]) -> float:
    """Share of cells read exactly."""
    some = list(cells)
    return sum(cell.exact for cell in some) / max(len(some), 1)


def cer(cells: Iterable[Cell]) -> float:
    """Edits over letters, pooled."""
    some = list(cells)
    return sum(c.edits for c in some) / max(sum(len(c.truth) for c in some), 1)
