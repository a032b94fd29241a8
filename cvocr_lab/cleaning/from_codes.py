"""`labels_from_codes`: truth that costs no labelling, from the codes on the papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from cvocr_lab.cleaning.rule_input import RuleInput, where
from cvocr_lab.cleaning.rules import Mask, Texts
from cvocr_lab.frames import TEXT, UNREADABLE
from cvocr_lab.kinds import field_order
from cvocr_lab.proofs import Facts, fact_of, of_another, printed, qr_proofs


def labels_from_codes(frame: pd.DataFrame, *, on: str | None = None) -> pd.DataFrame:
    """Make a truth frame from what QR codes and MRZ prove, for use with `score`.

    =====================  ======================================================================
    code                   what it proves
    =====================  ======================================================================
    QR code of a card      number, name with its marks, birth, sex, and the day of issue, which
                           the chip card prints on the back.  **Not** the address, whose wording
                           may differ from the print, nor origin, nationality, expiry.
    MRZ of a card          number, birth, expiry, and the sex where the number's fourth digit
                           says the same.  **Not** names (no marks, no check digit), nor an
                           expiry of cards without one, nor anything where a check fails.
    MRZ of a passport      passport number, personal number, birth, expiry; the sex likewise.
    =====================  ======================================================================

    A code proves fields of the other side too, where both sides share a label and the other side
    has the same number of its own.  Where two codes differ neither proves the field; a code far
    from all the print says is another paper's and proves nothing.  The barcode of the card of
    2016 and the QR code of vehicles prove nothing: their form is not known.

    Two cautions.  Papers whose code can be read are sharper than the rest, so a score by this
    truth flatters.  And an engine that itself corrects print by codes, as the offline one does, is
    judged by what it copied: use it for other engines, or mind ``:from_qr`` in `ocr_warnings`.

    Parameters
    ----------
    frame
        A flat frame with `qr` or `mrz`.
    on
        Column that says which rows belong together; None for the index.

    Returns
    -------
    pandas.DataFrame
        Rows and index of `frame`, without rows no code proves anything of: `side` and `page` for
        matching, a column per field with values as printed, and `proven_by`: the code of each
        value, as in ``"id=qr+mrz;date=qr_of_other_side"``.  A field that the paper has and no code
        proves is ``###``, which `score` leaves out; one the paper has not is absent.

    Raises
    ------
    ArgumentError
        The frame says no types, or `on` is missing.

    Examples
    --------
    >>> text = "001099000123||Nguyễn Văn Mẫu|01011999|Nam|Hà Nội|01072021"
    >>> read = pd.DataFrame({"ocr_type": ["tcc_chip"], "id": ["001099000128"], "qr": [text]})
    >>> labels_from_codes(read)[["id", "born", "proven_by"]].to_dict("records")
    [{'id': '001099000123', 'born': '01/01/1999', 'proven_by': 'id=qr;name=qr;born=qr;sex=qr'}]
    """
    faces = RuleInput(frame, on=on)
    foreign = _foreign(faces)
    same = _same_paper(faces)
    fields: dict[str, Texts] = {}
    notes: list[list[str]] = [[] for _ in range(len(faces))]
    for kind, mask in faces.kinds:
        known = [(f.name, fact) for f in kind.fields if (fact := fact_of(kind, f.name))]
        for at in np.flatnonzero(mask):
            sources = _sources(
                int(at), faces.facts, foreign, int(faces.partner[at]) if same[at] else -1
            )
            if not sources:
                continue
            for name, fact in known:
                said = {code: facts[fact] for code, facts in sources if fact in facts}
                if len(set(said.values())) != 1:
                    continue
                value = printed(kind, name, next(iter(said.values())))
                if name not in fields:
                    fields[name] = np.full(len(faces), None, dtype=object)
                fields[name][at] = value
                notes[at].append(f"{name}={'+'.join(dict.fromkeys(c for c in said))}")
    made = pd.DataFrame(index=frame.index)
    for about, column_name in (("side", "ocr_side"), ("page", "ocr_page")):
        if column_name in frame or about in frame:
            made[about] = frame[column_name if column_name in frame else about]
    for name in field_order():
        if name in fields:
            _leave_out(faces, name, fields[name])
            made[name] = pd.Series(fields[name], index=frame.index, dtype=TEXT)
    made["proven_by"] = pd.Series([";".join(n) for n in notes], index=frame.index, dtype=TEXT)
    return made.take(np.flatnonzero(made["proven_by"] != ""))


def _leave_out(faces: RuleInput, name: str, values: Texts) -> None:
    """Mark fields that the paper has but no code proves as not to be scored, in place."""
    for kind, mask in faces.kinds:
        if any(field.name == name for field in kind.fields):
            values[mask & np.equal(values, np.array(None))] = UNREADABLE


def _sources(
    at: int, own: Mapping[Literal["qr", "mrz"], list[Facts]], foreign: Mask, partner: int
) -> list[tuple[str, Facts]]:
    """Return the codes that apply to a row: its own, then the other side's."""
    found: list[tuple[str, Facts]] = []
    for row, mark in ((at, ""), (partner, "_of_other_side")):
        if row >= 0 and not foreign[row]:
            found += [(code + mark, facts[row]) for code, facts in own.items() if facts[row]]
    return found


def _foreign(faces: RuleInput) -> Mask:
    """Return which rows have another person's code, by comparison or engine warning."""
    made = where(faces.texts("ocr_warnings"), lambda text: "of_another" in text)
    texts = faces.texts("qr")
    coded = np.array([code is not None for code in faces.codes], bool)
    for kind, mask in faces.kinds:
        names = [f.name for f in kind.fields if f.source == "print"]
        for at in np.flatnonzero(mask & coded):
            values = {name: faces.texts(name)[at] for name in names}
            made[at] |= of_another(values, qr_proofs(texts[at], kind), "qr")
    return made


def _same_paper(faces: RuleInput) -> Mask:
    """Return which rows have the same number, printed or coded, as their other side."""
    numbers = faces.known("number", partner=False)
    there = np.where(faces.partner >= 0, numbers[faces.partner], "")
    return np.asarray((numbers != "") & (numbers == there), bool)
