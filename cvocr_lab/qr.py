"""The text in the QR code of chip identity cards: seven values separated by ``|``.

    number | old number or empty | name | ddmmyyyy birth | sex | residence | ddmmyyyy issue

Both the chip card (2021-2024, front) and the 2024 card (back) have these seven; the latter may have
more values after them, whose meaning is not established, so they are kept as read.  An empty old
number does not distinguish the two cards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cvocr_lab.dates import parse_date, printed_date
from cvocr_lab.text import CHARSET, collapse, is_syllable, nfc


@dataclass(frozen=True, slots=True)
class IdQr:
    """What the code says.

    Parameters
    ----------
    number
        12 digits; 9 on no card seen, yet understood.
    old_number
        Number of the former card, usually 9 digits; "" for none.
    name
        With marks, usually in title case where the card prints capitals.
    birth, issued
        ``yyyy-mm-dd``; as read where it is no date, "" for none.
    sex
        ``"Nam"`` or ``"Nữ"``.
    address
        Residence; unit words and commas need not equal the printed ones.
    extra
        Values after the seventh, as read.
    """

    number: str
    old_number: str
    name: str
    birth: str
    sex: str
    address: str
    issued: str
    extra: tuple[str, ...] = ()


def parse(payload: str | bytes) -> IdQr:
    """Read the text of an identity card's QR code.

    Bytes are UTF-8.  Text that a reader decoded by another character set (Windows-1252, Shift-JIS,
    Big5, GB 18030, KOI8, code page 437 and their like) is decoded again where that gives one
    Vietnamese text only.  NUL, line breaks, a byte order mark and outer blanks are removed.  Dates
    are ``ddmmyyyy`` or ``dd/mm/yyyy``.

    Raises
    ------
    ValueError
        It is no such code: a web link, fewer than seven values, a first value that is not 9 or 12
        digits, or text garbled beyond repair.

    Examples
    --------
    >>> code = parse("001099000123||Nguyễn Văn Mẫu|01011999|Nam|Phường Ví Dụ, Hà Nội|01072021")
    >>> code.birth, code.issued, code.old_number
    ('1999-01-01', '2021-07-01', '')
    """
    text = payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else payload
    values = [collapse(value) for value in _sound(_bare(text)).split("|")]
    if len(values) < 7:
        raise ValueError("not the QR code of an identity card: fewer than seven values")
    number, old_number, name, birth, sex, address, issued, *extra = values
    if not re.fullmatch(r"\d{9}|\d{12}", number, re.ASCII):
        raise ValueError("not the QR code of an identity card: no number of 9 or 12 digits first")
    return IdQr(number, old_number, name, _iso(birth), sex, address, _iso(issued), tuple(extra))


def format(code: IdQr) -> str:
    """Write the text of the code; the inverse of `parse`.

    Values must hold no ``|``; ValueError otherwise.
    """
    values = (
        code.number,
        code.old_number,
        code.name,
        _ddmmyyyy(code.birth),
        code.sex,
        code.address,
        _ddmmyyyy(code.issued),
        *code.extra,
    )
    if any("|" in value for value in values):
        raise ValueError("a value of the QR code holds the separator |")
    return "|".join(values)


def _bare(text: str) -> str:
    # A break inside a wrapped value stands for a blank; the NUL is some readers' terminator.
    return re.sub(r"[\r\n]+", " ", text.replace("\0", "").lstrip("\ufeff")).strip()


_LETTERS: Final = frozenset(CHARSET)
# What readers guess where the code does not say that it is UTF-8.
_OF_ONE_BYTE: Final = (
    "koi8_r", "koi8_u", "cp437", "cp850", "cp1250", "cp1251", "cp1258", "iso8859_2", "iso8859_5",
    "iso8859_15", "mac_roman",
)  # fmt: skip
_OF_SEVERAL: Final = (
    "shift_jis", "cp932", "shift_jis_2004", "big5", "cp950", "big5hkscs", "gb18030", "euc_jp",
    "euc_kr",
)  # fmt: skip
# The no-break space after Ã, a blank by now, was the second byte of à.
_LOST_BYTE: Final = re.compile(r"(?<![xX])Ã(?=[ ,]|$)")


def _sound(text: str) -> str:
    """The text in Vietnamese letters, however it was decoded; ValueError where nobody can tell."""
    if text.isascii():
        return text
    while (again := _decoded(text, _byte)) is not None and again != text:
        text = again
    made = nfc(text)
    if _LETTERS.issuperset(made) and not any(map(_lost_a_byte, made.split("|"))):
        return made
    found = {again for name in (*_OF_ONE_BYTE, *_OF_SEVERAL) if (again := _guessed(text, name))}
    if len(found) != 1:
        raise ValueError("not the QR code of an identity card, or garbled: decode it as UTF-8")
    return found.pop()


def _guessed(text: str, name: str) -> str:
    """The text if a reader took it for that character set; "" if it did not, or lost signs."""
    again = nfc(_decoded(text, lambda character: character.encode(name)) or "")
    if not _LETTERS.issuperset(again):
        return ""
    words = re.findall(r"[^\W\d_]+", again)
    return again if name in _OF_ONE_BYTE or all(map(is_syllable, words)) else ""


def _lost_a_byte(value: str) -> bool:
    return _LOST_BYTE.search(value) is not None and value != value.upper()


def _decoded(text: str, encode: Callable[[str], bytes]) -> str | None:
    """The text as UTF-8 once its characters are bytes again; None where they are no UTF-8."""
    try:
        return b"".join(map(encode, text)).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _byte(character: str) -> bytes:
    # Windows-1252 leaves five bytes without a character; readers pass those on as Latin-1.
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _iso(text: str) -> str:
    return parse_date(text, loose=True) or text


def _ddmmyyyy(text: str) -> str:
    return printed_date(text, "") or text
