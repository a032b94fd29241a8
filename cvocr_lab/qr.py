"""The text in the QR code of chip identity cards: seven values separated by ``|``.

    number | old number or empty | name | ddmmyyyy birth | sex | residence | ddmmyyyy issue

Both the chip card (2021-2024, front) and the 2024 card (back) have these seven values.  The latter
may have more values, whose meaning is unknown; they are kept as read.  An empty old number does
not distinguish the two cards.
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
    """The values of the QR code; "" for none.

    `number` has 12 digits (9 are accepted, though no such card has been seen) and `old_number`, of
    the former card, usually 9.  `name` has diacritics and is usually in title case, although the
    card prints capitals.  `birth` and `issued` are ``yyyy-mm-dd``, or as read if they are not
    dates.  Words for units and commas of the `address`, the residence, may differ from the print.
    `extra` has the values after the seventh, as read.
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
    """Parse the text of an identity card's QR code.

    Bytes are UTF-8.  Text that was decoded with another character set (Windows-1252, Shift-JIS,
    Big5, GB 18030, KOI8, code page 437 and similar ones) is decoded again if the result is a unique
    Vietnamese text.  NUL, line breaks, a byte order mark and outer blanks are removed.  Dates are
    ``ddmmyyyy`` or ``dd/mm/yyyy``.

    Raises ValueError for other codes, such as a link: it has fewer than seven values, the first one
    is not 9 or 12 digits, or the text cannot be decoded.

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
    """Return the text of the code; the inverse of `parse`.

    Raises ValueError if a value contains ``|``.
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
        raise ValueError("a value of the QR code contains the separator |")
    return "|".join(values)


def _bare(text: str) -> str:
    # A line break in a value means a blank; some readers append NUL.
    return re.sub(r"[\r\n]+", " ", text.replace("\0", "").lstrip("\ufeff")).strip()


_LETTERS: Final = frozenset(CHARSET)
# Character sets that readers guess if the code does not declare UTF-8.
_OF_ONE_BYTE: Final = (
    "koi8_r", "koi8_u", "cp437", "cp850", "cp1250", "cp1251", "cp1258", "iso8859_2", "iso8859_5",
    "iso8859_15", "mac_roman",
)  # fmt: skip
_OF_SEVERAL: Final = (
    "shift_jis", "cp932", "shift_jis_2004", "big5", "cp950", "big5hkscs", "gb18030", "euc_jp",
    "euc_kr",
)  # fmt: skip
# The second byte of à, a no-break space after Ã, has become a blank.
_LOST_BYTE: Final = re.compile(r"(?<![xX])Ã(?=[ ,]|$)")


def _sound(text: str) -> str:
    """Restore Vietnamese letters that were decoded wrongly.

    Raises ValueError if the original text cannot be determined.
    """
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
    """Return the text if it was decoded with this character set without loss, else ""."""
    again = nfc(_decoded(text, lambda character: character.encode(name)) or "")
    if not _LETTERS.issuperset(again):
        return ""
    words = re.findall(r"[^\W\d_]+", again)
    return again if name in _OF_ONE_BYTE or all(map(is_syllable, words)) else ""


def _lost_a_byte(value: str) -> bool:
    return _LOST_BYTE.search(value) is not None and value != value.upper()


def _decoded(text: str, encode: Callable[[str], bytes]) -> str | None:
    """Encode the text with `encode` and decode it as UTF-8; None if that is not possible."""
    try:
        return b"".join(map(encode, text)).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _byte(character: str) -> bytes:
    # Five bytes have no character in Windows-1252; readers decode them as Latin-1.
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _iso(text: str) -> str:
    return parse_date(text, loose=True) or text


def _ddmmyyyy(text: str) -> str:
    return printed_date(text, "") or text
