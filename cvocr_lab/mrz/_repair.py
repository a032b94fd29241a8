"""Misread lines put right where the layout and the check digits leave one way only.

First the layout: a letter cannot stand in a date, nor a digit in a name or a state's code.  Then,
for each field whose check digit fails, single look-alikes are tried; the result is the one
combination that also meets the composite digit and, on Vietnamese cards, the two copies of the
number.  A character that may stand where it was read changes only if a check digit that failed
before holds afterwards (a check digit cannot tell ``<`` from ``K`` or ``A`` from ``0``, which are
equal modulo 10).  The issuing state is never made another.  Ties stay as read.
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

# Beyond text.py's pairs, for places where nothing but a digit (or a letter) can stand.
_ONLY_DIGIT: Final = str.maketrans("ACLTU", "40170")
_ONLY_LETTER: Final = str.maketrans("47", "AT")
# Each digit with those it is taken for when the print is worn.
_DIGITS: Final = {"0": "68", "1": "47", "2": "7", "3": "589", "4": "19", "5": "36", "6": "058"} | {
    "7": "12",
    "8": "0369",
    "9": "348",
}
# Letters and digits that stand for each other where both are allowed.
_PAIRS: Final = dict(zip("0O1I2Z5S6G8B", "O0I1Z2S5G6B8", strict=True))
_VIETNAM: Final = re.compile("[VUYW][NHM][MNH]")  # VNM misread; no state has another such code
_MOST: Final = 20_000  # combinations tried at most, some tenths of a second

Change = tuple[int, str]
"""Text to put at a place of the joined lines."""


def repair(lines: Sequence[str]) -> tuple[str, ...]:
    """Put misread lines right: length, fillers, look-alikes.

    Lines of the right length whose check digits hold keep every character that may stand in its
    place.  What cannot be decided stays as read, so the result parses but need not be valid.  A
    card whose name line is missing gets an empty one.  Raises ValueError when there are neither
    two nor three lines.

    Parameters
    ----------
    lines
        All lines of one zone, top first, as read: any case, blanks, foreign signs, wrong length.

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
        raise ValueError("no MRZ: wants two or three lines")
    large = len(rows[1]) >= 40
    if rows[0].startswith("V"):
        return _repair_two(rows[0], rows[1], "MRV-A" if large else "MRV-B")
    return _repair_two(rows[0], rows[1], "TD3" if rows[0].startswith("P") or large else "TD2")


def _right_elsewhere(*rows: str) -> bool:
    """Tell whether the lines are those of another state's paper, and all check digits hold.

    Vietnam's own papers have layouts that tell more than check digits: ``K`` is no filler there.
    """
    try:
        zone = parse(rows)
    except ValueError:
        return False
    return zone.valid and zone.sex in ("M", "F", "") and not _is_vietnam(_letters(rows[0][2:5]))


def _repair_td1(one: str, two: str, three: str) -> tuple[str, ...]:
    name = _name(three, 30, vietnamese=one[2:5] == "VNM")
    if _right_elsewhere(one, two, name):
        return one, two, name
    one, two = _td1_places(one), _td1_dates(two)
    issuer = one[2:5]
    name = _name(three, 30, vietnamese=issuer == "VNM")
    numbers = _national(one, two)
    options: list[list[Change]] = []
    known = None
    if numbers is not None:
        # The layout of the numbers is Vietnam's alone, so what looks like its code is its code.
        one = re.sub("^.[O0Q]", "ID", one[:2]) + "VNM" + one[5:] if _is_vietnam(issuer) else one
        one = one[:5] + _digits(one[5:27]) + "<<" + _digits(one[29])
        # Two check digits and two copies need no further judge; a lone guess at a digit does.
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
    born = two[2:6] if known and _holds(two[0:7]) else None
    options.append(_date_options(two[8:15], 38, day_of_year=born))
    body = _choose(one + two, options, lambda text: td1_composite(text[:30], text[30:]))
    return body[:30], body[30:], name


def _td1_places(line: str) -> str:
    """The first line of a card, of the right width, letters and digits where none else can be."""
    if len(line) != 30:
        line = _fit(_anchor(line, "ID"), 30)
    code = re.sub("^[LTJ]", "I", _letters(line[0:2]))
    return code + _letters(line[2:5]) + line[5:14] + _digits(line[14]) + line[15:]


def _td1_dates(line: str) -> str:
    if len(line) != 30:
        line = _fit(_fillers(line), 30)
    return (
        _digits(line[0:7])
        + _sex(line[7])
        + _digits(line[8:15])
        + _letters(line[15:18])
        + line[18:29]
        + _digits(line[29])
    )


