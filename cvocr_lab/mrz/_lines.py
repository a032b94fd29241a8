"""The content of the lines: `parse` reads it and `format` writes it.

Layouts: ICAO Doc 9303 part 5 (TD1), part 6 (TD2), part 4 (TD3), part 7 (visas, MRV-A and MRV-B);
check digits: part 3, section 4.9.  On Vietnamese cards the document number is the last nine digits
of the personal number.  The optional field of TD1 line 1 then has all 12 digits and a check digit
for them, which is a national addition and not an ICAO check.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from cvocr_lab.mrz._names import name_field, names_in

Format = Literal["TD1", "TD2", "TD3", "MRV-A", "MRV-B"]

WIDTHS: Final[Mapping[Format, int]] = {"TD1": 30, "TD2": 36, "TD3": 44, "MRV-A": 44, "MRV-B": 36}
"""Characters per line; TD1 has three lines, the others two."""

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
_VALUES: Final = {c: value for value, c in enumerate(ALPHABET)} | {"<": 0}


@dataclass(frozen=True, slots=True)
class Mrz:
    """The values of a zone.  Trailing fillers are removed; a `<` inside a number is kept.

    Parameters
    ----------
    format
        TD1 (cards), TD2, TD3 (passports), MRV-A and MRV-B (visas).
    document_code, issuer, nationality
        As printed, without fillers: ``"ID"``, ``"VNM"``.
    number
        Document number.  It can be longer than nine characters only on TD1 and TD2, where it
        continues in the optional data.  On Vietnamese cards it is the last nine digits of
        `person_number`; on visas it is the number of the passport or of the visa.
    person_number
        The 12 digits on a Vietnamese card; the optional data on a passport; "" if there is none.
    birth, expiry
        ``yymmdd``; unknown parts are ``<<``.
    sex
        ``"M"``, ``"F"``, or "" for a filler; any other character as read.
    surname, given_names
        Without accents, words separated by one space; they may be cut.
    optional1, optional2
        Optional data of line 1 (TD1) or 2 (TD2, visas), and of TD1 line 2.
    checks
        Result of each check; empty if no lines were parsed.  The check of a date fails if the
        check digit is wrong or if the date does not exist.  ``numbers_agree`` compares the two
        numbers of a Vietnamese card.  Visas have no composite digit.  Not compared by ``==``.
    lines
        The lines that were parsed; empty for a zone that was built from values.  They keep details
        that the values do not have, such as ``0`` or ``<`` as the check digit of an empty field.
        Not compared by ``==``.
    """

    format: Format
    document_code: str
    issuer: str
    number: str
    birth: str
    sex: str
    expiry: str
    nationality: str
    surname: str
    given_names: str = ""
    person_number: str = ""
    optional1: str = ""
    optional2: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict, compare=False)
    lines: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def valid(self) -> bool:
        """True if all checks passed."""
        return all(self.checks.values())


def check_digit(text: str) -> str:
    """Compute the check digit of `text`: weights 7, 3, 1; A is 10, Z is 35, `<` is 0; modulo 10.

    Raises ValueError if the text is empty or has a character other than A-Z, 0-9 and `<`.
    Source: ICAO Doc 9303 part 3, section 4.9.

    >>> check_digit("520727")
    '3'
    """
    if not text or not set(text) <= set(ALPHABET):
        raise ValueError("a check digit needs a text of the characters A-Z, 0-9 and <")
    values = [_VALUES[c] for c in text]
    return str((7 * sum(values[::3]) + 3 * sum(values[1::3]) + sum(values[2::3])) % 10)


def parse(lines: str | Sequence[str]) -> Mrz:
    """Parse lines without reading errors, or one text with or without line breaks.

    See `repair` for misread lines.  Wrong check digits do not raise; see `Mrz.checks`.  Raises
    ValueError if the number or the length of the lines fits no format, or if a character is not
    in the `ALPHABET`.

    >>> card = parse('''IDVNM0990001232001099000123<<3
    ... 9901018M3901016VNM<<<<<<<<<<<8
    ... NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<''')
    >>> card.person_number, card.given_names, card.valid
    ('001099000123', 'VAN MAU', True)
    """
    rows = tuple(lines.split()) if isinstance(lines, str) else tuple(line.strip() for line in lines)
    if len(rows) == 1:
        width = {90: 30, 72: 36, 88: 44}.get(len(rows[0]), len(rows[0]) or 1)
        rows = tuple(rows[0][at : at + width] for at in range(0, len(rows[0]), width))
    is_visa = bool(rows) and rows[0].startswith("V")
    by_size: dict[tuple[int, ...], Format] = {
        (30, 30, 30): "TD1",
        (36, 36): "MRV-B" if is_visa else "TD2",
        (44, 44): "MRV-A" if is_visa else "TD3",
    }
    zone_format = by_size.get(tuple(map(len, rows)))
    if zone_format is None:
        raise ValueError("not an MRZ: it needs 3 lines of 30, 2 of 36 or 2 of 44 characters")
    if not set("".join(rows)) <= set(ALPHABET):
        raise ValueError("not an MRZ: a character is not A-Z, 0-9 or <")
    return _parse(rows, zone_format)


def _parse(rows: tuple[str, ...], zone_format: Format) -> Mrz:
    one, two = rows[:2]
    issuer = _bare(one[2:5])
    at, nationality, names = (0, 15, rows[2]) if zone_format == "TD1" else (13, 10, one[5:])
    checks: dict[str, bool] = {}
    person = optional = ""
    national = re.fullmatch(r"(\d{12})<<(.)", one[15:30]) if issuer == "VNM" else None
    if zone_format == "TD1" and national:
        number, person = _bare(one[5:14]), national[1]
        checks["number"] = check_digit(one[5:14]) == one[14]
        checks["person_number"] = check_digit(person) == national[2]
        checks["numbers_agree"] = number == person[3:]
    elif zone_format == "TD1":
        number, optional, checks["number"] = _number(one[5:14], one[14], one[15:30])
    elif zone_format == "TD2":
        number, optional, checks["number"] = _number(two[0:9], two[9], two[28:35])
    else:
        number, checks["number"] = _bare(two[0:9]), check_digit(two[0:9]) == two[9]
        if zone_format == "TD3":
            person = _bare(two[28:42])
            # The check digit of an unused field may be printed as 0 or as < (part 4, 4.2.2).
            checks["person_number"] = two[42].replace("<", "0") == check_digit(two[28:42])
        else:
            optional = _bare(two[28:])
    birth, sex, expiry = two[at : at + 6], two[at + 7], two[at + 8 : at + 14]
    checks["birth"] = _is_checked_date(birth, two[at + 6])
    checks["expiry"] = _is_checked_date(expiry, two[at + 14])
    if zone_format == "TD1":
        checks["composite"] = check_digit(td1_composite(one, two)) == two[29]
    elif zone_format in ("TD2", "TD3"):
        checks["composite"] = check_digit(two_line_composite(two)) == two[-1]
    surname, given = names_in(names)
    return Mrz(
        format=zone_format,
        document_code=_bare(one[0:2]),
        issuer=issuer,
        number=number,
        birth=birth,
        sex=_bare(sex),
        expiry=expiry,
        nationality=_bare(two[nationality : nationality + 3]),
        surname=surname,
        given_names=given,
        person_number=person,
        optional1=optional,
        optional2=_bare(two[18:29]) if zone_format == "TD1" else "",
        checks=checks,
        lines=rows,
    )


def td1_composite(one: str, two: str) -> str:
    return one[5:30] + two[0:7] + two[8:15] + two[18:29]


def two_line_composite(two: str) -> str:
    return two[0:10] + two[13:20] + two[21:-1]


def _bare(text: str) -> str:
    return text.rstrip("<")


def _number(head: str, digit: str, optional: str) -> tuple[str, str, bool]:
    """Return the number, which may continue in the optional data, the rest and the check.

    Source: ICAO Doc 9303 parts 5 and 6.
    """
    tail = re.match(r"([A-Z0-9]+)(\d)(?:<|$)", optional)
    if digit != "<" or "<" in head or not tail:
        return _bare(head), _bare(optional), check_digit(head) == digit
    # Some issuers include the filler after the ninth character in the check, others do not.
    right = tail[2] in (check_digit(head + tail[1]), check_digit(head + "<" + tail[1]))
    return head + tail[1], _bare(optional[tail.end() :]), right


def _is_checked_date(text: str, digit: str) -> bool:
    unknown = not _bare(text) and digit == "<"
    return (unknown or digit == check_digit(text)) and is_date(text)


def is_date(text: str) -> bool:
    """Return whether ``yymmdd`` can be a date; unknown parts (``<<``) are allowed.

    >>> is_date("990230"), is_date("99<<<<")
    (False, True)
    """
    parts = re.fullmatch(r"(\d\d|<<)(0[1-9]|1[0-2]|<<)(\d\d|<<)", text)
    if not parts:
        return False
    _, month, day = parts.groups()
    if day == "<<":
        return True
    # 2000 is a leap year: the year of the zone has no century, so 29 February is always allowed.
    last = 31 if month == "<<" else monthrange(2000, int(month))[1]
    return 1 <= int(day) <= last


def birth_date(mrz: Mrz) -> str | None:
    """Return the date of birth as ``yyyy-mm-dd``; None if it is partly unknown or not a date.

    The fourth digit of a 12-digit personal number gives the century.  Without such a number, or if
    that date is in the future, it is the last century in which the date is not in the future.
    """
    if re.fullmatch(r"\d{12}", mrz.person_number):
        said = _iso(mrz.birth, 19 + int(mrz.person_number[3]) // 2)
        if said is None or said <= date.today().isoformat():
            return said
    late = _iso(mrz.birth, 20)
    return late if late and late <= date.today().isoformat() else _iso(mrz.birth, 19)


def expiry_date(mrz: Mrz) -> str | None:
    """Return the date of expiry as ``20yy-mm-dd``; None if it is partly unknown or not a date."""
    return _iso(mrz.expiry, 20)


def _iso(text: str, century: int) -> str | None:
    try:
        return date(century * 100 + int(text[:2]), int(text[2:4]), int(text[4:6])).isoformat()
    except ValueError:
        return None


def format(mrz: Mrz) -> tuple[str, ...]:
    """Write the lines.  This is the inverse of `parse` for valid zones with names that fit.

    If the zone was parsed, all checks passed and no value was changed, the lines are returned as
    they were printed.  Otherwise the check digits are computed.  Names may have accents.  Raises
    ValueError if a value is too long or has a character that is not allowed.

    >>> from dataclasses import replace
    >>> card = parse("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
    ...              "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<08")
    >>> format(card)[1][-2:], format(replace(card, number="L898902C4"))[1][-2:]
    ('08', '<6')
    """
    if mrz.lines and (printed := parse(mrz.lines)).valid and printed == mrz:
        return mrz.lines
    one = _fill(mrz.document_code, 2) + _fill(mrz.issuer, 3)
    birth = _checked(mrz.birth, 6) + _fill(mrz.sex, 1)
    expiry = _checked(mrz.expiry, 6)
    nationality = _fill(mrz.nationality, 3)
    names = WIDTHS[mrz.format] - 5 if mrz.format != "TD1" else 30
    named = name_field(mrz.surname, mrz.given_names, names)
    if mrz.format == "TD1":
        if mrz.issuer == "VNM" and re.fullmatch(r"\d{12}", mrz.person_number):
            optional = mrz.person_number + "<<" + check_digit(mrz.person_number)
        else:
            optional = mrz.optional1
        one += _number_field(mrz.number, optional, 15)
        two = birth + expiry + nationality + _fill(mrz.optional2, 11)
        return one, two + check_digit(td1_composite(one, two)), named
    if mrz.format in ("MRV-A", "MRV-B"):
        head = _checked(mrz.number, 9)
        optional = _fill(mrz.optional1, WIDTHS[mrz.format] - 28)
        return one + named, head + nationality + birth + expiry + optional
    if mrz.format == "TD3":
        person = _fill(mrz.person_number, 14)
        rest = person + (check_digit(person) if mrz.person_number else "<")
        head = _checked(mrz.number, 9)
    else:
        number = _number_field(mrz.number, mrz.optional1, 7)
        head, rest = number[:10], number[10:]
    two = head + nationality + birth + expiry + rest
    return one + named, two + check_digit(two_line_composite(two + "<"))


def _fill(text: str, width: int) -> str:
    if len(text) > width or not set(text) <= set(ALPHABET):
        raise ValueError(
            f"an MRZ value is longer than {width} or has a character other than A-Z, 0-9 and <"
        )
    return text.ljust(width, "<")


def _checked(text: str, width: int) -> str:
    field = _fill(text, width)
    return field + check_digit(field)


def _number_field(number: str, optional: str, width: int) -> str:
    if len(number) <= 9:
        return _checked(number, 9) + _fill(optional, width)
    rest = number[9:] + check_digit(number) + (f"<{optional}" if optional else "")
    return _fill(number[:9], 9) + "<" + _fill(rest, width)
