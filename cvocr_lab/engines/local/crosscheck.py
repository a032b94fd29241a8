"""Reconciles print with code: what a QR code or an MRZ check digit proves, corrects the print.

A correction leaves a warning ``<field>:from_qr`` or ``<field>:from_mrz``; a value the code
confirms leaves none, but is as sure as the code.  A code that is another person's proves nothing
and leaves ``qr:of_another`` or ``mrz:of_another``: look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from cvocr_lab import mrz, qr
from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.kinds import DocumentType
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.results import Document
from cvocr_lab.text import comparison_key, fold_key


@dataclass(frozen=True, slots=True)
class Proof:
    """A value a code carries.

    Parameters
    ----------
    text
        In the field's printed form.
    source
        ``"qr"`` or ``"mrz"``.
    how
        ``"exact"``: the print must say the same; ``"folded"``: the same but for marks, which
        proves no mark; ``"words"``: a text that is near, word by word; ``"guess"``: what no
        check digit guards, which only fills a gap.
    """

    text: str
    source: str
    how: Literal["exact", "folded", "words", "guess"] = "exact"


def _printed(iso: str | None, separator: str = "/") -> str:
    if not iso or len(iso) != 10:
        return ""
    year, month, day = iso.split("-")
    return separator.join((day, month, year))


def qr_proofs(payload: str, kind: DocumentType) -> dict[str, Proof]:
    """What an ID card's QR code proves of the fields of that type."""
    try:
        code = qr.parse(payload)
    except ValueError:
        return {}
    proofs = {
        "id": Proof(code.number, "qr"),
        "person_number": Proof(code.number, "qr"),
        "name": Proof(comparison_key(code.name).upper(), "qr"),
        "born": Proof(_printed(code.birth), "qr"),
        "sex": Proof(code.sex, "qr"),
        "address": Proof(code.address, "qr", "words"),
    }
    if kind.name == "chip_id_card_2024_back":
        proofs["date"] = Proof(_printed(code.issued), "qr")
    names = {f.name for f in kind.fields}
    return {k: p for k, p in proofs.items() if p.text and k in names}


def mrz_proofs(zone: mrz.Mrz, kind: DocumentType) -> dict[str, Proof]:
    """What a machine-readable zone says of printed fields; exact only where check digits hold."""
    proofs: dict[str, Proof] = {}
    checks = zone.checks
    born, due = _printed(mrz.birth_date(zone)), _printed(mrz.expiry_date(zone))
    if kind.name == "passport":
        if checks.get("number"):
            proofs["id"] = Proof(zone.number, "mrz")
        if zone.person_number and checks.get("person_number"):
            proofs["person_number"] = Proof(zone.person_number, "mrz")
        if checks.get("birth"):
            proofs["born"] = Proof(born, "mrz")
        if checks.get("expiry"):
            proofs["duedate"] = Proof(due, "mrz")
        if zone.sex in ("M", "F"):
            proofs["sex"] = Proof("NAM" if zone.sex == "M" else "NỮ", "mrz", "guess")
        proofs["surname"] = Proof(zone.surname, "mrz", "folded")
        proofs["given_name"] = Proof(zone.given_names, "mrz", "folded")
        proofs["name"] = Proof(f"{zone.surname} {zone.given_names}", "mrz", "folded")
    elif checks.get("expiry") and "duedate" in {f.name for f in kind.fields}:
        proofs["duedate"] = Proof(due, "mrz")
    return {k: p for k, p in proofs.items() if p.text}


def mrz_fields(zone: mrz.Mrz) -> dict[str, str]:
    """Fields a TD1 zone carries itself, by the API's names."""
    values = {
        "document_number": zone.number,
        "person_number": zone.person_number,
        "dob": _printed(mrz.birth_date(zone)),
        "gender": zone.sex,
        "due_date": _printed(mrz.expiry_date(zone)),
        "country": zone.issuer,
        "nationality": zone.nationality,
        "sur_name": zone.surname,
        "given_name": zone.given_names,
    }
    return {k: v for k, v in values.items() if v}


def reconcile(
    readings: Mapping[str, Reading], proofs: Mapping[str, Proof]
) -> tuple[dict[str, Reading], set[str], list[str]]:
    """Readings after the proofs, the names of proven fields, and warnings."""
    made = dict(readings)
    proven: set[str] = set()
    warnings: list[str] = []
    strangers = {s for s in ("qr", "mrz") if _of_another(readings, proofs, s)}
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
        elif not sure and proof.how in ("folded", "guess") and not _alike(text, proof.text):
            warnings.append(f"{name}:differs_from_{proof.source}")
        made[name] = replace(reading, text=text)
        if sure:
            proven.add(name)
    return made, proven, warnings


