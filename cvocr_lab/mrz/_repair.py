"""Correct misread lines if the layout and the check digits allow only one correction.

First, the layout is used: there is no letter in a date, and no digit in a name or a country code.
Then, for each field with a wrong check digit, single characters are replaced by characters that
look like them.  The result is used if exactly one combination also matches the composite digit
and, on Vietnamese cards, both copies of the number.

A character that is allowed in its place changes only if a wrong check digit becomes right.  (A
check digit cannot distinguish ``<`` from ``K`` or ``A`` from ``0``, which are equal modulo 10.)
The issuing state never changes.  If several corrections are possible, the text stays as read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product
from typing import Final

from cvocr_lab.mrz._find import clean, has_dates
from cvocr_lab.mrz._lines import (
    WIDTHS,
    Format,
    check_digit,
    is_date,
    parse,
    td1_composite,
    two_line_composite,
)
from cvocr_lab.text import digits_from_lookalikes, letters_from_lookalikes

# In addition to the pairs of text.py, for places where only a digit (or only a letter) is allowed.
_ONLY_DIGIT: Final = str.maketrans("ACLTU", "40170")
_ONLY_LETTER: Final = str.maketrans("47", "AT")
_ONLY_SEX: Final = str.maketrans("HNWPEKC", "MMMFF<<")
# What is allowed in the lines of cards, and in the second lines of other papers, see `_typed`.
_TD1_FIRST: Final = "aaaaa.........9..............."
_TD1_SECOND: Final = "9999999s9999999aaa...........9"
_SECOND: Final = ".........9aaa9999999s9999999"
# Each digit with the digits that it is confused with on worn print.
_DIGITS: Final = {"0": "68", "1": "47", "2": "7", "3": "589", "4": "19", "5": "36", "6": "058"} | {
    "7": "12",
    "8": "0369",
    "9": "348",
}
# Letters and digits that are confused in places where both are allowed.
_PAIRS: Final = dict(zip("0O1I2Z5S6G8B", "O0I1Z2S5G6B8", strict=True))
_VIETNAM: Final = re.compile("[VUYW][NHM][MNH]")  # VNM misread; no other state's code matches
_MAX_COMBINATIONS: Final = 20_000  # takes some tenths of a second

Change = tuple[int, str]
"""A position in the joined lines, and the text to write there."""


def repair(lines: Sequence[str]) -> tuple[str, ...]:
    """Correct misread lines: their length, fillers and characters that look alike.

    Lines with the right length and right check digits keep every character that is allowed in its
    place.  Text that has no unique correction stays as read, so the result can be parsed but may
    be invalid.  A missing name line of a card becomes an empty one.

    `lines` are all lines of one zone as they were read, from top to bottom.  They may have lower
    case, spaces, other characters and a wrong length.  Raises ValueError if there are not two or
    three of them.

    >>> read = ["IDVNMO99OOO1232001099000123<3", "99O1O18M39010I6VNM<<K<<8", "NGUYEN<<VAN<MAU<K<"]
    >>> for line in repair(read):
    ...     print(line)
    IDVNM0990001232001099000123<<3
    9901018M3901016VNM<<<<<<<<<<<8
    NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<
    """
    rows = [clean(line) for line in lines]
    if len(rows) == 2 and not has_dates(rows[1], 13, 21) and has_dates(rows[1], 0, 8):
        rows.append("")
    if len(rows) == 3:
        return _repair_td1(*rows)
    if len(rows) != 2:
        raise ValueError("not an MRZ: it needs two or three lines")
    large = len(rows[1]) >= 40
    if rows[0].startswith("V"):
        return _repair_two_lines(rows[0], rows[1], "MRV-A" if large else "MRV-B")
    return _repair_two_lines(rows[0], rows[1], "TD3" if rows[0].startswith("P") or large else "TD2")


def _valid_and_foreign(*rows: str) -> bool:
    """Return whether the lines are valid and not of a Vietnamese layout.

    Valid lines from Vietnam may still be wrong: a ``K`` that was read for a filler passes the check
    digits, but the Vietnamese layouts show that it is an error.  No Vietnamese card has a number
    that continues in the optional data, which a filler instead of its check digit says.
    """
    try:
        zone = parse(rows)
    except ValueError:
        return False
    long_number = len(rows) == 3 and rows[0][14] == "<"
    ours = _is_vietnam(_letters(rows[0][2:5])) and not long_number
    return zone.valid and zone.sex in ("M", "F", "") and not ours


def _repair_td1(one: str, two: str, three: str) -> tuple[str, ...]:
    name = _name(three, 30, vietnamese=one[2:5] == "VNM")
    if _valid_and_foreign(one, two, name):
        return one, two, name
    if len(one) != 30:
        one = _fit(_anchor(one, "ID"), 30)
    if len(two) != 30:
        # Letters between fillers are fillers, as in the empty optional data of a card.
        two = re.sub("(?<=<)[KCLEXS]{1,3}(?=<)", lambda letters: "<" * len(letters[0]), two)
        two = _fit(two, 30)
    one, two = re.sub("^[LTJ]", "I", _typed(one, _TD1_FIRST)), _typed(two, _TD1_SECOND)
    issuer = one[2:5]
    name = _name(three, 30, vietnamese=issuer == "VNM")
    numbers = _vietnamese_numbers(one, two)
    options: list[list[Change]] = []
    known = None
    if numbers is not None:
        # Only Vietnam has this layout of numbers, so a code that looks like VNM is VNM.
        one = re.sub("^.[O0Q]", "ID", one[:2]) + "VNM" + one[5:] if _is_vietnam(issuer) else one
        one = one[:5] + _digits(one[5:27]) + "<<" + _digits(one[29])
        # If both check digits were read right, the composite digit is not needed.
        if len(numbers) == 1 and (numbers[0][9], numbers[0][24]) == (one[14], one[29]):
            one = one[:5] + numbers[0]
        else:
            options.append([(5, text) for text in numbers])
        known = one[15:27] if check_digit(one[15:27]) == one[29] else None
        if known and two[7] not in "MF<":
            two = two[:7] + "MF"[int(known[3]) % 2] + two[8:]
        two = two[:15] + _state(two[15:18], one[2:5]) + _no_optional(two[18:29]) + two[29]
        name = _name(three, 30, vietnamese=True)
    else:
        options.append(_number_options(one[5:15], 5))
    options.append(_date_options(two[0:7], 30, year=known[4:6] if known else None))
    birthday = two[2:6] if known and _date_is_right(two[0:7]) else None
    options.append(_date_options(two[8:15], 38, day_of_year=birthday))
    body = _choose(one + two, options, lambda text: td1_composite(text[:30], text[30:]))
    return body[:30], body[30:], name


def _vietnamese_numbers(one: str, two: str) -> list[str] | None:
    """Return the most likely readings of both numbers; None if the card has another layout."""
    if not _is_vietnam(one[2:5]) or len(re.findall("[0-9]", _digits(one[15:27]))) < 10:
        return None
    text = _digits(one[5:27]) + "<<" + _digits(one[29])
    found = _likely_numbers(text, two[0:2] if _date_is_right(two[0:7]) else None)
    proven = all(check_digit(n[10:22]) == n[24] and n[1:9] == n[14:22] for n in found)
    return found if one[2:5] == "VNM" or (proven and len(found) == 1) else None


def _is_vietnam(state: str) -> bool:
    return _VIETNAM.fullmatch(state) is not None


def _no_optional(text: str) -> str:
    """Clear the optional data of a second line, which Vietnamese cards do not have."""
    return "<" * len(text) if set(text) <= set("<KCLEXS") else text


def _repair_two_lines(one: str, two: str, zone_format: Format) -> tuple[str, ...]:
    width = WIDTHS[zone_format]
    if _valid_and_foreign(one, two):
        return one[:5] + _name(one[5:], width - 5, vietnamese=False), two
    if zone_format == "TD3" and len(one) != width:
        one = _anchor(one, "P<")
    one = one.ljust(5, "<")
    issuer = _letters(one[2:5])
    vietnamese = issuer == "VNM"
    code = _letters(one[0:2])
    code = re.sub("(?<=^P)[KCX]", "<", code) if vietnamese else code
    one = code + issuer + _name(one[5:], width - 5, vietnamese=vietnamese)
    two = _fit(two, width)
    two = _typed(two, _SECOND.ljust(width, "."))
    if zone_format in ("MRV-A", "MRV-B"):  # a visa has no composite digit
        return one, two
    two = two[:10] + _state(two[10:13], issuer) + two[13:-1] + _digits(two[-1])
    options = [
        _number_options(two[0:10], 0, vietnamese=vietnamese),
        _date_options(two[13:20], 13),
        _date_options(two[21:28], 21),
    ]
    if zone_format == "TD3":
        person = _person(two[28:42], vietnamese=vietnamese) + _digits(two[42])
        two = two[:28] + person + two[43:]
        if check_digit(person[:14]) != person[14].replace("<", "0"):
            options.append([(28, new) for new in _corrections(person)])
    return one, _choose(two, options, two_line_composite)


def _person(text: str, *, vietnamese: bool) -> str:
    """Correct the optional data of a passport; a Vietnamese number has 12 or 9 digits."""
    for length in (12, 9) if vietnamese else ():
        number = _digits(text[:length])
        if number.isdigit() and set(text[length:]) <= set("<KCLEXS"):
            return number.ljust(14, "<")
    return text


def _choose(body: str, options: Sequence[list[Change]], composite: Callable[[str], str]) -> str:
    """Apply the combination of `options` that matches the composite digit, if exactly one does."""
    open_fields = [changes for changes in options if changes]
    if not body[-1].isdigit():  # without this digit, nothing may change except the digit itself
        return body if open_fields else body[:-1] + check_digit(composite(body))
    fitting = set()
    for changes in islice(product(*open_fields), _MAX_COMBINATIONS):
        text = body
        for at, new in changes:
            text = text[:at] + new + text[at + len(new) :]
        if check_digit(composite(text)) == text[-1]:
            fitting.add(text)
    return fitting.pop() if len(fitting) == 1 else body


def _number_options(text: str, at: int, *, vietnamese: bool = False) -> list[Change]:
    """List corrections of a document number and its check digit; empty if it is right."""
    if not text[9].isdigit() or check_digit(text[:9]) == text[9]:
        return []
    passport = _letters(text[0]) + _digits(text[1:])  # form of Vietnamese passport numbers
    if vietnamese and check_digit(passport[:9]) == passport[9]:
        return [(at, passport)]
    return [(at, new) for new in _corrections(text)]


def _date_options(
    text: str, at: int, *, year: str | None = None, day_of_year: str | None = None
) -> list[Change]:
    """List corrections of a date and its check digit: none if it is right, itself without any."""
    if _date_is_right(text):
        return []
    found = [
        new
        for new in _corrections(text)
        if is_date(new[:6])
        and year in (None, new[0:2])
        # Cards expire on the person's birthday.
        and day_of_year in (None, new[2:6])
    ]
    return [(at, new) for new in found or [text]]


def _date_is_right(text: str) -> bool:
    return is_date(text[:6]) and check_digit(text[:6]) == text[6]


def _corrections(text: str) -> list[str]:
    """List texts with a right check digit: one character, or only the check digit, is replaced."""
    found = {new for new in _single_changes(text) if check_digit(new[:-1]) == new[-1]}
    return sorted(found | {text[:-1] + check_digit(text[:-1])})


def _single_changes(text: str) -> Iterator[str]:
    """Yield `text`, then `text` with one character replaced by one that looks like it."""
    yield text
    for at, character in enumerate(text):
        for new in _DIGITS.get(character, "") + _PAIRS.get(character, ""):
            yield text[:at] + new + text[at + 1 :]


def _likely_numbers(text: str, year: str | None) -> list[str]:
    """Return the most likely readings of the 25 characters of both numbers, usually one.

    The characters are the last nine of the 12 digits and a check digit, then all 12 digits and a
    check digit.  The most likely readings are those that differ from the fewest characters.
    """
    short, short_digit, full, full_digit = text[0:9], text[9], text[10:22], text[24]
    choices = [{c} for c in full[:3]] + [set(pair) for pair in zip(short, full[3:], strict=True)]
    digits = ["".join(c for c in choice if c.isdigit()) or "0123456789" for choice in choices]
    bases = {"".join(number) for number in islice(product(*digits), _MAX_COMBINATIONS // 40)}
    costs: dict[str, int] = {}
    for number in {new for base in bases for new in _single_changes(base) if new.isdigit()}:
        costs[number] = (
            sum(a != b for a, b in zip(number[3:], short, strict=True))
            + sum(a != b for a, b in zip(number, full, strict=True))
            + (check_digit(number[3:]) != short_digit)
            + (check_digit(number) != full_digit)
            + (year is not None and number[4:6] != year)
        )
    lowest = min(costs.values())
    if lowest > 4:
        return [text]
    return [
        f"{number[3:]}{check_digit(number[3:])}{number}<<{check_digit(number)}"
        for number, cost in costs.items()
        if cost == lowest
    ]


def _digits(text: str) -> str:
    return digits_from_lookalikes(text).translate(_ONLY_DIGIT)


def _letters(text: str) -> str:
    return letters_from_lookalikes(text).translate(_ONLY_LETTER)


def _sex(text: str) -> str:
    return text.translate(_ONLY_SEX)


def _typed(line: str, allowed: str) -> str:
    """Correct characters where `allowed` has a letter (a), a digit (9) or a sex (s)."""
    correct = {"a": _letters, "9": _digits, "s": _sex}
    pairs = zip(line, allowed, strict=True)
    return "".join(correct[kind](c) if kind in correct else c for c, kind in pairs)


def _state(text: str, issuer: str) -> str:
    """Correct the nationality: on a Vietnamese paper, a code that looks like VNM is VNM."""
    return "VNM" if issuer == "VNM" and _is_vietnam(text) else text


def _anchor(line: str, code: str) -> str:
    """Move the country code of a Vietnamese first line to its place; its start may be misread."""
    found = _VIETNAM.search(line[:8])
    return code + line[found.start() :] if found and found.start() != 2 else line


def _fit(line: str, width: int) -> str:
    """Bring `line` to `width` by changing its longest run of fillers, which is often misread."""
    missing = width - len(line)
    runs = sorted(re.finditer("<+", line), key=lambda run: (len(run[0]), run.start()))
    if missing and runs:
        start, end = runs[-1].span()
        line = line[:start] + "<" * max(1, end - start + missing) + line[end:]
    return line.ljust(width, "<")[:width]


def _name(text: str, width: int, *, vietnamese: bool) -> str:
    """Correct a name field: only letters, and only fillers after the second double filler."""
    cut = len(text) < width
    text = _letters(text)
    if len(text) >= width and not text.endswith("<"):
        text = re.sub("(K{5,}|C{5,})$", "", text)
    if vietnamese and cut:
        # The line lost fillers, so a single letter at its end is a misread filler.
        text = re.sub("(?<=[A-Z])(<[KCLXS])+<*$", "", text)
    if vietnamese and not re.search("[A-Z]<<+[A-Z]", text):
        # Given names always follow.  No syllable begins or ends like this, so the letter was a
        # filler.
        text = re.sub("^([A-Z]+)<[KC](?=[BCDGKLMNPQRSTVX])", r"\1<<", text, count=1)
        text = re.sub("(?<=[NGHMTPC])K<(?=[A-Z])", "<<", text, count=1)
        if not re.search("[A-Z]<<+[A-Z]", text):
            text = re.sub("(?<=[A-Z])<(?=[A-Z])", "<<", text, count=1)
    parts = re.fullmatch("(<*[A-Z<]*?<<[A-Z]+(?:<[A-Z]+)*)(<<[<KCLEXSVZ]*)", text)
    return (parts[1] if parts else text).ljust(width, "<")[:width]
