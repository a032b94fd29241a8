"""Names in a zone: without accents, words separated by fillers."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cvocr_lab.text import fold

# Latin letters that become other letters, not only lose accents: ICAO Doc 9303 part 3, section 6,
# table A.
_LATIN: Final = str.maketrans(
    {"Æ": "AE", "Ä": "AE", "Å": "AA", "Œ": "OE", "Ö": "OE", "Ø": "OE", "Ü": "UE", "ß": "SS"}
    | {"ẞ": "SS", "Þ": "TH", "Ĳ": "IJ", "Ł": "L", "Ħ": "H", "Ŋ": "N", "Ŧ": "T", "ı": "I", "ĸ": "Q"}
)


def transliterate(name: str) -> str:
    """Write a name in the letters of a zone: without accents, words joined by `<`.

    Apostrophes are removed; hyphens and other characters separate words.  Letters of other scripts
    are removed.  Source: ICAO Doc 9303 part 3, sections 4.6 and 6.

    >>> transliterate("Đặng Thị H'Ánh")
    'DANG<THI<HANH'
    """
    plain = fold(unicodedata.normalize("NFC", name).upper().translate(_LATIN)).upper()
    return "<".join(re.findall("[A-Z]+", _APOSTROPHES.sub("", plain)))


def name_agrees(name: str, zone: str, *, cut: bool = False) -> bool:
    """Return whether a printed name agrees with the name in a zone.

    Letters that a state may write in two ways (``Ü`` as ``UE`` or ``U``) agree in both ways.
    Characters between words are ignored.  If the name in the zone may be `cut`, its words may be
    the beginnings of the printed words.

    >>> name_agrees("Jürgen Müller", "JUERGEN MUELLER"), name_agrees("Nguyễn An", "NGUYEN BINH")
    (True, False)
    >>> name_agrees("Công Tằng Tôn Nữ Quỳnh Phương", "CONG<TANG<TON<NU<QUYN<P", cut=True)
    True
    """
    written = zone.replace("<", " ").split()
    for words in {transliterate(name), _PARTS.sub("<", fold(_APOSTROPHES.sub("", name)).upper())}:
        if words.replace("<", "") == "".join(written):
            return True
        printed = [word for word in words.split("<") if word]
        pairs = zip(printed, written, strict=False)
        if cut and len(written) <= len(printed) and all(_is_shortened(w, p) for p, w in pairs):
            return True
    return False


def _is_shortened(short: str, word: str) -> bool:
    """Return whether `short` is `word` with letters left out after the first ones."""
    return word.startswith(short) or (short[:3] == word[:3] and short[-1:] in word)


_APOSTROPHES: Final = re.compile("['’ʼ`]")
_PARTS: Final = re.compile("[^A-Z]+")


def name_field(surname: str, given: str, width: int) -> str:
    """Write the name field; a name that is too long is shortened, beginning with the last word.

    Each word keeps at least one letter, and given names are shortened before the surname.  The
    last place of the field then has a letter, which shows that the name was cut (ICAO Doc 9303
    parts 4 to 6, truncation of names).
    """
    parts = [transliterate(surname).split("<"), [w for w in transliterate(given).split("<") if w]]
    over = len("<<".join("<".join(part) for part in parts if part)) - width
    for part in reversed(parts):
        for at in reversed(range(len(part))):
            cut = max(0, min(len(part[at]) - 1, over))
            part[at] = part[at][: len(part[at]) - cut]
            over -= cut
    return "<<".join("<".join(part) for part in parts if part)[:width].ljust(width, "<")


def names_in(text: str) -> tuple[str, str]:
    """Return surname and given names, words separated by one space."""
    surname, _, given = text.rstrip("<").partition("<<")
    return " ".join(surname.split("<")).strip(), " ".join(given.replace("<", " ").split())
