"""What the codes on a paper prove of its print: the QR text and the machine-readable zone.

A *fact* is what a code carries, whatever paper it stands on:

============  =====================================  =============================================
fact          normal form                            fields that print it
============  =====================================  =============================================
number        12 digits (9 in an older passport)     ``id`` of cards, ``person_number``
old_number    9 digits                               ``id`` of the CMND
passport      letter and digits                      ``id`` of the passport
name          words in capitals, with marks          ``name``
birth         ``yyyy-mm-dd``                         ``born``
sex           ``Nam`` or ``Nữ``                      ``sex``
issued        ``yyyy-mm-dd``                         ``date``
expiry        ``yyyy-mm-dd``                         ``duedate``
============  =====================================  =============================================

A QR code mends its own misreading (ISO/IEC 18004), so all it says is read right.  Of a zone only
what a check digit guards counts (ICAO Doc 9303 parts 3 to 5): neither names nor countries are
guarded, nor is the sex, which counts where the 12-digit number says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from rapidfuzz import fuzz

from cvocr_lab import mrz, qr
from cvocr_lab.dates import printed_date as printed_date
from cvocr_lab.kinds import DocumentType
from cvocr_lab.kinds._fieldtypes import Date
from cvocr_lab.text import comparison_key, fold_key

Fact = Literal["number", "old_number", "passport", "name", "birth", "sex", "issued", "expiry"]
Facts = Mapping[Fact, str]

_FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "id": "number",
        "person_number": "number",
        "name": "name",
        "born": "birth",
        "sex": "sex",
        "date": "issued",
        "duedate": "expiry",
    }
)
_NINE_DIGITS: Final = ("cmt", "matsaucmt")


def fact_of(kind: DocumentType, field: str) -> Fact | None:
    """Tell which fact a field of that type prints; None for one that no code carries.

    >>> from cvocr_lab.kinds import TYPES
    >>> fact_of(TYPES["tcc_chip"], "id"), fact_of(TYPES["passport"], "id")
    ('number', 'passport')
    """
    if kind.family == "vehicle" or (field == "id" and kind[field].source == "mrz"):
        return None  # of a card's zone, `id` is only the end of the number
    if field == "id" and kind.family == "passport":
        return "passport"
    if field == "id" and kind.name in _NINE_DIGITS:
        return "old_number"
    return _FACTS.get(field)


def printed(kind: DocumentType, field: str, value: str) -> str:
    """Write a fact's normal form the way `field` prints it."""
    fact = fact_of(kind, field)
    if fact in ("birth", "issued", "expiry"):
        return printed_date(value)
    if fact == "sex" and kind[field].source == "mrz":
        return "M" if value == "Nam" else "F"
    return value.upper() if fact == "sex" and kind.family == "passport" else value


def qr_facts(code: qr.IdQr) -> Facts:
    """List what an identity card's QR code proves.

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
    """Tell whether a reader dropped all that is not ASCII: no name with its address has no mark."""
    return (code.name + code.address).isascii()


def mrz_facts(zone: mrz.Mrz) -> Facts:
    """List what the check digits of a zone prove.

    >>> card = mrz.parse(["IDVNM0990001232001099000123<<3", "9901018M3901016VNM<<<<<<<<<<<8",
    ...                   "NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<"])
    >>> mrz_facts(card)["expiry"], "name" in mrz_facts(card)
    ('2039-01-01', False)
    """
    if zone.format in ("MRV-A", "MRV-B"):  # a visa has its own number and end
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


def qr_proofs(payload: str, kind: DocumentType) -> dict[str, Proof]:
    """What an ID card's QR code proves of the fields of that type; nothing for other codes."""
    try:
        code = qr.parse(payload)
    except ValueError:
        return {}
    facts = qr_facts(code)
    proofs = {
        "id": Proof(code.number, "qr"),
        "person_number": Proof(code.number, "qr"),
        "name": Proof(facts.get("name", ""), "qr"),
        "born": Proof(printed_date(code.birth), "qr"),
        "sex": Proof(code.sex, "qr"),
        "address": Proof("" if _lost_its_marks(code) else code.address, "qr", "words"),
    }
    if kind.name == "chip_id_card_2024_back":
        proofs["date"] = Proof(printed_date(code.issued), "qr")
    names = {f.name for f in kind.fields if f.source == "print"} | {"person_number"}
    names &= {f.name for f in kind.fields}
    return {k: p for k, p in proofs.items() if p.text and k in names}


def mrz_proofs(zone: mrz.Mrz, kind: DocumentType) -> dict[str, Proof]:
    """What a machine-readable zone says of printed fields; exact only where check digits hold."""
    proofs: dict[str, Proof] = {}
    checks = zone.checks if zone.format not in ("MRV-A", "MRV-B") else {}
    born, due = printed_date(mrz.birth_date(zone)), printed_date(mrz.expiry_date(zone))
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
        proofs["duedate"] = Proof(_no_end(kind) if zone.expiry == _NO_END else due, "mrz")
    return {k: p for k, p in proofs.items() if p.text}


def mrz_fields(zone: mrz.Mrz, kind: DocumentType) -> dict[str, str]:
    """Fields that papers of this type do not print and their TD1 zone carries."""
    values = {
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
    return {f.name: v for f in kind.fields if f.source == "mrz" and (v := values.get(f.name))}


_NO_END: Final = "991231"
"""What a zone says of a card without an end."""


def _no_end(kind: DocumentType) -> str:
    """How a card prints that it has no end; "" where it prints a date in any case."""
    expiry = kind["duedate"].type
    return expiry.words if isinstance(expiry, Date) else ""


_IDENTITY: Final = ("id", "person_number", "name", "born", "given_name")


def of_another(values: Mapping[str, str], proofs: Mapping[str, Proof], source: str) -> bool:
    """Tell whether most of what identifies a person is far from what the code says.

    Parameters
    ----------
    values
        Printed values by field.
    source
        Whose proofs count: ``"qr"`` or ``"mrz"``.
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
    """How like a value is to what a code says, 0 to 100; of names, as a zone may write them."""
    if proof.source == "mrz" and proof.how == "folded":
        if mrz.name_agrees(value, proof.text, cut=len(proof.text) >= _LEAST_CUT):
            return 100.0
        words = mrz.transliterate(value), mrz.transliterate(proof.text)
        return max(fuzz.ratio(*words), fuzz.ratio(fold_key(value), fold_key(proof.text)))
    return fuzz.ratio(fold_key(value), fold_key(proof.text))


_LEAST_CUT: Final = 28
"""Characters of the shortest name that a zone may have cut."""


def alike(text: str, other: str) -> bool:
    """Tell whether two values are one but for marks, case, blanks and punctuation.

    Letters that a machine-readable zone writes as two are those two.

    >>> alike("NGUYỄN VĂN MẪU", "Nguyen Van Mau")
    True
    """
    if fold_key(text).replace(" ", "") == fold_key(other).replace(" ", ""):
        return True
    return mrz.transliterate(text) != "" and mrz.name_agrees(text, mrz.transliterate(other))
