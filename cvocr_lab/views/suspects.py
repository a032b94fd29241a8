"""Labels that are likely wrong: what codes, rules and readings say against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.cleaning import RULES, check, labels_from_codes
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT, UNREADABLE, Records, Table, Truth, beside
from cvocr_lab.text import comparison_key, fold_key, old_tone
from cvocr_lab.views.queue import COLUMNS

_LABELS_WRONG: Final = 0.02
"""Share of labels taken to be wrong before anything is known."""

_WRONG_ALIKE: Final = 0.3
"""Chance that a second engine makes the very mistake of the first."""

_UNSURE: Final = 0.05
"""Chance of error of a value whose engine gives no confidence."""

_BY_CODE: Final = {"qr": 0.97, "mrz": 0.95}
_BY_CODE_MARKS: Final = 0.6
_BY_RULE: Final = {"high": 0.85, "medium": 0.5, "low": 0.1}
_BY_RULE_ALONE: Final = {"high": 0.5, "medium": 0.2, "low": 0.03}
_BY_TWIN: Final = 0.6
_BY_STYLE: Final = 0.1

_LOOKED_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "number_birth": ("id", "person_number", "born"),
    "number_sex": ("id", "person_number", "sex"),
    "expiry_age": ("born", "duedate"),
    "expiry_unlimited": ("born", "date", "duedate"),
    "issue_age": ("born", "date"),
    "date_order": (
        "born", "date", "duedate", "year_of_manufacture", "first_issue_date", "last_issue_date",
    ),
    "plate_province": ("plate", "issued_at"),
}  # fmt: skip
"""Fields that a rule holds against each other; a rule not named looks at one."""

_CODE_RULES: Final = frozenset({"qr_print", "qr_marks", "mrz_print"})
_NO_LABEL_RULES: Final = frozenset({"code_of_another", "corrected", "duplicate_image", "qr_form"})


def suspects(
    frame: pd.DataFrame,
    truth: Table,
    *,
    other: pd.DataFrame | None = None,
    on: str | None = None,
    fields: Sequence[str] | None = None,
    least: float = 0.3,
) -> pd.DataFrame:
    """List labels that are likely wrong, the likeliest first, as a queue for `cvocr_lab.review`.

    Against a label speak a QR code or MRZ that proves another value (`labels_from_codes`), a form
    that its field cannot have, a rule that labels of one paper break (`check`) and the reading
    does not, a reading that is sure of another value, two engines that agree on one, and another
    label of the same picture.  Differences in nothing but marks weigh less, those in the style
    of tone marks hardly anything.

    Parameters
    ----------
    frame
        A flat frame: the pictures the labels are of, and what an engine read.
    truth
        The labels, matched as by `cvocr_lab.score`.  Those that say ``###`` are left out.
    other
        What a second engine read of the same pictures: a flat frame.
    on
        Column that says which rows belong together; None for the index.
    fields
        Fields to look at; None for all of the labels.
    least
        Strength that a suspicion must have, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        The columns of `cvocr_lab.views.review_queue` (`reason` says the evidence and holds no
        value; `gain` is the strength), `label`, and `strength`: the chance that the label is
        wrong, were one in fifty.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or a column is missing.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> values = {"id": FieldValue("001099000123", 0.99), "sex": FieldValue("Nam", 0.99)}
    >>> paper = Document("tcc_chip", "front", values)
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> labels = pd.DataFrame({"id": ["001099000123"], "sex": ["Nữ"]})
    >>> found = suspects(frame, labels)
    >>> found[["field", "label"]].to_dict("records")
    [{'field': 'sex', 'label': 'Nữ'}]
    >>> found["reason"][0].split("; ")[1]
    'it reads another value, 99% sure'
    """
    if not 0 <= least <= 1:
        raise ArgumentError(f"least is a strength from 0 to 1, not {least}")
    records = Records(frame)
    labels = beside(records, Truth(truth, records, fields=fields, on=on), on=on)
    names = [str(name) for name in labels.columns[1:]]
    papers = pd.factorize(records.labels(on))[0]
    # Under positions, and with a column that says which rows are of one paper.
    frame = records.frame.reset_index(drop=True).assign(ocr_type=records.types, paper=papers)
    found = _Suspicions(labels, names, {n: records.texts(n).tolist() for n in names})
    found.by_codes(frame, "paper")
    found.by_rules(frame, papers)
    second = None if other is None else beside(records, Truth(other, records, on=on), on=on)
    found.by_readings(records, second)
    found.by_twins(records)
    return found.queue(least)


class _Suspicions:
    """Evidence against labels, by cell."""

    def __init__(
        self, labels: pd.DataFrame, names: Sequence[str], read: Mapping[str, list[str]]
    ) -> None:
        self._names = list(names)
        self._there = (labels["row"] >= 0).to_numpy()
        self._rows = labels["row"].to_numpy()
        self._labels = {n: labels[n].fillna("").tolist() for n in names}
        self._read = read
        self._against: dict[tuple[int, str], list[tuple[float, str]]] = {}

    def _add(self, at: int, field: str, strength: float, reason: str) -> None:
        if self._there[at] and self._labels[field][at] != UNREADABLE:
            self._against.setdefault((at, field), []).append((strength, reason))

    def by_codes(self, frame: pd.DataFrame, paper: str) -> None:
        """What QR codes and zones prove otherwise."""
        proven = labels_from_codes(frame, on=paper)
        for at, notes in zip(proven.index.tolist(), proven["proven_by"].tolist(), strict=True):
            for note in notes.split(";"):
                field, code = note.split("=")
                label = self._labels.get(field, [])[at : at + 1]
                if not label or not label[0]:
                    continue
                how = difference(label[0], str(proven.at[at, field]))
                source = "qr" if "qr" in code else "mrz"
                said = "QR code" if source == "qr" else "MRZ"
                if how == "other":
                    self._add(at, field, _BY_CODE[source], f"the {said} says otherwise")
                elif how == "marks" and source == "qr":
                    self._add(at, field, _BY_CODE_MARKS, "the QR code has other diacritics")

    def by_rules(self, frame: pd.DataFrame, papers: np.ndarray) -> None:
        """What the labels of a paper break and its reading does not."""
        told = pd.DataFrame(
            {n: pd.Series(v, dtype=TEXT).replace({"": None, UNREADABLE: None})
             for n, v in self._labels.items()}
        ).assign(type=frame["ocr_type"], paper=papers)  # fmt: skip
        found = check(told, on="paper")
        found = found[~found["rule"].isin(_NO_LABEL_RULES)]
        reading = check(frame, on="paper")
        also = set(zip(reading["position"], reading["rule"], strict=True))
        cells = zip(
            found["position"].tolist(), found["rule"], found["field"], found["severity"],
            strict=True,
        )  # fmt: skip
        for at, rule, field, severity in cells:
            involved = [f for f in _LOOKED_AT.get(rule, (field,)) if f in self._labels]
            if rule in _CODE_RULES and any((at, name) in self._against for name in involved):
                continue  # told by the code itself
            message = RULES[rule].message
            differing = [f for f in involved if self._differs(at, f)]
            if differing and (at, rule) not in also:
                for name in differing:
                    share = _BY_RULE[severity] / len(differing) ** 0.5
                    self._add(at, name, share, f"in the labels, not in the reading: {message}")
            else:
                for name in involved if field not in self._labels else [field]:
                    self._add(at, name, _BY_RULE_ALONE[severity], message)

    def _differs(self, at: int, field: str) -> bool:
        return difference(self._labels[field][at], self._read[field][at]) in ("other", "marks")

    def by_readings(self, records: Records, other: pd.DataFrame | None) -> None:
        """What one engine is sure of, or two agree on."""
        for field in self._names:
            sure = records.confidences(field)
            seconds = [""] * len(records)
            if other is not None and field in other:
                seconds = other[field].fillna("").tolist()
            for at, (label, value) in enumerate(
                zip(self._labels[field], self._read[field], strict=True)
            ):
                how = difference(label, value)
                if not value or how == "same":
                    continue
                wrong = _UNSURE if np.isnan(sure[at]) else max(1 - sure[at], 1e-3)
                agree = bool(seconds[at]) and difference(value, seconds[at]) == "same"
                if other is not None and seconds[at] and not agree:
                    wrong = 0.5  # two readers of two minds
                strength, said = _by_reading(wrong, how, agree=agree, empty=not label)
                if not (agree or how == "style" or np.isnan(sure[at])):
                    said += f", {sure[at]:.0%} sure"
                self._add(at, field, strength, said)

    def by_twins(self, records: Records) -> None:
        """Other labels of the same picture."""
        if not records.source_columns and "ocr_source" not in records.frame:
            return
        sources = [str(source) for source in records.sources]
        keys = pd.DataFrame({"source": sources, "side": records.sides, "page": records.pages})
        groups = keys.groupby(list(keys.columns), sort=False).indices
        for rows in groups.values():
            twins = [int(at) for at in rows if self._there[at]]
            if len({self._rows[at] for at in twins}) < 2:
                continue
            for field in self._names:
                told = {old_tone(comparison_key(self._labels[field][at])) for at in twins}
                if len(told - {"", UNREADABLE}) > 1:
                    for at in twins:
                        self._add(at, field, _BY_TWIN, "the same picture has another label too")

    def queue(self, least: float) -> pd.DataFrame:
        """All suspicions of that strength, the strongest first."""
        rows = []
        for (at, field), against in self._against.items():
            strength = 1 - float(np.prod([1 - s for s, _ in against]))
            reasons = [reason for _, reason in sorted(against, key=lambda a: -a[0])]
            if strength >= least:
                rows.append(
                    (at, field, self._read[field][at] or None, "; ".join(dict.fromkeys(reasons)),
                     strength, False, 1.0, 0, self._labels[field][at] or None, strength)
                )  # fmt: skip
        rows.sort(key=lambda row: (-row[4], row[0]))
        made = pd.DataFrame(rows, columns=[*COLUMNS, "label", "strength"])
        texts = dict.fromkeys(("field", "value", "reason", "label"), TEXT)
        numbers = {"row": "int64", "gain": "float64", "audit": "bool", "chance": "float64"}
        made["rank"] = np.arange(len(made))
        return made.astype(texts | numbers | {"strength": "float64"})


def _by_reading(wrong: float, how: str, *, agree: bool, empty: bool) -> tuple[float, str]:
    """Strength and words of a reading that differs from the label."""
    if how == "style":
        return _BY_STYLE, "read in the other style of tone marks"
    both_wrong = wrong * (_WRONG_ALIKE if agree else 1.0)
    if how == "marks":
        both_wrong = min(2 * both_wrong, 1.0)  # marks are what readers get wrong together
    strength = _LABELS_WRONG / (_LABELS_WRONG + both_wrong)
    who = "two engines agree on" if agree else "it reads"
    what = "a value where there is no label" if empty else "another value"
    if how == "marks":
        what = "other diacritics"
    return strength, f"{who} {what}"


def difference(label: str, value: str) -> str:
    """How two values differ: ``same``, ``style`` (of tone marks), ``marks``, ``other``.

    Dates are the same however they are separated.

    >>> difference("05-03-1999", "05/03/1999"), difference("HOÀ", "HÒA"), difference("Nam", "Nữ")
    ('same', 'style', 'other')
    """
    a, b = comparison_key(label), comparison_key(value)
    if a == b or a.upper() == b.upper():
        return "same"
    digits = [t.replace("-", "/").replace(".", "/") for t in (a, b)]
    if digits[0] == digits[1] and a[:1].isdigit():
        return "same"
    if old_tone(a).upper() == old_tone(b).upper():
        return "style"
    return "marks" if fold_key(a) == fold_key(b) and fold_key(a) else "other"
