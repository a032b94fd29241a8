"""What one row of a flat frame says: one face of one paper, and its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cvocr_lab.kinds import TYPES, Field
from cvocr_lab.results import Quad


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one field of a row.

    Parameters
    ----------
    field
        Its name.
    text
        As read; None for absent.
    confidence, quad
        None when unknown.
    spec
        What the row's document type says of the field; None where the type has no such field.
    """

    field: str
    text: str | None = None
    confidence: float | None = None
    quad: Quad | None = None
    spec: Field | None = None

    @property
    def caption(self) -> str:
        """The field's printed caption; "" where the paper prints none."""
        return self.spec.vi[0] if self.spec and self.spec.vi else ""

    @property
    def english(self) -> str:
        """The field's English caption; "" where the paper prints none."""
        return self.spec.en[0] if self.spec and self.spec.en else ""

    @property
    def form(self) -> str:
        """Name of the field's type, "" where the document type has no such field."""
        return self.spec.type.name if self.spec else ""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one face of one paper, or a failure.

    Parameters
    ----------
    row
        Position in the frame.
    label
        Of the index.
    source
        Path or URL of the picture that the face stands in, or the picture itself.
    type, side, page
        The face.
    engine, error
        "" when unknown, or when there is none.
    warnings
        Codes.
    corners
        Of the paper.
    cells
        The fields that the type has, in order, then others that were read.
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
        """What a person calls the paper."""
        return TYPES[self.type].title if self.type in TYPES else self.type

    @property
    def quads(self) -> dict[str, Quad]:
        """Where the values stand, by field."""
        return {name: cell.quad for name, cell in self.cells.items() if cell.quad is not None}

    @property
    def name(self) -> str:
        """Path or URL of the picture; "" for pictures in memory."""
        return str(self.source) if isinstance(self.source, str | Path) else ""
