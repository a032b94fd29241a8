"""What the rules of `check` look at: the values and facts of each row, as arrays.

Equal values are parsed once; every array has one entry per row, "" for absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property, lru_cache
from typing import Final, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvocr_lab import mrz, qr
from cvocr_lab.cleaning.rules import Mask, Texts
from cvocr_lab.dates import is_no_end, parse_date
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import UNREADABLE, Records
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.kinds import TYPES, DocumentType, field_order
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.proofs import Fact, Facts, fact_of, mrz_facts, qr_facts
from cvocr_lab.text import fold_key

Source = Literal["print", "qr", "mrz"]
Positions = NDArray[np.int64]
T = TypeVar("T", bound=Hashable)
P = TypeVar("P")

NO_END: Final = t.EXPIRY_DATE.words


def mapped(values: Texts, change: Callable[[str], T]) -> NDArray[np.object_]:
    """Apply `change` to every value, once for equal values."""
    codes, unique = pd.factorize(values)
    table = np.empty(len(unique), dtype=object)
    table[:] = [change(value) for value in unique]
    return table[codes] if len(unique) else np.empty(len(values), dtype=object)


def where(values: Texts, claim: Callable[[str], bool]) -> Mask:
    """Return for each value whether the claim holds; equal values are tested once."""
    return mapped(values, claim).astype(bool)


def folded(text: str) -> str:
    """Return `text` without marks, case and punctuation, with single spaces."""
    return " ".join(filter(None, (fold_key(word).replace(" ", "") for word in text.split())))


def is_day(days: Texts) -> Mask:
    """Return which values are complete ISO dates."""
    return where(days, lambda day: len(day) == 10)


class RuleInput:
    """The rows of a frame, each one side of a paper.

    `frame` is a flat frame, or a truth with `type` (and `side`) and a column per field; the column
    `on` says which rows are of one paper, None for the index.

    Raises ArgumentError if no column says the type, `on` is missing, or a field's column contains
    numbers.
    """

    def __init__(self, frame: pd.DataFrame, *, on: str | None = None) -> None:
        self._frame = frame
        self._records = Records(frame)
        self._texts: dict[str, Texts] = {}
        self._proven: dict[tuple[str, str], Texts] = {}
        self._known: dict[tuple[str, bool], Texts] = {}
        about = next((c for c in ("ocr_type", "type") if c in frame), None)
        if about is None:
            raise ArgumentError("no column 'ocr_type' or 'type' says what paper each row is")
        refuse_numbers(frame, field_order())
        self.type_column = about
        self.types = self._records.types
        self.labels, names = pd.factorize(self._records.labels(on))
        self._names: Sequence[object] = list(names)

    def __len__(self) -> int:
        return len(self._frame)

    def label(self, at: int) -> object:
        """Return the label of the row at that position."""
        return self._names[self.labels[at]] if self.labels[at] >= 0 else None

    def texts(self, field: str) -> Texts:
        """Return the values of a field as read."""
        if field not in self._texts:
            values = self._records.texts(field).to_numpy(object, copy=True)
            values[values == UNREADABLE] = ""
            self._texts[field] = values
        return self._texts[field]

    @cached_property
    def kinds(self) -> tuple[tuple[DocumentType, Mask], ...]:
        """The known document types that occur, each with a mask of its rows."""
        names = self._type_codes[1]
        return tuple((TYPES[name], self.of(name)) for name in names if name in TYPES)

    @cached_property
    def _type_codes(self) -> tuple[Positions, Sequence[str]]:
        codes, names = pd.factorize(self.types)
        return codes, list(names)

    def of(self, *names: str) -> Mask:
        """Return which rows have one of these types."""
        codes, known = self._type_codes
        return np.isin(codes, [at for at, name in enumerate(known) if name in names])

    def of_kind(self, claim: Callable[[DocumentType], bool]) -> Mask:
        """Return which rows have a known type for which the claim holds."""
        return self.of(*(name for name, kind in TYPES.items() if claim(kind)))

    @cached_property
    def partner(self) -> Positions:
        """Position of the paper's other side; -1 unless there is exactly one."""
        partner = np.full(len(self), -1, dtype=np.int64)
        found = []
        is_front = self.of_kind(lambda kind: kind.side == "front")
        is_back = self.of_kind(lambda kind: kind.side == "back")
        for is_side in (is_front, is_back):
            at = np.flatnonzero(is_side & (self.labels >= 0))
            place = np.full(len(self._names), -1, dtype=np.int64)
            place[self.labels[at]] = at
            place[np.bincount(self.labels[at], minlength=len(place)) != 1] = -1
            found.append(place)
        front, back = found
        both = (front >= 0) & (back >= 0)
        partner[front[both]], partner[back[both]] = back[both], front[both]
        return partner

    @cached_property
    def _printed(self) -> dict[tuple[Source, Fact], tuple[Texts, Texts]]:
        """Facts stated by fields, and the names of those fields, by source and fact."""
        made: dict[tuple[Source, Fact], tuple[Texts, Texts]] = {}
        for kind, mask in self.kinds:
            for field in kind.fields:
                fact = fact_of(kind, field.name)
                if fact is None or field.name not in self._frame:
                    continue
                source: Source = "mrz" if field.source == "mrz" else "print"
                values, fields = made.setdefault((source, fact), (self._empty(), self._empty()))
                here = mask & (self.texts(field.name) != "")
                values[here] = mapped(self.texts(field.name)[here], _NORMAL[fact])
                fields[here] = field.name
        return made

    def _empty(self) -> Texts:
        return np.full(len(self), "", dtype=object)

    def printed(self, fact: Fact, source: Source = "print") -> Texts:
        """Return a fact as stated by the fields of that source, normalised; "" if unreadable."""
        found = self._printed.get((source, fact))
        return found[0] if found else self._empty()

    def field(self, fact: Fact, source: Source = "print") -> Texts:
        """Return the name of the field that states the fact."""
        found = self._printed.get((source, fact))
        return found[1] if found else self._empty()

    @cached_property
    def codes(self) -> list[qr.IdQr | None]:
        """The parsed QR code of each row; None if there is none that can be parsed."""
        return _parsed(qr.parse, self.texts("qr"))

    @cached_property
    def zones(self) -> list[mrz.Mrz | None]:
        """The parsed MRZ of each row; None if there is none that can be parsed."""
        return _parsed(mrz.parse, self.texts("mrz"))

    def warned_of(self, code: str) -> Mask:
        """Return which rows have that warning."""
        return where(self.texts("ocr_warnings"), lambda text: code in text.split(";"))

    @cached_property
    def zone_holds(self) -> Mask:
        """Rows with a zone whose check digits all hold.

        The offline engine repairs zones, so its warning tells what it had read.
        """
        holds = np.array([zone is not None and zone.valid for zone in self.zones], bool)
        return holds & ~self.warned_of("mrz:check_digits")

    @cached_property
    def facts(self) -> dict[Literal["qr", "mrz"], list[Facts]]:
        """The facts that each of the codes proves of each row."""
        doubted = self.warned_of("mrz:check_digits")
        return {
            "qr": [qr_facts(code) if code is not None else {} for code in self.codes],
            "mrz": [
                mrz_facts(zone) if zone is not None and not doubt else {}
                for zone, doubt in zip(self.zones, doubted, strict=True)
            ],
        }

    def proven(self, fact: Fact, source: Literal["qr", "mrz"]) -> Texts:
        """Return a fact as proven by a code, in normal form."""
        if (fact, source) not in self._proven:
            made = self._empty()
            if any(self.facts[source]):
                made[:] = [f.get(fact, "") for f in self.facts[source]]
            self._proven[fact, source] = made
        return self._proven[fact, source]

    def known(self, fact: Fact, *, partner: bool = True) -> Texts:
        """Return a fact from the print, else from a code, else from the other side."""
        if (fact, partner) not in self._known:
            if partner:
                made = self.known(fact, partner=False)
                others = [np.where(self.partner >= 0, made[self.partner], "")]
            else:
                made, zone = self.printed(fact), self.proven(fact, "mrz")
                others = [zone, self.printed(fact, "mrz"), self.proven(fact, "qr")]
            for values in others:
                made = np.where(made == "", values, made)
            self._known[fact, partner] = made
        return self._known[fact, partner]


