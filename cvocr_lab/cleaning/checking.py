"""`check`: which rows of a frame are worth a look, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd

from cvocr_lab import images as pictures
from cvocr_lab.cleaning.agreement import check_agreement
from cvocr_lab.cleaning.columns import uncollected
from cvocr_lab.cleaning.date_rules import check_dates
from cvocr_lab.cleaning.duplicates import check_duplicates, check_repeated
from cvocr_lab.cleaning.numbers import check_numbers, check_vehicles
from cvocr_lab.cleaning.rule_input import RuleInput
from cvocr_lab.cleaning.rules import RULES, Issues, Texts
from cvocr_lab.errors import CvocrError, unknown


@uncollected()
def check(
    frame: pd.DataFrame,
    *,
    images: str | Sequence[str] | bool = False,
    base: str | PathLike[str] | None = None,
    on: str | None = None,
    rules: Sequence[str] | None = None,
    today: dt.date | None = None,
) -> pd.DataFrame:
    """List contradictions and impossible values in a frame: values to look at, not always errors.

    Numbers against birth and sex, dates, print against QR code and MRZ, front against back,
    plates and chassis numbers, duplicates.  A rule needs nothing but the frame; what is absent is
    not judged.  `cvocr_lab.cleaning.RULES` lists the rules with their sources.

    Parameters
    ----------
    frame
        A flat frame; or a truth with `type` and a column per field.  Fronts and backs belong
        together where they share an index label.
    images
        Column(s) with the pictures, to find equal ones; True for every column whose name begins
        with ``image`` or is ``front`` or ``back``; False leaves it out.  Equal means equal bytes
        (equal pixels for pictures in memory); URLs are compared as text, nothing is fetched.
    base
        Folder that relative paths start from; None for the current one.
    on
        Column that says which rows belong together; None for the index.
    rules
        Names of the rules to apply; None for all.
    today
        The day that nothing printed can lie after; None for the day of the call.

    Returns
    -------
    pandas.DataFrame
        One row per issue, in the order of the frame, weightiest first: `row` (the index label),
        `field`, `rule`, `severity` (``high``: both cannot be right; ``medium``: exceptions exist;
        ``low``: a hint), `message`, `evidence`, `position` (of the row in the frame, from 0).
        `message` holds no values; **`evidence` does**, so drop it before showing the issues to
        those who may not see the frame.

    Raises
    ------
    ArgumentError
        The frame says no types, a column or rule is unknown, or a field's column contains numbers.

    Examples
    --------
    >>> read = pd.DataFrame({"type": ["tcc_chip"], "id": ["001099000123"], "sex": ["Nữ"]})
    >>> check(read)[["row", "field", "rule", "severity"]].to_dict("records")
    [{'row': 0, 'field': 'id', 'rule': 'number_sex', 'severity': 'high'}]
    """
    for rule in rules or ():
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
    faces = RuleInput(frame, on=on)
    issues = Issues()
    check_numbers(faces, issues)
    check_dates(faces, issues, today or dt.date.today())
    check_agreement(faces, issues)
    check_vehicles(faces, issues)
    check_duplicates(faces, issues)
    for column in _picture_columns(frame, images):
        check_repeated(faces, issues, "duplicate_image", column, _digests(frame[column], base))
    found = issues.frame()
    if rules is not None:
        found = found[found["rule"].isin(list(rules))].reset_index(drop=True)
    labels = frame.index.take(found["position"].to_numpy())
    # A MultiIndex gives tuples, which must stay one column.
    rows = pd.Series(labels.to_flat_index(), index=found.index) if labels.nlevels > 1 else labels
    found.insert(0, "row", rows)
    return found


def _picture_columns(frame: pd.DataFrame, images: str | Sequence[str] | bool) -> list[str]:
    if images is False:
        return []
    if images is True:
        return [c for c in frame.columns if str(c).startswith("image") or c in ("front", "back")]
    columns = [images] if isinstance(images, str) else list(images)
    for column in columns:
        if column not in frame:
            raise unknown("column", column, frame.columns)
    return columns


def _digests(sources: pd.Series, base: str | PathLike[str] | None) -> Texts:
    """Return a digest for each picture, "" for pictures that cannot be read."""
    made: Texts = np.full(len(sources), "", dtype=object)
    for at, source in enumerate(sources):
        try:
            made[at] = pictures.digest(source, base=None if base is None else str(base))
        except CvocrError:
            continue
    return made
