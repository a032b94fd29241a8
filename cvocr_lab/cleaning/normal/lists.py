"""Closed lists: sexes, nationalities, peoples, religions, colours, brands, authorities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from cvocr_lab.cleaning.normal.cells import Cleaned, Trail
from cvocr_lab.data import rows
from cvocr_lab.kinds import FieldType
from cvocr_lab.places import Era, provinces
from cvocr_lab.text import fold_key, old_tone

_EDGES: Final = ' \t.,;:-–—_"`|*/\\()[]'
_SEX: Final = {
    "Nam": ("NAM", "M", "Male", "Nam / M", "NAM / M"),
    "Nữ": ("NỮ", "F", "Female", "Nữ / F", "NỮ / F"),
}
_OTHER_WORDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "SEX": _SEX,
    "PASSPORT_SEX": _SEX,
    "MRZ_SEX": _SEX,
    "NATIONALITY": {
        "Việt Nam": ("VIỆT NAM", "VNM", "Vietnamese", "Việt Nam / Vietnamese", "Việt Nam / VNM")
    },
}
"""Closed lists that are in no table: normal form and other spellings."""


_MIXED: Final = re.compile(r"\b(?=\w*[^\W\d_])(?=\w*\d)\w+")
_TO_LETTERS: Final = str.maketrans("01245689", "oizasgbg")


def _listed(trail: Trail, kind: FieldType, found: tuple[str, float] | None) -> Cleaned:
    """Return the entry that was found in a list, or the text as read."""
    if found is None:
        return trail.kept(f"not in the list of {kind.name}")
    word, score = found
    trail.then("list", "form" if score == 1 else "repair", word, score)
    return trail.done({"score": round(score, 4)})


class Lexicon:
    """Words to find misread ones among, from pairs of a spelling and its normal form.

    The first of equal spellings is used.  Words of up to `short` letters are never misread.
    """

    def __init__(self, words: Iterable[tuple[str, str]], *, short: int = 2) -> None:
        self.short = short
        self.by_mark: dict[str, str] = {}
        """Normal forms of spellings in small letters without blanks."""
        self.by_key: dict[str, list[str]] = {}
        """The same without marks, with all the normal forms they may stand for."""
        for spelling, word in words:
            mark, key = _forms(spelling)
            self.by_mark.setdefault(mark, word)
            if word not in self.by_key.setdefault(key, []):
                self.by_key[key].append(word)

    def find(self, text: str) -> tuple[str, float] | None:
        """Return the word that a text means and a score; None if none fits, or several."""
        mark, key = _forms(_MIXED.sub(lambda m: m[0].translate(_TO_LETTERS), text))
        if word := self.by_mark.get(mark):
            return word, 1.0
        if words := self.by_key.get(key):
            return self._by_marks(mark, words)
        most = 0 if len(key) <= self.short else 1 if len(key) < 7 else 2 + (len(key) > 11)
        most = max(most, len(key) // 8)
        if not most:
            return None
        near = process.extract(
            key, list(self.by_key), scorer=OSA.distance, score_cutoff=most, limit=4
        )
        found = sorted(
            (distance, -OSA.normalized_similarity(mark, _forms(word)[0]), word)
            for name, distance, _ in near
            for word in self.by_key[name]
        )
        if not found:
            return None
        distance, likeness, best = found[0]
        others = [f for f in found if f[2] != best]
        if others and (others[0][0], others[0][1] - 0.05) <= (distance, likeness):
            return None
        return best, max(-likeness, 1 - distance / len(key), 0.75 if self.short == 1 else 0.0)

    def _by_marks(self, mark: str, words: Sequence[str]) -> tuple[str, float] | None:
        scored = sorted(
            ((OSA.normalized_similarity(mark, _forms(w)[0]), w) for w in words), reverse=True
        )
        if len(scored) > 1 and scored[0][0] == scored[1][0]:
            return None
        return scored[0][1], 0.9 + 0.1 * scored[0][0]


@lru_cache(1 << 15)
def _forms(text: str) -> tuple[str, str]:
    return (
        "".join(re.findall(r"[^\W_]+", old_tone(text).lower())),
        fold_key(text).replace(" ", ""),
    )


def listed(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean an entry of a closed list, or another word for it."""
    trail = Trail(text)
    trail.then("spaces", "form", trail.text.strip(_EDGES))
    found = _lexicon_of(kind).find(trail.text)
    if found is None and re.search(r"[/(]", trail.text):
        found = _lexicon_of(kind).find(re.split(r"[/(]", trail.text)[0])
    return _listed(trail, kind, found)


@cache
def _lexicon_of(kind: FieldType) -> Lexicon:
    source = str(getattr(kind, "source", "@authorities"))
    if kind.name in _OTHER_WORDS:
        own = _OTHER_WORDS[kind.name].items()
        return Lexicon(((o, word) for word, others in own for o in (word, *others)), short=1)
    if kind.name == "COLOR":
        return Lexicon(((word, word) for word in re.findall(r"\w+", source)), short=1)
    if not source.startswith("@"):
        return Lexicon((word, word) for word in source.split("|"))
    table = [row for row in rows(f"{source[1:]}.csv") if "{" not in row["name"]]
    words = [(row["name"], row["name"]) for row in table]
    words += [(a, row["name"]) for row in table for a in row["aliases"].split(";") if a]
    return Lexicon(words)


def colour(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a colour of one to three words, each from the list."""
    trail = Trail(text)
    words = re.split(r"[\s,;/\-–]+", trail.text.strip(_EDGES))
    found = [colour for word in words if (colour := _lexicon_of(kind).find(word))]
    if len(found) < len(words):
        return _listed(trail, kind, None)
    made = " ".join(name for name, _ in found)
    return _listed(trail, kind, (made, min(score for _, score in found)))


def authority(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean the name of a central authority."""
    trail = Trail(text)
    trail.then("spaces", "form", trail.text.strip(_EDGES))
    return _listed(trail, kind, _lexicon_of(kind).find(trail.text))


def police(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean the police of a province: ``CÔNG AN TỈNH NGHỆ AN``, ``CÔNG AN THÀNH PHỐ HÀ NỘI``."""
    trail = Trail(text)
    bodies, known = _police()
    found = known.find(trail.text)
    if found is None:
        return authority(kind, text, None)
    body, score = found
    trail.then("authority", "form" if score == 1 else "repair", body, score)
    return trail.done({"score": round(score, 4), "province": bodies[body]})


@cache
def _police() -> tuple[dict[str, str], Lexicon]:
    """Return the provinces of the police bodies of the old era, and a lexicon of the bodies."""
    bodies, words = {}, []
    for place in provinces("old"):
        unit, short = ("THÀNH PHỐ", "TP") if place.kind == "city" else ("TỈNH", "T")
        name = place.name.upper()
        made = f"CÔNG AN {unit} {name}"
        bodies[made] = place.name
        for body in ("CÔNG AN", "CA", "GIÁM ĐỐC CA", "GIÁM ĐỐC CÔNG AN"):
            words += [(f"{body} {word} {name}", made) for word in ("", unit, short)]
    return bodies, Lexicon(words)
