"""Reconciles print with codes: values proven by `cvocr_lab.proofs` correct the print.

A correction adds the warning ``<field>:from_qr`` or ``<field>:from_mrz``; a value that the code
confirms gets no warning, but the confidence of the code.  A code that belongs to another person
proves nothing and adds ``qr:of_another`` or ``mrz:of_another``, which asks for a manual check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.kinds import DocumentType
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.places import check_citizen_id
from cvocr_lab.proofs import Proof, alike, of_another
from cvocr_lab.results import Document
from cvocr_lab.text import comparison_key, fold_key


def uncontradicted(proofs: Mapping[str, Proof], warnings: Sequence[str]) -> dict[str, Proof]:
    """Return the proofs, except those from the MRZ that contradict confidently read print.

    A zone that was repaired until its check digits were right may have been changed in the wrong
    place.
    """
    return {n: p for n, p in proofs.items() if f"{n}:contradicts_mrz" not in warnings}


def reconcile(
    readings: Mapping[str, Reading], proofs: Mapping[str, Proof]
) -> tuple[dict[str, Reading], set[str], list[str]]:
    """Return the readings corrected by the proofs, the names of proven fields, and warnings."""
    made = dict(readings)
    proven: set[str] = set()
    warnings: list[str] = []
    printed = {name: reading.text for name, reading in readings.items()}
    strangers = {s for s in ("qr", "mrz") if of_another(printed, proofs, s)}
    warnings += [f"{source}:of_another" for source in sorted(strangers)]
    for name, proof in proofs.items():
        if proof.source in strangers:
            continue
        reading = made.get(name)
        if reading is None:
            if proof.how in ("exact", "guess"):
                made[name] = Reading(proof.text, None, (), 0.0, False)
                warnings.append(f"{name}:from_{proof.source}")
                if proof.how == "exact":
                    proven.add(name)
            continue
        text, sure = _settle(reading.text, proof)
        if comparison_key(text) != comparison_key(reading.text):
            warnings.append(f"{name}:from_{proof.source}")
        elif not sure and proof.how in ("folded", "guess") and not alike(text, proof.text):
            warnings.append(f"{name}:differs_from_{proof.source}")
        made[name] = replace(reading, text=text)
        if sure:
            proven.add(name)
    return made, proven, warnings


def _settle(text: str, proof: Proof) -> tuple[str, bool]:
    """Return the value to keep, and whether the proof confirms all of it."""
    if proof.how in ("folded", "guess"):
        return text, False
    if proof.how == "words":
        return _by_words(text, proof.text)
    printed = comparison_key(text).upper()
    if comparison_key(proof.text).upper() in (printed, _LETTERS.get(printed)):
        return text, True
    return (proof.text.upper() if text.isupper() else proof.text), True


_LETTERS = {"M": "NAM", "F": "NỮ"}
"""Words for the sex in passports that print only a letter."""
_UNITS = frozenset((
    "xa", "phuong", "thi", "tran", "quan", "huyen", "xom", "thon", "to", "khu", "pho", "tp", "tx",
    "tt", "thanh", "tinh", "dac",
))  # fmt: skip
"""Words that the address in a code may have in addition to the printed ones."""


def _by_words(text: str, source: str) -> tuple[str, bool]:
    """Correct printed words by similar words of the source; keep dissimilar words as printed."""
    printed, known = text.split(), source.split()
    if not printed or not known:
        return text, False
    bare = [w.strip(",.").casefold() for w in printed]
    base = [w.strip(",.").casefold() for w in known]
    out = list(printed)
    backed = [False] * len(printed)
    used: set[int] = set()
    for step in Levenshtein.opcodes([fold_key(w) for w in bare], [fold_key(w) for w in base]):
        ours = range(step.src_start, step.src_end)
        theirs = range(step.dest_start, step.dest_end)
        for i, j in zip(ours, theirs, strict=False):  # one is empty for words only one of them has
            if bare[i] == base[j] or _near(bare[i], base[j]):
                out[i] = _like(printed[i], known[j]) if bare[i] != base[j] else printed[i]
                backed[i] = True
                used.add(j)
    # An address with a line missing must not count as proven.
    left = {fold_key(w) for j, w in enumerate(base) if j not in used}
    return " ".join(out), all(backed) and left <= _UNITS


def _near(word: str, other: str) -> bool:
    if any(c.isdigit() for c in word + other):
        return len(word) == len(other) and Levenshtein.distance(word, other) <= 1
    return Levenshtein.distance(fold_key(word), fold_key(other)) <= max(1, len(other) // 3)


def _like(printed: str, known: str) -> str:
    """Return the known word with the case and punctuation of the printed word."""
    core, bare = known.strip(",."), printed.strip(",.")
    start, end = printed.split(bare, 1) if bare else (printed, "")
    return start + (core.upper() if bare.isupper() and len(bare) > 1 else core) + end


def number_agrees(kind: DocumentType, readings: Mapping[str, Reading]) -> bool | None:
    """Return whether the 12-digit number fits the printed birth date and sex; None if unknown."""
    number, born, sex = (readings.get(n) for n in ("id", "born", "sex"))
    if number is None or not isinstance(kind["id"].type, forms.CitizenId):
        return None
    birth = None
    if born is not None and t.BIRTH_DATE.accepts(born.text):
        birth = t.BIRTH_DATE.parse(born.text)
    said = sex.text if sex is not None else None
    return not check_citizen_id(number.text, birth=birth, sex=said)


def sides_differ(documents: Sequence[Document]) -> bool:
    """Return whether the numbers of a front and a back belong to different persons."""
    fronts, backs = (
        {d.fields[name].text for d in documents if d.side == side and name in d.fields}
        for side, name in (("front", "id"), ("back", "person_number"))
    )
    return bool(fronts and backs and not fronts & backs)