def _national(one: str, two: str) -> list[str] | None:
    """Likeliest readings of a Vietnamese card's two numbers; None where the layout is another."""
    if not _is_vietnam(one[2:5]) or len(re.findall("[0-9]", _digits(one[15:27]))) < 10:
        return None
    text = _digits(one[5:27]) + "<<" + _digits(one[29])
    found = _numbers(text, _holding_year(two[0:7]))
    proven = all(check_digit(n[10:22]) == n[24] and n[1:9] == n[14:22] for n in found)
    return found if one[2:5] == "VNM" or (proven and len(found) == 1) else None


def _is_vietnam(state: str) -> bool:
    return _VIETNAM.fullmatch(state) is not None


def _no_optional(text: str) -> str:
    """The optional data of a Vietnamese card's second line, which has none."""
    return "<" * len(text) if set(text) <= set("<KCLEXS") else text


def _repair_two(one: str, two: str, kind: Format) -> tuple[str, ...]:
    width = WIDTHS[kind]
    if _right_elsewhere(one, two):
        return one[:5] + _name(one[5:], width - 5, vietnamese=False), two
    if kind == "TD3" and len(one) != width:
        one = _anchor(one, "P<")
    one = one.ljust(5, "<")
    issuer = _letters(one[2:5])
    vietnamese = issuer == "VNM"
    code = _letters(one[0:2])
    code = re.sub("(?<=^P)[KCX]", "<", code) if vietnamese else code
    one = code + issuer + _name(one[5:], width - 5, vietnamese=vietnamese)
    two = _fit(two, width)
    last = two[-1] if kind in ("MRV-A", "MRV-B") else _digits(two[-1])
    two = (
        two[0:9]
        + _digits(two[9])
        + _letters(two[10:13])
        + _digits(two[13:20])
        + _sex(two[20])
        + _digits(two[21:28])
        + two[28:-1]
        + last
    )
    if kind in ("MRV-A", "MRV-B"):  # a visa has no composite digit to judge by
        return one, two
    two = two[:10] + _state(two[10:13], issuer) + two[13:]
    options = [
        _number_options(two[0:10], 0, vietnamese=vietnamese),
        _date_options(two[13:20], 13),
        _date_options(two[21:28], 21),
    ]
    if kind == "TD3":
        person = _person(two[28:42], vietnamese=vietnamese) + _digits(two[42])
        two = two[:28] + person + two[43:]
        if check_digit(person[:14]) != person[14].replace("<", "0"):
            options.append([(28, new) for new in _readings(person)])
    return one, _choose(two, options, two_line_composite)


def _person(text: str, *, vietnamese: bool) -> str:
    """Write the optional data of a passport; a Vietnamese number has 12 or 9 digits."""
    for length in (12, 9) if vietnamese else ():
        number = _digits(text[:length])
        if number.isdigit() and set(text[length:]) <= set("<KCLEXS"):
            return number.ljust(14, "<")
    return text


def _choose(body: str, options: Sequence[list[Change]], composite: Callable[[str], str]) -> str:
    """Apply the one combination of `options` that meets the composite digit, if there is one."""
    open_fields = [changes for changes in options if changes]
    if not body[-1].isdigit():  # no judge: nothing may change, but the digit itself is known
        return body if open_fields else body[:-1] + check_digit(composite(body))
    fitting = set()
    for changes in islice(product(*open_fields), _MOST):
        text = body
        for at, new in changes:
            text = text[:at] + new + text[at + len(new) :]
        if check_digit(composite(text)) == text[-1]:
            fitting.add(text)
    return fitting.pop() if len(fitting) == 1 else body


def _number_options(text: str, at: int, *, vietnamese: bool = False) -> list[Change]:
    """List readings of a document number and its digit that check; none when it already does."""
    if not text[9].isdigit() or check_digit(text[:9]) == text[9]:
        return []
    shaped = _letters(text[0]) + _digits(text[1:])  # of Vietnamese passports
    if vietnamese and check_digit(shaped[:9]) == shaped[9]:
        return [(at, shaped)]
    return [(at, new) for new in _readings(text)]


def _date_options(
    text: str, at: int, *, year: str | None = None, day_of_year: str | None = None
) -> list[Change]:
    """List readings of a date and its digit; none when it checks, itself when no other does."""
    if _holds(text):
        return []
    found = [
        new
        for new in _readings(text)
        if is_date(new[:6])
        and year in (None, new[0:2])
        # Cards of one person expire on the birthday.
        and day_of_year in (None, new[2:6])
    ]
    return [(at, new) for new in found or [text]]


def _holds(text: str) -> bool:
    return is_date(text[:6]) and check_digit(text[:6]) == text[6]


def _holding_year(text: str) -> str | None:
    return text[:2] if _holds(text) else None


