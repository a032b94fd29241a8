"""The boxes of values on the picture, as corrected by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from cvocr_lab.frames import Record, Records
from cvocr_lab.journal import QUAD, Decision, quad_of, quad_text
from cvocr_lab.results import Quad
from cvocr_lab.views.review_items import Items


class Boxes:
    """The boxes of the rows under review; corrections replace the boxes of the engine."""

    def __init__(self, records: Records, items: Items) -> None:
        self._records, self._items = records, items

    def record(self, row: int) -> Record:
        """Return a row with the corrected boxes."""
        record = self._records.record(row)
        face, journal = self._items.face(row), self._items.journal
        moved = {
            field: replace(record.cells[field], quad=quad_of(standing.value))
            for field in record.cells
            if (standing := journal.at(face, field + QUAD)) and standing.reviewed
        }
        cells = MappingProxyType({**record.cells, **moved})
        return replace(record, cells=cells) if moved else record

    def put(self, row: int, field: str, quad: Sequence[float] | None) -> Decision:
        """Write a box to the journal; None removes the box."""
        there = self._records.cell(row, field).quad
        return self._items.journal.decide(
            replace(self._items.face(row), field=field + QUAD),
            "corrected",
            value=quad_text(quad),
            engine=str(self._records.engines[row]),
            engine_value=quad_text(there),
        )

    def give(self, row: int, field: str, other: str) -> Decision | None:
        """Move the box of a field to another field; return None if there is no box."""
        cell = self.record(row).cells.get(field)
        if cell is None or cell.quad is None:
            return None
        self.put(row, other, cell.quad)
        return self.put(row, field, None)


def quad_from_message(value: object) -> Quad | None:
    """Return the quad that the page sent; None for anything else."""
    if not isinstance(value, list) or len(value) != 8:
        return None
    return quad_of(" ".join(map(str, value)))
