"""Vietnamese text: normalisation, placement of tone marks, folding, similar characters.

The alphabet has 146 letters with diacritics and cases: 12 vowels (a ă â e ê i o ô ơ u ư y) in 6
tones, and đ, in two cases; 134 of them are not ASCII.
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final, Literal

Shape = Literal["plain", "breve", "circumflex", "horn", "stroke"]
"""Diacritic that forms a letter: ă has a breve, â ê ô a circumflex, ơ ư a horn, đ a stroke."""

Tone = Literal["level", "grave", "acute", "hook", "tilde", "dot"]
"""Tone mark: ngang (none), huyền, sắc, hỏi, ngã, nặng."""

SHAPE_MARKS: Final[dict[str, Shape]] = {"\u0306": "breve", "\u0302": "circumflex", "\u031b": "horn"}
TONE_MARKS: Final[dict[str, Tone]] = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0309": "hook",
    "\u0303": "tilde",
    "\u0323": "dot",
}
_MARK_OF: Final = {name: mark for mark, name in (SHAPE_MARKS | TONE_MARKS).items()}

_VOWELS: Final = "aăâeêioôơuưy"


def _letters() -> str:
    toned = [
        unicodedata.normalize("NFC", vowel + tone)
        for vowel in _VOWELS
        for tone in ("", *TONE_MARKS)
    ]
    lower = "".join(toned) + "đ"
    return lower + lower.upper()


LETTERS: Final = _letters()
"""The 146 letters: vowels in all tones and đ, lower case then upper case, one code point each."""

TYPOGRAPHIC: Final = "“”‘’–—°"
"""Typographic characters that the papers do not use."""

CHARSET: Final = (
    "".join(sorted({*LETTERS, *string.ascii_letters, *string.digits, *string.punctuation, " "}))
    + TYPOGRAPHIC
)
"""The 236 characters that a recogniser can return: space, ASCII, 134 letters, `TYPOGRAPHIC`."""

_REPAIRS: Final = str.maketrans(
    {
        "\u00d0": "Đ",  # eth, used by some fonts and old converters
        "\u0189": "Đ",  # African D
        "\u00f0": "đ",
        "\u0256": "đ",
        "\u00a0": " ",
        "\u202f": " ",
        "\u00ad": None,  # soft hyphen
        "\u200b": None,  # zero width space, non-joiner, joiner; word joiner; byte order mark
        "\u200c": None,
        "\u200d": None,
        "\u2060": None,
        "\ufeff": None,
    }
)
# Circumflex, breve and most tones have the same combining class, so NFC does not reorder them.
_TONE_BEFORE_SHAPE: Final = re.compile("([\u0300\u0301\u0309\u0303])([\u0302\u0306])")

# Texts with combining marks or with characters of _REPAIRS need the full normalisation.
_ODD: Final = re.compile("[\u0300-\u036f" + "".join(map(chr, _REPAIRS)) + "]")


def nfc(text: str) -> str:
    """Normalise `text` to NFC, unify Đ, remove invisible characters, and replace no-break spaces.

    Eth (U+00D0) and African D (U+0189), which look like Đ, are replaced by it.  Line breaks and
    other spaces are kept.

    >>> nfc("Ða\u0300 La\u0323t")
    'Đà Lạt'
    """
    if text.isascii() or (not _ODD.search(text) and unicodedata.is_normalized("NFC", text)):
        return text
    text = unicodedata.normalize("NFD", text.translate(_REPAIRS))
    return unicodedata.normalize("NFC", _TONE_BEFORE_SHAPE.sub(r"\2\1", text))


def collapse(text: str) -> str:
    """Replace each run of white space in `text` by one space, and strip the ends."""
    return " ".join(text.split())


_PLAIN: Final = str.maketrans(TYPOGRAPHIC, "\"\"''--o")


def plain(text: str) -> str:
    """Replace the characters of `TYPOGRAPHIC` in `text` by those of a keyboard, one for one.

    >>> plain("“Hà Nội” – Nº 1")
    '"Hà Nội" - Nº 1'
    """
    return text.translate(_PLAIN)


def comparison_key(text: str) -> str:
    """Return the form in which values are compared: NFC, spaces collapsed and stripped."""
    return collapse(nfc(text))


_ALNUM: Final = re.compile(r"[^\W_]+")
_FOLDED: Final = {
    ord(letter): {"đ": "d", "Đ": "D"}.get(letter, unicodedata.normalize("NFD", letter)[0])
    for letter in LETTERS
}


def fold(text: str) -> str:
    """Remove diacritics from `text`, with đ as d; case, digits and punctuation are kept.

    >>> fold("Đường Nguyễn Huệ, TP. Huế")
    'Duong Nguyen Hue, TP. Hue'
    """
    if text.isascii():
        return text
    known = text.translate(_FOLDED)
    if known.isascii():  # all letters are in the alphabet, and in NFC
        return known
    text = nfc(text)
    known = text.translate(_FOLDED)
    if known.isascii():
        return known
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(bare)).replace("đ", "d").replace("Đ", "D")


@lru_cache(1 << 16)
def fold_key(text: str) -> str:
    """Return the letters and digits of `text` without diacritics and case, in words.

    It is used to find captions and places in misread text.

    >>> fold_key("Họ và tên / Full name:")
    'ho va ten full name'
    """
    if len(words := text.split()) > 1:  # words come again and again
        return " ".join(filter(None, map(fold_key, words)))
    bare = text if text.isascii() else text.translate(_FOLDED)
    bare = bare.lower() if bare.isascii() else fold(fold(text).casefold())
    return " ".join(_ALNUM.findall(bare))


@cache
def decompose(letter: str) -> tuple[str, Shape, Tone]:
    """Split a letter into base, shape and tone; the base keeps the case.

    A character that is not a Vietnamese letter is its own base, with shape plain and tone level.

    >>> decompose("ậ")
    ('a', 'circumflex', 'dot')
    """
    letter = nfc(letter)
    if letter in ("đ", "Đ"):
        return ("d" if letter == "đ" else "D"), "stroke", "level"
    if letter not in LETTERS or not letter:
        return letter, "plain", "level"
    parts = unicodedata.normalize("NFD", letter)
    shape: Shape = next((SHAPE_MARKS[mark] for mark in parts if mark in SHAPE_MARKS), "plain")
    tone: Tone = next((TONE_MARKS[mark] for mark in parts if mark in TONE_MARKS), "level")
    return parts[0], shape, tone


def compose(base: str, shape: Shape = "plain", tone: Tone = "level") -> str:
    """Compose a letter from its parts; the inverse of `decompose`.

    >>> compose("U", "horn", "acute")
    'Ứ'
    """
    if shape == "stroke":
        base = {"d": "đ", "D": "Đ"}[base]
    marks = _MARK_OF.get(shape, "") + _MARK_OF.get(tone, "")
    return unicodedata.normalize("NFC", base + marks)


_WORD: Final = re.compile(r"[^\W\d_]+")
# Onset, vowels and coda of a syllable without tone.  "qu" and "gi" before a vowel are onsets.
_SYLLABLE: Final = re.compile(
    r"(qu|gi(?=[aăâeêioôơuưy])|ngh|ng|nh|gh|kh|ch|ph|th|tr|[bcdđghklmnprstvx])?"
    r"([aăâeêioôơuưy]{1,3})"
    r"(ng|nh|ch|[cmnptk])?"
)
_LATE: Final = frozenset({"oa", "oe", "uy"})


def old_tone(text: str) -> str:
    """Place the tone marks of `text` in the old style: hòa, hòe, thủy.

    Other misplaced tone marks are corrected in both styles (`baì` → `bài`, `tóan` → `toán`).
    Words that are not Vietnamese syllables are unchanged.

    >>> old_tone("Khánh Hoà, Thuỷ, quý, hoàn")
    'Khánh Hòa, Thủy, quý, hoàn'
    """
    return _toned(text, False)


def new_tone(text: str) -> str:
    """Place the tone marks of `text` in the new style: hoà, hoè, thuỷ; see `old_tone`.

    >>> new_tone("Khánh Hòa, Thủy, quý, hoàn")
    'Khánh Hoà, Thuỷ, quý, hoàn'
    """
    return _toned(text, True)


@lru_cache(1 << 16)
def _toned(text: str, late: bool, /) -> str:
    if text.isascii():
        return text
    if " " in text:  # words come again and again
        return " ".join([_toned(word, late) for word in text.split(" ")])
    return _WORD.sub(lambda m: _place(m[0], late=late), nfc(text))


@cache
def _place(word: str, *, late: bool) -> str:
    parts = [decompose(letter) for letter in word]
    tones = {tone for _, _, tone in parts if tone != "level"}
    if len(tones) != 1:
        return word
    bare = [compose(base, shape) for base, shape, _ in parts]
    syllable = _SYLLABLE.fullmatch("".join(bare).lower())
    if not syllable or "ưo" in syllable[2]:
        return word
    start, vowels, coda = syllable.start(2), syllable[2], syllable[3]
    shaped = [i for i, vowel in enumerate(vowels) if vowel in "ăâêôơư"]
    if shaped:
        at = shaped[-1]
    elif len(vowels) == 3:
        at = 1
    else:
        at = len(vowels) - 1 if coda or (late and vowels in _LATE) else 0
    base, shape, _ = parts[start + at]
    bare[start + at] = compose(base, shape, tones.pop())
    return "".join(bare)


@cache
def is_syllable(word: str) -> bool:
    """Return whether a word, in any case and tone, can be a Vietnamese syllable.

    >>> is_syllable("Nguyễn"), is_syllable("TNHH")
    (True, False)
    """
    parts = (decompose(letter) for letter in nfc(word))
    return bool(_SYLLABLE.fullmatch("".join(compose(b, shape) for b, shape, _ in parts).lower()))


_TO_DIGIT: Final = str.maketrans("OoQDIl|!iZzSsGB", "000011111225568")
_TO_LETTER: Final = str.maketrans("01|2568", "OIIZSGB")


def digits_from_lookalikes(text: str) -> str:
    """Replace letters that look like a digit by it (O→0, I→1, Z→2, S→5, G→6, B→8).

    It is used where only digits are possible.

    >>> digits_from_lookalikes("O7/I2/2OZ1")
    '07/12/2021'
    """
    return text.translate(_TO_DIGIT)


def letters_from_lookalikes(text: str) -> str:
    """Replace digits that look like a capital letter by it.

    >>> letters_from_lookalikes("N6UYEN")
    'NGUYEN'
    """
    return text.translate(_TO_LETTER)


_WIDTHS: Final = {
    **dict.fromkeys("iIíìịỉĩ|lj.,:;'!1", 0.45),
    **dict.fromkeys("frt()[]-/ ", 0.6),
    **dict.fromkeys("mwMW", 1.5),
}


def letter_widths(text: str) -> list[float]:
    """Return the approximate width of each letter, relative to a lower-case letter.

    >>> letter_widths("Một")
    [1.5, 1.0, 0.6]
    """
    return [_WIDTHS.get(c) or (1.2 if c.isupper() else 1.0) for c in text]


def letter_shares(
    text: str, begin: int, end: int, *, before: float = 1.0, after: float = 1.0
) -> tuple[float, float]:
    """Return the start and end of ``text[begin:end]`` as shares of the width of the whole text.

    `before` and `after` are the relative sizes of the letters before and after this part.

    >>> letter_shares("xoan", 1, 2)
    (0.25, 0.5)
    """
    scales = [before] * begin + [1.0] * (end - begin) + [after] * (len(text) - end)
    widths = [width * scale for width, scale in zip(letter_widths(text), scales, strict=True)]
    edges = [0.0, *accumulate(widths)]
    whole = edges[-1] or 1.0
    return edges[begin] / whole, edges[end] / whole
