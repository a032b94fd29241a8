"""Facts proven by the codes on a paper: the QR code and the machine-readable zone (MRZ).

A *fact* is a value that a code contains, independent of the type of paper:

============  =====================================  =============================================
fact          normal form                            fields that print it
============  =====================================  =============================================
number        12 digits (9 in an older passport)     ``id`` of cards, ``person_number``
old_number    9 digits                               ``id`` of the CMND
passport      letter and digits                      ``id`` of the passport
name          words in capitals, with diacritics     ``name``
birth         ``yyyy-mm-dd``                         ``born``
sex           ``Nam`` or ``Nữ``                      ``sex``
issued        ``yyyy-mm-dd``                         ``date``
expiry        ``yyyy-mm-dd``                         ``duedate``
============  =====================================  =============================================

QR codes correct reading errors (ISO/IEC 18004), so everything in them is read correctly.  In an
MRZ, only values with a check digit are used (ICAO Doc 9303 parts 3 to 5).  Names, countries and
the sex have none; the sex is used if the 12-digit number confirms it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from rapidfuzz import fuzz

from cvocr_lab import mrz, qr
from cvocr_lab.dates import printed_date
from cvocr_lab.kinds import DocumentType
from cvocr_lab.text import comparison_key, fold_key

Fact = Literal["number", "old_number", "passport", "name", "birth", "sex", "issued", "expiry"]
Facts = Mapping[Fact, str]

_FACTS: Final[Mapping[str, Fact]] = {
    "id": "number",
    "person_number": "number",
    "name": "name",
    "born": "birth",
    "sex": "sex",
    "date": "issued",
    "duedate": "expiry",
}
_NINE_DIGITS: Final = ("cmt", "matsaucmt")


def fact_of(document_type: DocumentType, field: str) -> Fact | None:
    """Return the fact that a field of this type prints; None if no code contains it.

    >>> from cvocr_lab.kinds import TYPES
    >>> fact_of(TYPES["tcc_chip"], "id"), fact_of(TYPES["passport"], "id")
    ('number', 'passport')
    """
    if document_type.family == "vehicle" or (
        field == "id" and document_type[field].source == "mrz"
    ):
        return None  # in the MRZ of a card, `id` is only the end of the number
    if field == "id" and document_type.family == "passport":
        return "passport"
    if field == "id" and document_type.name in _NINE_DIGITS:
        return "old_number"
    return _FACTS.get(field)


def printed(document_type: DocumentType, field: str, value: str) -> str:
    """Convert the normal form of a fact to the printed form of `field`."""
    fact = fact_of(document_type, field)
    if fact in ("birth", "issued", "expiry"):
        return printed_date(value)
    if fact == "sex" and document_type[field].source == "mrz":
        return "M" if value == "Nam" else "F"
    return value.upper() if fact == "sex" and document_type.family == "passport" else value


def qr_facts(code: qr.IdQr) -> Facts:
    """Return the facts in the QR code of an identity card.

    >>> facts = qr_facts(qr.parse("001099000123||Nguyễn Văn Mẫu|01011999|Nam|Hà Nội|01072021"))
    >>> facts["name"], facts["issued"]
    ('NGUYỄN VĂN MẪU', '2021-07-01')
    """
    facts: dict[Fact, str] = {
        "number": code.number,
        "old_number": code.old_number,
        "name": "" if _lost_its_marks(code) else comparison_key(code.name).upper(),
        "birth": code.birth if printed_date(code.birth) else "",
        "sex": code.sex if code.sex in ("Nam", "Nữ") else "",
        "issued": code.issued if printed_date(code.issued) else "",
    }
    return {fact: value for fact, value in facts.items() if value}


def _lost_its_marks(code: qr.IdQr) -> bool:
    """Return whether diacritics were lost: every name with its address has some."""
    return (code.name + code.address).isascii()


def mrz_facts(zone: mrz.Mrz) -> Facts:
    """Return the facts proven by the check digits of an MRZ.

    >>> card = mrz.parse(["IDVNM0990001232001099000123<<3", "9901018M3901016VNM<<<<<<<<<<<8",
    ...                   "NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<"])
    >>> mrz_facts(card)["expiry"], "name" in mrz_facts(card)
    ('2039-01-01', False)
    """
    if zone.format in ("MRV-A", "MRV-B"):  # a visa has its own number and expiry
        return {}
    checks = zone.checks
    facts: dict[Fact, str] = {}
    personal = zone.person_number if checks.get("person_number") else ""
    if personal and checks.get("numbers_agree", True):
        facts["number"] = personal
    if zone.format == "TD3" and checks.get("number"):
        facts["passport"] = zone.number
    if checks.get("birth"):
        facts["birth"] = mrz.birth_date(zone) or ""
    if checks.get("expiry"):
        facts["expiry"] = mrz.expiry_date(zone) or ""
    sex = {"M": "Nam", "F": "Nữ"}.get(zone.sex, "")
    number = facts.get("number", "")
    if sex and len(number) == 12 and int(number[3]) % 2 == (sex == "Nữ"):
        facts["sex"] = sex
    return {fact: value for fact, value in facts.items() if value}


@dataclass(frozen=True, slots=True)
class Proof:
    """A value in a code, in the printed form of its field; the source is ``"qr"`` or ``"mrz"``.

    `how` is ``"exact"`` if the printed value must be equal; ``"folded"``, equal except for
    diacritics, which are not proven; ``"words"``, similar word by word; ``"guess"``, without a
    check digit, so that it is only used if nothing was read.
    """

    text: str
    source: str
    how: Literal["exact", "folded", "words", "guess"] = "exact"


def qr_proofs(payload: str, document_type: DocumentType) -> dict[str, Proof]:
    """Return the values of a card's fields in its QR code; empty for other codes."""
    try:
        code = qr.parse(payload)
    except ValueError:
        return {}
    proofs = _proofs(qr_facts(code), document_type, "qr", also="person_number")
    if "address" in document_type.names and code.address and not _lost_its_marks(code):
        proofs["address"] = Proof(code.address, "qr", "words")
    return proofs


