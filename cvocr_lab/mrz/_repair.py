"""Lines as a reader misread them, put right where layout and check digits leave one way only.

A check digit cannot tell ``<`` from ``K`` or ``A`` from ``0`` (equal modulo 10), so places come
first: layout says where only digits or only letters stand.  Then, for each field whose check
fails, single look-alikes are tried; what stands is the one combination that also meets the
composite digit and, on Vietnamese cards, the two copies of the number.  Ties stay as read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product
from typing import Final

from cvocr_lab.mrz._lines import WIDTHS, Format, check_digit, is_date, td1_composite
from cvocr_lab.text import digits_from_lookalikes, fold, letters_from_lookalikes

_SIGNS: Final = str.maketrans({"«": "<<", "≪": "<<", "|": "I", "!": "I"})
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
_VIETNAM: Final = re.compile("[VUYW][NHM][MNH]")  # no other state's code looks so
_MOST: Final = 20_000  # combinations tried at most, some tenths of a second

Change = tuple[int, str]
"""Text to put at a place of the joined lines."""


def repair(lines: Sequence[str]) -> tuple[str, ...]:
    """Put misread lines right: length, fillers, look-alikes; places that check stay as they are.

    What cannot be decided stays as read, so the answer parses but need not be valid.  A card
    whose name line is missing gets an empty one.  Raises ValueError when there are neither two nor
    three lines.

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
    if len(rows) == 2 and not _has_dates(rows[1], 13, 21) and _has_dates(rows[1], 0, 8):
        rows.append("")
    if len(rows) == 3:
        return _repair_td1(*rows)
    if len(rows) != 2:
        raise ValueError("no MRZ: wants two or three lines")
    passport = rows[0].startswith("P") or len(rows[1]) >= 40
    return _repair_two(rows[0], rows[1], "TD3" if passport else "TD2")


def clean(line: str) -> str:
    """Drop blanks and marks, write capitals; any foreign sign becomes a filler."""
    return re.sub("[^A-Z0-9<]", "<", fold("".join(line.split()).translate(_SIGNS)).upper())


def _repair_td1(one: str, two: str, three: str) -> tuple[str, ...]:
    one = _fit(_anchor(one, "ID"), 30)
    issuer = _state(one[2:5])
    one = (_code(one[0:2]) if issuer == "VNM" else _letters(one[0:2])) + issuer + one[5:]
    two = _fit(_fillers(two), 30)
    two = (
        _digits(two[0:7])
        + _sex(two[7])
        + _digits(two[8:15])
        + _state(two[15:18])
        + two[18:29]
        + _digits(two[29])
    )
    options: list[list[Change]] = []
    known = None
    if issuer == "VNM" and len(re.findall(r"\d", _digits(one[15:27]))) >= 10:
        one = one[:5] + _digits(one[5:27]) + "<<" + _digits(one[29])
        found = _numbers(one[5:30], _holding_year(two[0:7]))
        # Two check digits and two copies need no further judge; a lone guess at a digit does.
        if len(found) == 1 and (found[0][9], found[0][24]) == (one[14], one[29]):
            one = one[:5] + found[0]
        else:
            options.append([(5, text) for text in found])
        known = one[15:27] if check_digit(one[15:27]) == one[29] else None
        if known and two[7] not in "MF<":
            two = two[:7] + "MF"[int(known[3]) % 2] + two[8:]
    else:
        number = _digits(one[5:15])
        if issuer == "VNM" and number.isdigit() and check_digit(number[:9]) == number[9]:
            one = one[:5] + number + one[15:]
        one = one[:14] + _digits(one[14]) + one[15:]
        options.append(_number_options(one[5:15], 5))
    options.append(_date_options(two[0:7], 30, year=known[4:6] if known else None))
    born = two[2:6] if known and _holds(two[0:7]) else None
    options.append(_date_options(two[8:15], 38, day_of_year=born))
    body = _choose(one + two, options, lambda text: td1_composite(text[:30], text[30:]))
    return body[:30], body[30:], _name(three, 30, vietnamese=issuer == "VNM")