def _of_another(readings: Mapping[str, Reading], proofs: Mapping[str, Proof], source: str) -> bool:
    """Whether most of what identifies a person is far from what the code says."""
    far = near = 0
    for name in ("id", "person_number", "name", "born", "given_name"):
        reading, proof = readings.get(name), proofs.get(name)
        if reading is None or proof is None or proof.source != source:
            continue
        alike = fuzz.ratio(fold_key(reading.text), fold_key(proof.text))
        far, near = far + (alike < 62), near + (alike >= 78)
    return far > near and far >= 1


def _alike(text: str, other: str) -> bool:
    return fold_key(text).replace(" ", "") == fold_key(other).replace(" ", "")


def _settle(text: str, proof: Proof) -> tuple[str, bool]:
    """The value to keep and whether the proof backs it wholly."""
    if proof.how in ("folded", "guess"):
        return text, False
    if proof.how == "words":
        return _by_words(text, proof.text)
    if comparison_key(text).upper() == comparison_key(proof.text).upper():
        return text, True
    return (proof.text.upper() if text.isupper() else proof.text), True


_UNITS = frozenset(
    [
        "xa",
        "phuong",
        "thi",
        "tran",
        "quan",
        "huyen",
        "xom",
        "thon",
        "to",
        "khu",
        "pho",
        "tp",
        "tx",
        "tt",
        "thanh",
        "tinh",
        "dac",
    ]
)
"""Words a code's address may have beyond the print's."""


def _by_words(text: str, source: str) -> tuple[str, bool]:
    """Printed words mended by the like words of the source; unlike words stay as printed."""
    printed, known = text.split(), source.split()
    if not printed or not known:
        return text, False
    bare = [w.strip(",.").casefold() for w in printed]
    base = [w.strip(",.").casefold() for w in known]
    out = list(printed)
    backed = [False] * len(printed)
    used: set[int] = set()
    for step in Levenshtein.opcodes([fold_key(w) for w in bare], [fold_key(w) for w in base]):
        if step.tag == "equal":
            pairs = zip(range(step.src_start, step.src_end), range(step.dest_start, step.dest_end),
                        strict=True)  # fmt: skip
        elif step.tag == "replace":
            count = min(step.src_end - step.src_start, step.dest_end - step.dest_start)
            pairs = zip(range(step.src_start, step.src_start + count),
                        range(step.dest_start, step.dest_start + count), strict=True)  # fmt: skip
        else:
            continue
        for i, j in pairs:
            if bare[i] == base[j] or _near(bare[i], base[j]):
                out[i] = _like(printed[i], known[j]) if bare[i] != base[j] else printed[i]
                backed[i] = True
                used.add(j)
    # A lost line of the print must not look proven.
    left = {fold_key(w) for j, w in enumerate(base) if j not in used}
    return " ".join(out), all(backed) and left <= _UNITS


def _near(word: str, other: str) -> bool:
    if any(c.isdigit() for c in word + other):
        return len(word) == len(other) and Levenshtein.distance(word, other) <= 1
    return Levenshtein.distance(fold_key(word), fold_key(other)) <= max(1, len(other) // 3)


def _like(printed: str, known: str) -> str:
    """The known word with the printed word's case and punctuation."""
    core = known.strip(",.")
    bare = printed.strip(",.")
    if bare.isupper() and len(bare) > 1:
        core = core.upper()
    start = printed[: len(printed) - len(printed.lstrip(",."))]
    end = printed[len(printed.rstrip(",.")) :]
    return start + core + end


def number_agrees(kind: DocumentType, readings: Mapping[str, Reading]) -> bool | None:
    """Whether the 12-digit number fits printed birth and sex; None when it cannot be said."""
    from cvocr_lab.places import check_citizen_id

    number, born, sex = (readings.get(n) for n in ("id", "born", "sex"))
    if number is None or not isinstance(kind["id"].type, t.CitizenId):
        return None
    birth = None
    if born is not None and t.BIRTH_DATE.accepts(born.text):
        birth = t.BIRTH_DATE.parse(born.text)
    said = sex.text if sex is not None else None
    return not check_citizen_id(number.text, birth=birth, sex=said)


def sides_differ(documents: Sequence[Document]) -> bool:
    """Whether the numbers of a front and a back are two persons'."""
    numbers = {
        side: {
            value.text
            for d in documents
            for name, value in d.fields.items()
            if d.side == side and name in names
        }
        for side, names in (("front", ("id",)), ("back", ("person_number",)))
    }
    return bool(numbers["front"] and numbers["back"] and not numbers["front"] & numbers["back"])
