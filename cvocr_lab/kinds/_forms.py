"""Classes of field types, which parse, format and generate values.

``parse`` converts a printed or read value to its normal form, or raises `FieldError`; ``format``
converts it back; ``sample`` generates one, and ``parse(format(value)) == value`` for each.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from dataclasses import dataclass
from typing import Literal

from cvocr_lab import dates, mrz, places
from cvocr_lab.data import rows
from cvocr_lab.kinds._made_up import sample_address, sample_name, sample_sign
from cvocr_lab.text import comparison_key, fold_key, nfc

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _filled(shape: str, letters: str, rng: random.Random) -> str:
    fill = {"#": DIGITS, "@": letters}
    return "".join(rng.choice(fill[c]) if c in fill else c for c in shape)


class FieldError(ValueError):
    """The text is not a value of this type; the message does not contain the text."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """Free text that is not empty; base class of the field types.

    `alphabet` are the allowed characters, used by recognisers, or "" for all; a value has up to
    `lines` lines.
    """

    name: str
    alphabet: str = ""
    lines: int = 1

    def parse(self, text: str) -> str:
        """Convert a printed value to the normal form.

        Raises FieldError if the text is not a value of this type.
        """
        value = comparison_key(text)
        if not value:
            raise FieldError("empty")
        return value

    def format(self, value: str) -> str:
        """Convert the normal form to the printed form."""
        return value

    def sample(self, rng: random.Random) -> str:
        """Generate a random value in normal form."""
        raise NotImplementedError

    def accepts(self, text: str) -> bool:
        """Return whether `parse` accepts the text."""
        try:
            self.parse(text)
        except FieldError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Pattern(FieldType):
    """Text that matches a regular expression after blanks and separators are removed."""

    pattern: str = ".+"
    shape: str = "#"
    """Forms of generated values, separated by ``|``: ``#`` is a digit, ``@`` a capital letter."""

    def parse(self, text: str) -> str:
        """Upper case without blanks, dots and dashes."""
        value = re.sub(r"[\s.\-–]", "", nfc(text)).upper()
        if not re.fullmatch(self.pattern, value):
            raise FieldError(f"not of the form of a {self.name}")
        return value

    def sample(self, rng: random.Random) -> str:
        """Fill in one of the shapes."""
        return _filled(rng.choice(self.shape.split("|")), "ABCDEFGHKLMNPRSTUVXYZ", rng)