def _readings(text: str) -> list[str]:
    """List readings that check: one look-alike put right, or the digit at the end alone wrong."""
    found = {new for new in _single(text) if check_digit(new[:-1]) == new[-1]}
    return sorted(found | {text[:-1] + check_digit(text[:-1])})


def _single(text: str) -> Iterator[str]:
    """`text` as it is, then with one character made one of those it is taken for."""
    yield text
    for at, character in enumerate(text):
        for new in _DIGITS.get(character, "") + _PAIRS.get(character, ""):
            yield text[:at] + new + text[at + 1 :]


def _numbers(text: str, year: str | None) -> list[str]:
    """Likeliest readings of the 25 characters of a Vietnamese card's numbers, usually one.

    The 12 digits stand there twice, less three, with a check digit each.  Of all ways to read
    them, those stand that disagree with the fewest characters.
    """
    short, short_digit, full, full_digit = text[0:9], text[9], text[10:22], text[24]
    choices = [{c} for c in full[:3]] + [set(pair) for pair in zip(short, full[3:], strict=True)]
    digits = ["".join(c for c in choice if c.isdigit()) or "0123456789" for choice in choices]
    bases = {"".join(number) for number in islice(product(*digits), _MOST // 40)}
    costs: dict[str, int] = {}
    for number in {new for base in bases for new in _single(base) if new.isdigit()}:
        costs[number] = (
            sum(a != b for a, b in zip(number[3:], short, strict=True))
            + sum(a != b for a, b in zip(number, full, strict=True))
            + (check_digit(number[3:]) != short_digit)
            + (check_digit(number) != full_digit)
            + (year is not None and number[4:6] != year)
        )
    least = min(costs.values())
    if least > 4:
        return [text]
    return [
        f"{number[3:]}{check_digit(number[3:])}{number}<<{check_digit(number)}"
        for number, cost in costs.items()
        if cost == least
    ]


def _digits(text: str) -> str:
    return digits_from_lookalikes(text).translate(_ONLY_DIGIT)


def _letters(text: str) -> str:
    return letters_from_lookalikes(text).translate(_ONLY_LETTER)


def _state(text: str, issuer: str) -> str:
    """The nationality; on a Vietnamese paper what looks like Vietnam's code is Vietnam's."""
    return "VNM" if issuer == "VNM" and _is_vietnam(text) else text


def _sex(character: str) -> str:
    return {"H": "M", "N": "M", "W": "M", "P": "F", "E": "F", "K": "<", "C": "<"}.get(
        character, character
    )


def _filler(found: re.Match[str]) -> str:
    return "<" * len(found[0])


def _fillers(text: str) -> str:
    """Make letters between fillers fillers, as in the empty optional data of a card."""
    return re.sub("(?<=<)[KCLEXS]{1,3}(?=<)", _filler, text)


def _anchor(line: str, code: str) -> str:
    """Set a Vietnamese first line's state code in place when its start was lost or doubled."""
    found = _VIETNAM.search(line[:8])
    return code + line[found.start() :] if found and found.start() != 2 else line


def _fit(line: str, width: int) -> str:
    """Bring `line` to `width` by its longest run of fillers, where readers lose count."""
    missing = width - len(line)
    runs = sorted(re.finditer("<+", line), key=lambda run: (len(run[0]), run.start()))
    if missing and runs:
        start, end = runs[-1].span()
        line = line[:start] + "<" * max(1, end - start + missing) + line[end:]
    return line.ljust(width, "<")[:width]


def _name(text: str, width: int, *, vietnamese: bool) -> str:
    """Write a name field with letters only; what follows a second double filler is filler."""
    cut = len(text) < width
    text = _letters(text)
    if len(text) >= width and not text.endswith("<"):
        text = re.sub("(K{5,}|C{5,})$", "", text)
    if vietnamese and cut:
        # A lone letter at the end of a line that lost its fillers was one of them.
        text = re.sub("(?<=[A-Z])(<[KCLXS])+<*$", "", text)
    if vietnamese and not re.search("[A-Z]<<+[A-Z]", text):
        # Given names always follow.  No syllable begins or ends so: the letter was a filler.
        text = re.sub("^([A-Z]+)<[KC](?=[BCDGKLMNPQRSTVX])", r"\1<<", text, count=1)
        text = re.sub("(?<=[NGHMTPC])K<(?=[A-Z])", "<<", text, count=1)
        if not re.search("[A-Z]<<+[A-Z]", text):
            text = re.sub("(?<=[A-Z])<(?=[A-Z])", "<<", text, count=1)
    parts = re.fullmatch("(<*[A-Z<]*?<<[A-Z]+(?:<[A-Z]+)*)(<<[<KCLEXSVZ]*)", text)
    return (parts[1] if parts else text).ljust(width, "<")[:width]