def _parsed(parse: Callable[[str], P], texts: Texts) -> list[P | None]:
    """Parse the code of each row; None if there is none that can be parsed."""
    made: list[P | None] = []
    for text in texts:
        try:
            made.append(parse(text) if text else None)
        except ValueError:
            made.append(None)
    return made


@lru_cache(maxsize=1 << 16)
def iso_day(text: str) -> str:
    """``yyyy-mm-dd`` of a printed day, a bare year, `NO_END`; "" for anything else."""
    if iso := parse_date(text, loose=True):
        return iso
    if is_no_end(text):
        return NO_END
    clean = text.strip()
    return clean if re.fullmatch("(18|19|20)[0-9]{2}", clean) else ""


def _number(text: str) -> str:
    return re.sub(r"[\s.\-]", "", text).upper()


_SEXES: Final = {"nam": "Nam", "m": "Nam", "male": "Nam", "nu": "Nữ", "f": "Nữ", "female": "Nữ"}
_NORMAL: Final[dict[Fact, Callable[[str], str]]] = {
    **dict.fromkeys(("number", "old_number", "passport"), _number),
    "name": str,
    **dict.fromkeys(("birth", "issued", "expiry"), iso_day),
    "sex": lambda text: _SEXES.get(fold_key(text), ""),
}


def year_of(days: Texts) -> NDArray[np.int64]:
    """Return the years of ISO dates and bare years; 0 for anything else."""
    return mapped(days, lambda d: int(d[:4]) if d[:4].isdigit() else 0).astype(np.int64)


def ordinal_of(days: Texts) -> NDArray[np.datetime64]:
    """Return ISO dates as datetimes; NaT for anything else."""
    return mapped(days, lambda d: np.datetime64(d if len(d) == 10 else "NaT", "D")).astype(
        "datetime64[D]"
    )
