"""Where values stand on the picture, as persons corrected it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from cvocr_lab.frames import Record, Records
from cvocr_lab.journal import QUAD, Decision, quad_of, quad_text
from cvocr_lab.results import Quad
from cvocr_lab.views.items import Items


class Boxes:
    """The boxes of the rows under review: those of the engine, and over them those of persons.

    Parameters
    ----------
    records
        The rows.
    items
        The items of the review, whose journal the boxes go to.
    """

    def __init__(self, records: Records, items: Items) -> None:
        self._records, self._items = records, items

    def record(self, row: int) -> Record:
        """Give a row with the boxes that persons drew."""
        record = self._records.record(row)
        face, journal = self._items.face(row), self._items.journal
        moved = {
            field: replace(record.cells[field], quad=quad_of(said.value))
            for field in record.cells
            if (said := journal.at(face, field + QUAD)) and said.reviewed
        }
        cells = MappingProxyType({**record.cells, **moved})
        return replace(record, cells=cells) if moved else record

    def put(self, row: int, field: str, quad: Sequence[float] | None) -> Decision:
        """Put a box on disk; None takes the box away.

        Raises
        ------
        OSError
            The journal cannot be written.
        """
        there = self._records.cell(row, field).quad
        return self._items.journal.decide(
            replace(self._items.face(row), field=field + QUAD),
            "corrected",
            value=quad_text(quad),
            engine=str(self._records.engines[row]),
            engine_value=quad_text(there),
        )

    def give(self, row: int, field: str, other: str) -> Decision | None:
        """Give the box of a field to another one; None where there is no box.

        Raises
        ------
        OSError
            The journal cannot be written.
        """
        cell = self.record(row).cells.get(field)
        if cell is None or cell.quad is None:
            return None
        self.put(row, other, cell.quad)
        return self.put(row, field, None)


def quad_said(said: object) -> Quad | None:
    """Take a quad out of a message of the page; None for anything else."""
    if not isinstance(said, list) or len(said) != 8:
        return None
    return quad_of(" ".join(map(str, said)))
