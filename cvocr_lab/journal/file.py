"""`Journal`: a file of decisions, one per line, to which decisions are appended."""

from __future__ import annotations

import getpass
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from cvocr_lab.errors import ArgumentError, caller_stacklevel, unknown
from cvocr_lab.frames import Records, listed
from cvocr_lab.journal.append_only import JournalLines, append, read
from cvocr_lab.journal.decision import Decision, Item, State
from cvocr_lab.journal.fold import ItemKey, Ledger, Standing, not_undone, unique
from cvocr_lab.journal.items import check_value, frame_items
from cvocr_lab.kinds import field_order
from cvocr_lab.text import nfc

_WITH_VALUE = frozenset({"prefilled", "confirmed", "corrected"})


class JournalWarning(UserWarning):
    """A part of a journal could not be used."""


class Journal:
    """A journal of review decisions, open for reading and appending.

    Several processes and people may append to one file at the same time; `refresh` reads the
    decisions of others.  A decision is on disk (fsync) when `decide` returns.

    Parameters
    ----------
    path
        The file, usually ``.jsonl``; created with mode 0600 by the first decision.
    who
        The author of the decisions; None for the login name.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     journal = Journal(f"{folder}/review.jsonl", who="an")
    ...     name = Item(source="a.jpg", type="tcc_chip", side="front", field="name")
    ...     _ = journal.decide(name, "corrected", value="TRẦN ÂN", engine_value="TRẦN AN")
    ...     [(s.state, s.value) for s in journal.standings.values()]
    [('corrected', 'TRẦN ÂN')]
    """

    def __init__(self, path: str | PathLike[str], *, who: str | None = None) -> None:
        self.path = Path(path)
        self.who = getpass.getuser() if who is None else who
        self._read = JournalLines()
        self._invalid_lines: tuple[int, ...] = ()
        self._ledger = Ledger()
        self.refresh()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions so far in order of time, including undone and undoing ones."""
        return tuple(unique(self._ledger.by_id.values()))

    @property
    def standings(self) -> Mapping[ItemKey, Standing]:
        """The state of each item; see `cvocr_lab.journal.fold`."""
        return MappingProxyType(self._ledger.standings)

    @property
    def invalid_lines(self) -> tuple[int, ...]:
        """Numbers, from 1, of lines that were ignored because they are not decisions."""
        return self._invalid_lines

    def at(self, item: Item, field: str = "") -> Standing | None:
        """Return the state of an item, or of `field` on its face; None without a decision."""
        return self._ledger.at(item, field)

    def refresh(self) -> int:
        """Read the lines that were appended, also by others; return the number of new decisions.

        An incomplete line at the end is ignored, since it may still be being written.  Other lines
        that are not decisions are ignored with a `JournalWarning`.
        """
        self._read = read(self.path, self._read)
        warn_of_invalid_lines(self.path, self._read.invalid_lines)
        self._invalid_lines += self._read.invalid_lines
        known = self._ledger.by_id
        new = [d for d in self._read.decisions if d.id not in known]
        if new:
            self._ledger = Ledger([*known.values(), *new])
        return len(new)

    def decide(
        self,
        item: Item,
        state: State,
        *,
        value: str | None = None,
        engine: str = "",
        engine_value: str | None = None,
        seconds: float | None = None,
        note: str = "",
        doubt: str = "",
        chance: float | None = None,
    ) -> Decision:
        """Append a decision; it is on disk when this returns.

        Parameters
        ----------
        item
            The subject of the decision.
        state
            The new state of the item.
        value
            With ``corrected`` and ``prefilled``, the value as printed; None or "" if absent.  With
            ``confirmed``, None means `engine_value`.
        engine, engine_value, seconds, note, doubt, chance
            See `Decision`.

        Raises
        ------
        ArgumentError
            The state has no value, or a number is out of range.
        OSError
            The journal cannot be written, and is unchanged.
        """
        if state == "confirmed" and value is None:
            value = engine_value
        if value is not None and state not in _WITH_VALUE:
            raise ArgumentError(f"a decision {state!r} has no value")
        if not item.field:
            raise ArgumentError("the item has no field")
        if chance is not None and not 0 <= chance <= 1:
            raise ArgumentError(f"chance must be from 0 to 1, not {chance}")
        if seconds is not None and not 0 <= seconds < math.inf:
            raise ArgumentError(f"seconds must be 0 or more, not {seconds}")
        seen = self.at(item)
        return self._append(
            Decision(
                item,
                state,
                nfc(value or "") or None,
                who=self.who,
                engine=engine,
                engine_value=nfc(engine_value or "") or None,
                seconds=seconds,
                note=note,
                doubt=doubt,
                chance=chance,
                replaces=tuple(d.id for d in seen.decisions) if seen else (),
            )
        )

    def confirm(
        self, frame: pd.DataFrame, fields: str | Sequence[str] | None = None
    ) -> list[Decision]:
        """Confirm all values of these fields in all rows of a frame.

        Absent values and items that have been decided before are skipped.

        Parameters
        ----------
        frame
            A flat frame, or some of its rows.
        fields
            One or several fields; None for all.

        Returns
        -------
        list of Decision
            One decision per confirmed value.

        Raises
        ------
        ArgumentError
            `frame` is not a flat frame, or has no such field.
        OSError
            The journal cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> read = pd.DataFrame({"image": ["a.jpg"], "ocr_type": ["tcc_chip"], "id": ["001"]})
        >>> with TemporaryDirectory() as folder:
        ...     journal = Journal(f"{folder}/review.jsonl")
        ...     [decision.value for decision in journal.confirm(read, "id")]
        ['001']
        """
        records = Records(frame)
        wanted = listed(fields or records.fields)
        made = []
        for field in wanted:
            if field not in records.fields:
                raise unknown("field", field, records.fields)
        for row, item in enumerate(frame_items(records)):
            for field in wanted:
                value, there = str(records.texts(field).iat[row]), self.at(item, field)
                if value and not (there and there.reviewed):
                    engine, subject = str(records.engines[row]), replace(item, field=field)
                    made.append(
                        self.decide(subject, "confirmed", engine=engine, engine_value=value)
                    )
        return made

    def correct(
        self, row: pd.Series | pd.DataFrame, field: str, value: object, *, nth: int = 1
    ) -> Decision:
        """Set the value of one field in one row.

        Parameters
        ----------
        row
            A row of a flat frame, as ``frame.iloc[3]``.
        field
            The field.
        value
            The value as printed; None, NaN or "" if the paper has none.
        nth
            Number of the row among several papers with the same side in one picture, from 1.

        Returns
        -------
        Decision
            ``confirmed`` if the engine read the same value, else ``corrected``.  Its `doubt` says
            what is wrong with the form of a value such as ``31/02/2009``.

        Raises
        ------
        ArgumentError
            `row` is not one row of a flat frame, or there is no such field.
        OSError
            The journal cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> from cvocr_lab.journal import apply
        >>> read = pd.DataFrame({"image": ["a.jpg"], "ocr_type": ["tcc_chip"], "name": ["AN"]})
        >>> with TemporaryDirectory() as folder:
        ...     journal = Journal(f"{folder}/review.jsonl")
        ...     decision = journal.correct(read.iloc[0], "name", "ÂN")
        ...     apply(read, journal)["name"].tolist()
        ['ÂN']
        """
        frame = row.to_frame().T if isinstance(row, pd.Series) else row
        records = Records(frame)
        if len(records) != 1:
            raise ArgumentError(f"pass one row, such as frame.iloc[3], not {len(records)} rows")
        known = [*records.fields, *field_order()]
        if field not in known:
            raise unknown("field", field, known)
        item = replace(frame_items(records)[0], field=field, nth=nth)
        text = nfc(str(value)).strip() if isinstance(value, str) else ""
        read_as = str(records.texts(field).iat[0])
        state: State = "confirmed" if text == read_as else "corrected"
        return self.decide(
            item,
            state,
            value=text,
            engine=str(records.engines[0]),
            engine_value=read_as,
            doubt=check_value(field, records.cell(0, field).form, text),
        )

    def undo(self, decision: str | None = None) -> Decision | None:
        """Undo a decision by appending another one, which can be undone as well.

        Parameters
        ----------
        decision
            Id of the decision; None for your latest decision that has not been undone, in this or
            an earlier session.

        Returns
        -------
        Decision or None
            The appended decision; None if there is nothing to undo.

        Raises
        ------
        ArgumentError
            There is no such decision.
        """
        if decision is None:
            own = [d for d in not_undone(self.decisions) if d.who == self.who]
            target = own[-1] if own else None
        elif (target := self._ledger.by_id.get(decision)) is None:
            raise ArgumentError(f"there is no decision with the id {decision!r}")
        if target is None:
            return None
        return self._append(Decision(target.item, "untouched", who=self.who, undoes=target.id))

    def _append(self, decision: Decision) -> Decision:
        decision = append(self.path, decision)
        self._ledger.add(decision)
        return decision


def warn_of_invalid_lines(path: Path, invalid_lines: Sequence[int]) -> None:
    """Warn about lines that were ignored."""
    if invalid_lines:
        numbers = ", ".join(map(str, invalid_lines))
        text = f"{path}: ignored line {numbers}, which is not a decision"
        warnings.warn(text, JournalWarning, stacklevel=caller_stacklevel())