@dataclass(frozen=True, slots=True)
class CitizenId(FieldType):
    """The 12-digit number ``PPP G YY NNNNNN`` (Circular 07/2016/TT-BCA)."""

    def parse(self, text: str) -> str:
        """Check for twelve digits."""
        value = re.sub(r"[\s.]", "", text)
        if not re.fullmatch(r"[0-9]{12}", value):
            raise FieldError("not 12 digits")
        return value

    def sample(self, rng: random.Random) -> str:
        """Generate a number with a plausible year of birth."""
        year = rng.randint(1940, 2019)
        return self.sample_for(rng, year, rng.choice(("Nam", "Nữ")))

    def sample_for(self, rng: random.Random, year: int, sex: str, province: str = "") -> str:
        """Generate a number for a year of birth, sex and three-digit province code."""
        code = province or rng.choice([p.code for p in places.provinces("old")])
        gender = 2 * (year // 100 - 19) + (sex != "Nam")
        return f"{code}{gender}{year % 100:02d}{rng.randrange(10**6):06d}"


@dataclass(frozen=True, slots=True)
class Date(FieldType):
    """A date with the normal form ``yyyy-mm-dd``, or ``yyyy`` if only the year is printed.

    `separator` is printed between the parts, and `words` are printed for no end of validity, such
    as ``Không thời hạn``.  `year_only` allows a year alone (old CMND).  Generated dates are from
    `first_year` to `last_year`.
    """

    separator: str = "/"
    words: str = ""
    year_only: bool = False
    first_year: int = 1920
    last_year: int = 2025

    def parse(self, text: str) -> str:
        """Parse ``dd/mm/yyyy``, ``d-m-yyyy`` or a date in words."""
        clean = comparison_key(text)
        if parts := dates.split_date(clean):
            if iso := dates.iso_date(*parts):
                return iso
            raise FieldError("no such day")
        if self.words and dates.is_no_end(clean):
            return self.words
        if self.year_only and re.fullmatch("(18|19|20)[0-9]{2}", clean):
            return clean
        raise FieldError("not a date")

    def format(self, value: str) -> str:
        """Format as ``dd/mm/yyyy``."""
        if "-" not in value:
            return value
        return dates.printed_date(value, self.separator)

    def sample(self, rng: random.Random) -> str:
        """Generate a date between the first and last year; rarely the words or a year alone."""
        if self.words and rng.random() < 0.1:
            return self.words
        if self.year_only and rng.random() < 0.05:
            return str(rng.randint(self.first_year, self.last_year))
        start = dt.date(self.first_year, 1, 1).toordinal()
        end = dt.date(self.last_year, 12, 31).toordinal()
        return dt.date.fromordinal(rng.randint(start, end)).isoformat()


@dataclass(frozen=True, slots=True)
class Choice(FieldType):
    """An entry of a list: ``"a|b|c"``, or ``"@file"`` for the first column of a data file.

    `favour_first` says that the first entry is generated more often than the others.
    """

    source: str = ""
    favour_first: bool = False

    def values(self) -> tuple[str, ...]:
        if self.source.startswith("@"):
            return tuple(next(iter(r.values())) for r in rows(f"{self.source[1:]}.csv"))
        return tuple(self.source.split("|"))

    def spellings(self) -> tuple[str, ...]:
        """Return the list with the alternative spellings in its file."""
        if not self.source.startswith("@"):
            return self.values()
        table = rows(f"{self.source[1:]}.csv")
        others = [a for r in table for a in (r.get("aliases") or "").split(";") if a]
        return (*self.values(), *others)

    def parse(self, text: str) -> str:
        """Return the entry with the same folded form as the text."""
        key = fold_key(text)
        exact = comparison_key(text)
        matches = [v for v in self.values() if fold_key(v) == key]
        if not matches:
            raise FieldError(f"not in the list of {self.name}")
        return exact if exact in matches else matches[0]

    def sample(self, rng: random.Random) -> str:
        values = self.values()
        if self.favour_first and rng.random() < 0.6:
            return values[0]
        return rng.choice(values)


@dataclass(frozen=True, slots=True)
class Name(FieldType):
    """The name of a person, or a part of it, in upper case with diacritics.

    `plain` says that it has no diacritics, as in an MRZ.
    """

    part: Literal["full", "surname", "given"] = "full"
    plain: bool = False

    def parse(self, text: str) -> str:
        """Convert to upper case; digits are not allowed."""
        value = comparison_key(text).upper()
        if not value or re.search(r"[0-9|<>/:;]", value):
            raise FieldError("not a name")
        return value

    def sample(self, rng: random.Random) -> str:
        full = sample_name(rng, rng.choice(("Nam", "Nữ")))
        words = full.upper().split()
        value = {"full": words, "surname": words[:1], "given": words[1:]}[self.part]
        text = " ".join(value)
        return mrz.transliterate(text).replace("<", " ") if self.plain else text


@dataclass(frozen=True, slots=True)
class Address(FieldType):
    """An address: parts from small to large, joined by ``", "``.

    `house` says whether it starts with a house, street or hamlet.
    """

    house: bool = True

    def sample(self, rng: random.Random) -> str:
        return sample_address(rng, house=self.house)


@dataclass(frozen=True, slots=True)
class Owner(FieldType):
    """The owner of a vehicle: a person or a company."""

    def sample(self, rng: random.Random) -> str:
        if rng.random() < 0.15:
            return f"CÔNG TY TNHH {sample_name(rng, 'Nam').split()[-1].upper()} PHÁT"
        return sample_name(rng, rng.choice(("Nam", "Nữ"))).upper()


PLATE_LETTERS = "ABCDEFGHKLMNPSTUVXYZ"
# Five digits with a dot after the third, four, or rarely three; or a plate of foreigners.
_PLATE = re.compile(
    r"[0-9]{2}(?:_[A-ZĐ]{1,2}[0-9]?_(?:[0-9]{3}_[0-9]{2}|[0-9]{3,4})"
    r"|_[0-9]{3}_(?:NG|QT|NN|CV)_[0-9]{2,3})".replace("_", r"\s*[-–.]?\s*")
)


@dataclass(frozen=True, slots=True)
class Plate(FieldType):
    """A number plate with a normal form without separators (Circular 24/2023/TT-BCA).

    `bike` says whether it is a plate of a motorbike and not of a car.
    """

    bike: bool = False

    def parse(self, text: str) -> str:
        """Convert to upper-case letters and digits; misplaced separators are an error."""
        printed = comparison_key(text).upper()
        if not _PLATE.fullmatch(printed):
            raise FieldError("not of the form of a plate")
        return re.sub("[^0-9A-ZĐ]", "", printed)

    def format(self, value: str) -> str:
        """Format as ``99A-123.45`` (cars), ``59X2-123.45`` or ``29HA-123.45`` (motorbikes)."""
        series = "[A-ZĐ][A-ZĐ1-9]" if self.bike else "[A-ZĐ]{1,2}"
        if not (found := re.fullmatch(rf"(\d\d)({series})(\d{{4,5}})", value)):
            return value
        province, letters, number = found.groups()
        dotted = f"{number[:3]}.{number[3:]}" if len(number) == 5 else number
        return f"{province}{letters}-{dotted}"

    def sample(self, rng: random.Random) -> str:
        codes = [c for p in places.provinces("old") for c in p.plates]
        code = rng.choice(codes)
        series = rng.choice(PLATE_LETTERS)
        if self.bike:
            series += rng.choice("123456789" + (PLATE_LETTERS if rng.random() < 0.4 else ""))
        return f"{code}{series}{rng.randint(0, 99999):05d}"


# A unit starts with a letter and may end in a power, as in cm3; tonnes are not integers.
_AMOUNT = re.compile(
    r"([0-9]{1,3}([., ])[0-9]{3}(?:\2[0-9]{3})*|[0-9]+)"
    r"\s?(?:(?!tấn|tan\b|t\b)[^\W\d_]\D{0,20}[23]?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount(FieldType):
    """An integer, printed with a unit and with dots, commas or blanks between thousands."""

    unit: str = ""
    choices: tuple[int, ...] = ()

    def parse(self, text: str) -> str:
        """Remove the unit and the separators; fractions are not allowed."""
        if not (found := _AMOUNT.fullmatch(comparison_key(text))):
            raise FieldError("not a whole number")
        return str(int(re.sub("[., ]", "", found[1])))

    def format(self, value: str) -> str:
        """Append the unit."""
        return f"{value}{self.unit}"

    def sample(self, rng: random.Random) -> str:
        return str(rng.choice(self.choices))


@dataclass(frozen=True, slots=True)
class Sign(FieldType):
    """An identifying mark: a scar or mole, its distance and place."""

    def sample(self, rng: random.Random) -> str:
        return sample_sign(rng)


@dataclass(frozen=True, slots=True)
class Wording(FieldType):
    """Any text, generated from a list of shapes."""

    shape: str = ""
    """Shapes separated by ``|``, with ``{province}``, ``{PROVINCE}``, ``#`` and ``@`` filled in."""

    def sample(self, rng: random.Random) -> str:
        """Fill in one of the shapes."""
        shape = rng.choice(self.shape.split("|"))
        province = rng.choice(places.provinces("old")).name
        text = shape.replace("{PROVINCE}", province.upper()).replace("{province}", province)
        return _filled(text, UPPER, rng)


@dataclass(frozen=True, slots=True)
class MrzText(FieldType):
    """The lines of an MRZ, joined by a blank."""

    def sample(self, rng: random.Random) -> str:
        number = CitizenId("CITIZEN_ID").sample(rng)
        made = mrz.Mrz(
            format="TD1", document_code="ID", issuer="VNM", number=number[3:], birth="990101",
            sex="M", expiry="390101", nationality="VNM", surname="NGUYEN", given_names="VAN MAU",
            person_number=number,
        )  # fmt: skip
        return " ".join(mrz.format(made))


@dataclass(frozen=True, slots=True)
class QrText(FieldType):
    """The text of an identity card's QR code."""

    def sample(self, rng: random.Random) -> str:
        number, name = CitizenId("CITIZEN_ID").sample(rng), sample_name(rng, "Nam")
        return f"{number}||{name}|01011999|Nam|{sample_address(rng)}|01072021"
