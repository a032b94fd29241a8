"""`suspects`: find labels that are likely wrong, by codes, rules and readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.cleaning import RULES, check, labels_from_codes
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT, UNREADABLE, Records, Table, Truth, truth_by_row
from cvocr_lab.text import comparison_key, fold_key, old_tone
from cvocr_lab.views.queue import DTYPES

_LABELS_WRONG: Final = 0.02
"""Prior probability that a label is wrong."""

_WRONG_ALIKE: Final = 0.3
"""Probability that a second engine makes the same mistake as the first."""

_UNKNOWN_WRONG: Final = 0.05
"""Probability that a value without confidence is wrong."""

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
"""Fields that a rule compares; rules that are not listed look at one field."""

_CODE_RULES: Final = frozenset({"qr_print", "qr_marks", "mrz_print"})
_NO_LABEL_RULES: Final = frozenset({"code_of_another", "corrected", "duplicate_image", "qr_form"})


def suspects(
    frame: pd.DataFrame,
    truth: Table,
    *,
    other: pd.DataFrame | None = None,
    on: str | None = None,
    fields: Sequence[str] | None = None,
    min_strength: float = 0.3,
) -> pd.DataFrame:
    """List labels that are likely wrong, the likeliest first, as a queue for `cvocr_lab.review`.

    The evidence against a label is: a QR code or MRZ that proves another value
    (`labels_from_codes`); a form that its field cannot have; a rule that the labels of a paper
    break but its reading does not (`check`); a reading of another value with high confidence; two
    engines that agree on another value; and another label of the same picture.  Values that
    differ only in diacritics count less, and those that differ only in the style of tone marks
    very little.

    Parameters
    ----------
    frame
        The flat frame of an engine for the pictures that were labelled.
    truth
        The labels, paired as by `cvocr_lab.score`.  Labels ``###`` are left out.
    other
        The flat frame of a second engine for the same pictures.
    on
        Column that identifies rows that belong together; None for the index.
    fields
        Fields to look at; None for all fields of the labels.
    min_strength
        Minimum strength of a suspicion, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        The columns of `cvocr_lab.views.review_queue` (`reason` describes the evidence and contains
        no values; `gain` is the strength), `label`, and `strength`: the probability that the label
        is wrong, assuming that one in fifty is.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or a column is missing.

    Examples
    --------
    >>> paper = {"id": "001099000123", "id_confidence": 0.99, "sex": "Nam", "sex_confidence": 0.99}
    >>> frame = pd.DataFrame([paper | {"ocr_type": "tcc_chip"}])
    >>> labels = pd.DataFrame({"id": ["001099000123"], "sex": ["Nữ"]})
    >>> found = suspects(frame, labels)
    >>> found[["field", "label"]].to_dict("records")
    [{'field': 'sex', 'label': 'Nữ'}]
    >>> found["reason"][0].split("; ")[1]
    'the engine read another value (confidence 99%)'
    """
    if not 0 <= min_strength <= 1:
        raise ArgumentError(f"min_strength must be from 0 to 1, not {min_strength}")
    records = Records(frame)
    labels = truth_by_row(records, Truth(truth, records, fields=fields, on=on), on=on)
    names = [str(name) for name in labels.columns[1:]]
    papers = pd.factorize(records.labels(on))[0]
    # With positions as index, and a column that identifies the rows of one paper.
    frame = records.frame.reset_index(drop=True).assign(ocr_type=records.types, paper=papers)
    found = _Suspicions(labels, names, {n: records.texts(n).tolist() for n in names})
    found.by_codes(frame)
    found.by_rules(frame)
    second = None if other is None else truth_by_row(records, Truth(other, records, on=on), on=on)
    found.by_readings(records, second)
    found.by_twins(records)
    return found.queue(min_strength)


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

    def by_codes(self, frame: pd.DataFrame) -> None:
        """Add labels that a QR code or MRZ contradicts."""
        proven = labels_from_codes(frame, on="paper")
        for at, notes in zip(proven.index.tolist(), proven["proven_by"].tolist(), strict=True):
            for note in notes.split(";"):
                field, code = note.split("=")
                label = self._labels.get(field, [])[at : at + 1]
                if not label or not label[0]:
                    continue
                how = difference(label[0], str(proven.at[at, field]))
                source = "qr" if "qr" in code else "mrz"
                name = "QR code" if source == "qr" else "MRZ"
                if how == "other":
                    self._add(at, field, _BY_CODE[source], f"the {name} contradicts the label")
                elif how == "marks" and source == "qr":
                    self._add(at, field, _BY_CODE_MARKS, "the QR code has other diacritics")

    def by_rules(self, frame: pd.DataFrame) -> None:
        """Add labels that break a rule which the reading of the paper does not break."""
        told = pd.DataFrame(
            {n: pd.Series(v, dtype=TEXT).replace({"": None, UNREADABLE: None})
             for n, v in self._labels.items()}
        ).assign(type=frame["ocr_type"], paper=frame["paper"])  # fmt: skip
        found = check(told, on="paper")
        found = found[~found["rule"].isin(_NO_LABEL_RULES)]
        reading = check(frame, on="paper")
        also = set(zip(reading["position"], reading["rule"], strict=True))
        cells = found[["position", "rule", "field", "severity"]]
        for at, rule, field, severity in cells.itertuples(index=False):
            involved = [f for f in _LOOKED_AT.get(rule, (field,)) if f in self._labels]
            if rule in _CODE_RULES and any((at, name) in self._against for name in involved):
                continue  # already found by the code itself
            message = RULES[rule].message
            how = {f: difference(self._labels[f][at], self._read[f][at]) for f in involved}
            differing = [f for f in involved if how[f] in ("other", "marks")]
            if differing and (at, rule) not in also:
                for name in differing:
                    share = _BY_RULE[severity] / len(differing) ** 0.5
                    self._add(at, name, share, f"only in the labels, not in the reading: {message}")
            else:
                for name in involved if field not in self._labels else [field]:
                    self._add(at, name, _BY_RULE_ALONE[severity], message)

    def by_readings(self, records: Records, other: pd.DataFrame | None) -> None:
        """Add labels that differ from the value of one engine, or of two that agree."""
        for field in self._names:
            confidences = records.confidences(field)
            seconds = [""] * len(records)
            if other is not None and field in other:
                seconds = other[field].fillna("").tolist()
            for at, (label, value) in enumerate(
                zip(self._labels[field], self._read[field], strict=True)
            ):
                how = difference(label, value)
                if not value or how == "same":
                    continue
                confidence = float(confidences[at])
                wrong = _UNKNOWN_WRONG if np.isnan(confidence) else max(1 - confidence, 1e-3)
                agree = bool(seconds[at]) and difference(value, seconds[at]) == "same"
                if other is not None and seconds[at] and not agree:
                    wrong = 0.5  # the two engines disagree
                strength, reason = _by_reading(wrong, how, agree=agree, empty=not label)
                if not (agree or how == "style" or np.isnan(confidence)):
                    reason += f" (confidence {confidence:.0%})"
                self._add(at, field, strength, reason)

    def by_twins(self, records: Records) -> None:
        """Add labels that differ from another label of the same picture."""
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
                        self._add(at, field, _BY_TWIN, "the same picture also has another label")

    def queue(self, min_strength: float) -> pd.DataFrame:
        """Return all suspicions of at least this strength, the strongest first."""
        rows = []
        for (at, field), against in self._against.items():
            strength = 1 - float(np.prod([1 - s for s, _ in against]))
            reasons = [reason for _, reason in sorted(against, key=lambda a: -a[0])]
            value, label = self._read[field][at] or None, self._labels[field][at] or None
            rows.append((at, field, value, "; ".join(dict.fromkeys(reasons)), label, strength))
        made = pd.DataFrame(rows, columns=["row", "field", "value", "reason", "label", "strength"])
        made = made[made["strength"] >= min_strength]
        made = made.sort_values(["strength", "row"], ascending=[False, True], ignore_index=True)
        made = made.assign(gain=made["strength"], audit=False, chance=1.0, rank=made.index)
        dtypes = DTYPES | {"label": TEXT, "strength": "float64"}
        return made[list(dtypes)].astype(dtypes)


def _by_reading(wrong: float, how: str, *, agree: bool, empty: bool) -> tuple[float, str]:
    """Return the strength and the description of a reading that differs from the label."""
    if how == "style":
        return _BY_STYLE, "the reading has the other style of tone marks"
    both_wrong = wrong * (_WRONG_ALIKE if agree else 1.0)
    if how == "marks":
        both_wrong = min(2 * both_wrong, 1.0)  # engines often make the same mistakes in diacritics
    strength = _LABELS_WRONG / (_LABELS_WRONG + both_wrong)
    who = "two engines agree on" if agree else "the engine read"
    what = "a value that is not labelled" if empty else "another value"
    if how == "marks":
        what = "other diacritics"
    return strength, f"{who} {what}"


def difference(label: str, value: str) -> str:
    """Return how two values differ: ``same``, ``style`` (of tone marks), ``marks``, ``other``.

    The separators of dates are ignored.

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
