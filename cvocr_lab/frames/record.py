"""`Record`: one row of a flat frame, that is, one face of a paper with its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cvocr_lab.kinds import TYPES, Field
from cvocr_lab.results import Quad


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one field of a row; None for what is absent or unknown.

    `spec` is the field in the row's document type; None if the type has no such field.
    """

    field: str
    text: str | None = None
    confidence: float | None = None
    quad: Quad | None = None
    spec: Field | None = None

    @property
    def caption(self) -> str:
        """The printed caption of the field; "" if the paper prints none."""
        return self.spec.vi[0] if self.spec and self.spec.vi else ""

    @property
    def english(self) -> str:
        """The English caption of the field; "" if the paper prints none."""
        return self.spec.en[0] if self.spec and self.spec.en else ""

    @property
    def form(self) -> str:
        """Name of the field type; "" if the document type has no such field."""
        return self.spec.type.name if self.spec else ""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one face of a paper, or a failure; absent texts are "".

    `row` is its position in the frame, and `label` its index label; `source` is the path or URL of
    the picture of the face, or the picture itself; `cells` has the fields of the type, in order,
    followed by other fields that were read.
    """

    row: int
    label: object
    source: object
    type: str
    side: str
    page: int
    engine: str
    error: str
    warnings: tuple[str, ...]
    corners: Quad | None
    cells: Mapping[str, Cell]

    @property
    def title(self) -> str:
        """The name of the document type for people."""
        return TYPES[self.type].title if self.type in TYPES else self.type

    @property
    def quads(self) -> dict[str, Quad]:
        """The quads of the values by field."""
        return {name: cell.quad for name, cell in self.cells.items() if cell.quad is not None}

    @property
    def name(self) -> str:
        """Path or URL of the picture; "" for pictures in memory."""
        return str(self.source) if isinstance(self.source, str | Path) else ""