def _repair_two(one: str, two: str, kind: Format) -> tuple[str, ...]:
    width = WIDTHS[kind]
    one = (_anchor(one, "P<") if kind == "TD3" else one).ljust(5, "<")
    issuer = _state(one[2:5])
    code = re.sub("(?<=^P)[KCLX]", "<", _letters(one[0:2]))
    one = code + issuer + _name(one[5:], width - 5, vietnamese=issuer == "VNM")
    two = _fit(two, width)
    two = (
        two[0:9]
        + _digits(two[9])
        + _state(two[10:13])
        + _digits(two[13:20])
        + _sex(two[20])
        + _digits(two[21:28])
        + two[28:-1]
        + _digits(two[-1])
    )
    options = [
        _number_options(two[0:10], 0, vietnamese=issuer == "VNM"),
        _date_options(two[13:20], 13),
        _date_options(two[21:28], 21),
    ]
    if kind == "TD3":
        person = _person(two[28:42], vietnamese=issuer == "VNM") + _digits(two[42])
        two = two[:28] + person + two[43:]
        if check_digit(person[:14]) != person[14] and person.strip("<"):
            options.append([(28, new) for new in _readings(person)])
    return one, _choose(two, options, lambda text: text[0:10] + text[13:20] + text[21:-1])


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


def _code(text: str) -> str:
    return re.sub("^[1LTJ]", "I", re.sub("(?<=^.)[O0Q]", "D", text))


def _state(text: str) -> str:
    text = _letters(text)
    return "VNM" if _VIETNAM.fullmatch(text) else text


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
    text = _letters(text)
    if len(text) >= width and not text.endswith("<"):
        text = re.sub("(K{5,}|C{5,})$", "", text)
    if vietnamese and (len(text) < width or text.endswith("<")):
        text = re.sub(
            "(?<=[A-Z])(<[KCLXS])+<*$", "", text
        )  # a lone letter is a name only where one is cut
    if vietnamese and not re.search("[A-Z]<<+[A-Z]", text):
        # Given names always follow.  No syllable begins or ends so: the letter was a filler.
        text = re.sub("^([A-Z]+)<[KC](?=[BCDGKLMNPQRSTVX])", r"\1<<", text, count=1)
        text = re.sub("(?<=[NGHMTPC])K<(?=[A-Z])", "<<", text, count=1)
        if not re.search("[A-Z]<<+[A-Z]", text):
            text = re.sub("(?<=[A-Z])<(?=[A-Z])", "<<", text, count=1)
    parts = re.fullmatch("(<*[A-Z<]*?<<[A-Z]+(?:<[A-Z]+)*)(<<[<KCLEXSVZ]*)", text)
    return (parts[1] if parts else text).ljust(width, "<")[:width]


def find(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Pick the lines of one zone out of all lines read from a picture; None when there is none.

    The line with the dates is known by its digits; the others stand next to it.  A card's name
    line may be missing.  Lines come back without blanks, else as read: pass them to `repair`.

    Parameters
    ----------
    lines
        Text of the lines, top first.

    >>> find(["CĂN CƯỚC", "IDVNM0990001232001099000123<<3", "9901018M3901016VNM<<<<<<<<<<<8",
    ...       "NGUYEN<<VAN<MAU<<<<<<"])[2]
    'NGUYEN<<VAN<MAU<<<<<<'
    """
    rows = ["".join(line.split()) for line in lines]
    cleaned = [clean(line) for line in rows]
    for at in reversed(range(1, len(rows))):
        before = next((i for i in reversed(range(at)) if _is_first(cleaned[i])), None)
        if before is None:
            continue
        if _has_dates(cleaned[at], 13, 21):
            return rows[before], rows[at]
        if _has_dates(cleaned[at], 0, 8):
            names = (rows[i] for i in range(at + 1, len(rows)) if _is_name(cleaned[i]))
            return rows[before], rows[at], *islice(names, 1)
    return None


def _has_dates(line: str, birth: int, expiry: int) -> bool:
    """Tell whether both dates with their check digits stand there, but for two misread places."""
    read = line[birth : birth + 7] + line[expiry : expiry + 7]
    if len(line) < (24 if birth == 0 else 32) or len(read) < 14:
        return False
    # A name may be made of look-alikes, so some digits must stand as such.
    meant = digits_from_lookalikes(read)
    return len(re.findall("[0-9]", read)) >= 4 and len(re.findall("[0-9<]", meant)) >= 12


def _is_first(line: str) -> bool:
    likely = line.count("<") >= 2 or len(re.findall(r"\d", line)) >= 15
    return len(line) >= 24 and likely and line[0] in "IACPL1T<DV"


def _is_name(line: str) -> bool:
    return len(line) >= 6 and "<" in line and len(re.findall("[0-9]", line)) <= len(line) // 4