def mrz_proofs(zone: mrz.Mrz, document_type: DocumentType) -> dict[str, Proof]:
    """Return the values of printed fields in an MRZ; exact only with valid check digits."""
    proofs = _proofs(mrz_facts(zone), document_type, "mrz", also="duedate")
    if document_type.name == "passport":
        sex = {"M": "NAM", "F": "NỮ"}.get(zone.sex, "")
        proofs["sex"] = Proof(sex, "mrz", "guess")
        proofs["surname"] = Proof(zone.surname, "mrz", "folded")
        proofs["given_name"] = Proof(zone.given_names, "mrz", "folded")
        proofs["name"] = Proof(f"{zone.surname} {zone.given_names}", "mrz", "folded")
    elif "duedate" in proofs and zone.expiry == _NO_END:
        # A type that always prints a date has no words for this.
        proofs["duedate"] = Proof(getattr(document_type["duedate"].type, "words", ""), "mrz")
    return {name: proof for name, proof in proofs.items() if proof.text}


def _proofs(
    facts: Facts, document_type: DocumentType, source: str, *, also: str
) -> dict[str, Proof]:
    """Return the proofs of the printed fields of a type, and of the field `also`."""
    return {
        field.name: Proof(printed(document_type, field.name, facts[fact]), source)
        for field in document_type.fields
        if (field.source == "print" or field.name == also)
        and (fact := fact_of(document_type, field.name))
        and fact in facts
    }


def mrz_values(zone: mrz.Mrz) -> dict[str, str]:
    """Return the values of the fields that an MRZ has; "" for those that are empty."""
    return {
        "id": zone.number,
        "person_number": zone.person_number,
        "born": printed_date(mrz.birth_date(zone)),
        "sex": zone.sex,
        "duedate": printed_date(mrz.expiry_date(zone)),
        "country": zone.issuer,
        "nationality": zone.nationality,
        "surname": zone.surname,
        "given_name": zone.given_names,
    }


def mrz_fields(zone: mrz.Mrz, document_type: DocumentType) -> dict[str, str]:
    """Return the fields of this type that are in its TD1 MRZ but not printed."""
    values = mrz_values(zone)
    return {
        f.name: v for f in document_type.fields if f.source == "mrz" and (v := values.get(f.name))
    }


_NO_END: Final = "991231"
"""Expiry in the MRZ of a card without an end of validity."""


_IDENTITY: Final = ("id", "person_number", "name", "born", "given_name")


def of_another(values: Mapping[str, str], proofs: Mapping[str, Proof], source: str) -> bool:
    """Return whether a code belongs to another person: most identifying values differ from it.

    Printed `values` are compared with the `proofs` of the code `source`, ``"qr"`` or ``"mrz"``.
    """
    far = near = 0
    for name in _IDENTITY:
        value, proof = values.get(name), proofs.get(name)
        if not value or proof is None or proof.source != source:
            continue
        likeness = _likeness(value, proof)
        far, near = far + (likeness < 62), near + (likeness >= 78)
    return far > near and far >= 1


def _likeness(value: str, proof: Proof) -> float:
    """Return the similarity of a value and a proof, 0 to 100; of names in the form of an MRZ."""
    if proof.source == "mrz" and proof.how == "folded":
        if mrz.name_agrees(value, proof.text, cut=len(proof.text) >= _MIN_CUT):
            return 100.0
        words = mrz.transliterate(value), mrz.transliterate(proof.text)
        return max(fuzz.ratio(*words), fuzz.ratio(fold_key(value), fold_key(proof.text)))
    return fuzz.ratio(fold_key(value), fold_key(proof.text))


_MIN_CUT: Final = 28
"""Names in an MRZ may be cut off from this length on."""


def alike(text: str, other: str) -> bool:
    """Return whether two values are equal except for diacritics, case, blanks and punctuation.

    Letters are also compared with their transliteration in an MRZ.

    >>> alike("NGUYỄN VĂN MẪU", "Nguyen Van Mau")
    True
    """
    if fold_key(text).replace(" ", "") == fold_key(other).replace(" ", ""):
        return True
    return mrz.transliterate(text) != "" and mrz.name_agrees(text, mrz.transliterate(other))
