"""Journals on disk: append-only, one decision a line, on disk before the call returns."""

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

from cvocr_lab.errors import ArgumentError, outside, unknown
from cvocr_lab.frames import Records
from cvocr_lab.journal.checks import complaint
from cvocr_lab.journal.decision import Decision, Item, State
from cvocr_lab.journal.disk import Lines, append, read
from cvocr_lab.journal.fold import (
    Place,
    Standing,
    digests,
    grouped,
    namer,
    place_of,
    settle,
    standing,
    unique,
)
from cvocr_lab.journal.items import frame_items
from cvocr_lab.kinds import field_order
from cvocr_lab.text import nfc

_WITH_VALUE = frozenset({"prefilled", "confirmed", "corrected"})


class JournalWarning(UserWarning):
    """Something in a journal could not be used; the rest was."""


class Journal:
    """A journal of review decisions, open for reading and appending.

    Several processes and persons may append to one file at a time; `refresh` brings in what the
    others wrote.  A decision is on disk (fsync) when `decide` returns.

    Parameters
    ----------
    path
        The file, ``.jsonl`` by custom; made, readable by you alone, with the first decision.
    who
        Whose decisions are appended; None for the login name.

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
        self._read = Lines()
        self._garbled: tuple[int, ...] = ()
        self._by_id: dict[str, Decision] = {}
        self._there: dict[Place, list[Decision]] = {}
        self._standings: dict[Place, Standing] = {}
        self._found: dict[str, tuple[str, ...]] = {}
        self._name = namer(self._found)
        self.refresh()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision read or made so far, undone ones and undoings too, by time."""
        return tuple(unique(self._by_id.values()))

    @property
    def standings(self) -> Mapping[Place, Standing]:
        """Where each item stands; see `cvocr_lab.journal.fold`."""
        return MappingProxyType(self._standings)

    @property
    def garbled(self) -> tuple[int, ...]:
        """Numbers of the lines, from 1, that are no decision and were passed over."""
        return self._garbled

    def at(self, item: Item, field: str = "") -> Standing | None:
        """Where this item, or `field` on its face, stands; None where no decision stands."""
        return self._standings.get(place_of(item, self._name, field))

    def refresh(self) -> int:
        """Read what was appended since, by others too, and tell how many decisions it were.

        A line cut off at the end is still being written, or was never finished: it is not read.
        Others that are no decision are passed over; a `JournalWarning` gives their numbers.
        """
        self._read = read(self.path, self._read)
        warn_of_garbled(self.path, self._read.garbled)
        self._garbled += self._read.garbled
        new = [d for d in self._read.decisions if d.id not in self._by_id]
        if new:
            self._by_id |= {d.id: d for d in new}
            self._fold()
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
            What it is about.
        state
            Where it stands now.
        value
            With ``corrected`` and ``prefilled``: the value as printed; None or "" for absent.
            With ``confirmed``: left out, it is `engine_value`.
        engine, engine_value, seconds, note, doubt, chance
            See `Decision`.

        Raises
        ------
        ArgumentError
            The state takes no value, or `chance` is no chance.
        OSError
            It cannot be written; the journal is as it was before.
        """
        if state == "confirmed" and value is None:
            value = engine_value
        if value is not None and state not in _WITH_VALUE:
            raise ArgumentError(f"{state!r} takes no value")
        if not item.field:
            raise ArgumentError("the item names no field")
        if chance is not None and not 0 <= chance <= 1:
            raise ArgumentError(f"chance is a number from 0 to 1, not {chance}")
        if seconds is not None and not 0 <= seconds < math.inf:
            raise ArgumentError(f"seconds is a time, not {seconds}")
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
        """Say that what an engine read is right: every value of these fields, in every row.

        Absent values are passed over, and so is what somebody has decided before.

        Parameters
        ----------
        frame
            A flat frame, or some of its rows.
        fields
            A field or several; None for all.

        Returns
        -------
        list of Decision
            One for each value that is confirmed by this.

        Raises
        ------
        ArgumentError
            `frame` is no flat frame, or has no such field.
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
        wanted = [fields] if isinstance(fields, str) else list(fields or records.fields)
        made = []
        for field in wanted:
            if field not in records.fields:
                raise unknown("field", field, records.fields)
        for row, item in enumerate(frame_items(records)):
            for field in wanted:
                value = str(records.texts(field).iat[row])
                there = self.at(item, field)
                if value and not (there and there.reviewed):
                    decided = replace(item, field=field)
                    engine = str(records.engines[row])
                    made.append(
                        self.decide(decided, "confirmed", engine=engine, engine_value=value)
                    )
        return made

    def correct(
        self, row: pd.Series | pd.DataFrame, field: str, value: object, *, nth: int = 1
    ) -> Decision:
        """Say what stands on the paper of one row in one field.

        Parameters
        ----------
        row
            A row of a flat frame, as ``frame.iloc[3]``.
        field
            The field.
        value
            The value as printed; None, NaN or "" where the paper has none.
        nth
            Which of several papers of one side in one picture the row is, from 1.

        Returns
        -------
        Decision
            ``confirmed`` where the engine read just that, else ``corrected``.  Its `doubt` says
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
            raise ArgumentError(f"give one row, such as frame.iloc[3], not {len(records)}")
        known = [*records.fields, *field_order()]
        if field not in known:
            raise unknown("field", field, known)
        item = replace(frame_items(records)[0], field=field, nth=nth)
        said = nfc(str(value)).strip() if isinstance(value, str) else ""
        read_as = str(records.texts(field).iat[0])
        state: State = "confirmed" if said == read_as else "corrected"
        return self.decide(
            item,
            state,
            value=said,
            engine=str(records.engines[0]),
            engine_value=read_as,
            doubt=complaint(field, records.cell(0, field).form, said),
        )

    def undo(self, decision: str | None = None) -> Decision | None:
        """Take a decision back, by another; undoing an undoing brings the first one back.

        Parameters
        ----------
        decision
            Its id; None for your last one that stands, of this session or an earlier one.

        Returns
        -------
        Decision or None
            The undoing; None when there is nothing to undo.

        Raises
        ------
        ArgumentError
            There is no such decision.
        """
        if decision is None:
            own = [d for d in standing(self.decisions) if d.who == self.who]
            target = own[-1] if own else None
        elif (target := self._by_id.get(decision)) is None:
            raise ArgumentError(f"no decision has the id {decision!r}")
        if target is None:
            return None
        return self._append(Decision(target.item, "untouched", who=self.who, undoes=target.id))

    def _append(self, decision: Decision) -> Decision:
        decision = append(self.path, decision)
        self._by_id[decision.id] = decision
        self._note_picture(decision.item)
        # The time of an appended line is the latest there is, so it comes last of its place.
        place = place_of(decision.item, self._name)
        self._there.setdefault(place, []).append(decision)
        self._settle(place)
        return decision

    def _fold(self) -> None:
        """Fold all decisions anew."""
        ordered = unique(self._by_id.values())
        self._found = digests(ordered)
        self._name = namer(self._found)
        self._there = grouped(ordered, self._name)
        self._standings = {}
        for place in self._there:
            self._settle(place)

    def _settle(self, place: Place) -> None:
        found = settle(self._there[place])
        if found is None:
            self._standings.pop(place, None)
        else:
            self._standings[place] = found

    def _note_picture(self, item: Item) -> None:
        """Note which picture lies under the item's path; decisions by path may now mean it."""
        source, known = item.source, self._found.get(item.source, ())
        if not (source and item.sha256) or item.sha256 in known:
            return
        self._found[source] = tuple(sorted((*known, item.sha256)))
        inputs = {("source", source), *(("sha256", digest) for digest in self._found[source])}
        moved: list[Decision] = []
        for place in [place for place in self._there if place[0] in inputs]:
            moved += self._there.pop(place)
            self._standings.pop(place, None)
        for place, there in grouped(unique(moved), self._name).items():
            self._there[place] = there
            self._settle(place)


def warn_of_garbled(path: Path, garbled: Sequence[int]) -> None:
    """Warn of lines that were passed over."""
    if garbled:
        numbers = ", ".join(map(str, garbled))
        text = f"{path}: no decision in line {numbers}; passed over"
        warnings.warn(text, JournalWarning, stacklevel=outside())
