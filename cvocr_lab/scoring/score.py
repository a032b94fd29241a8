"""`score` and `compare`: compare readings with a truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal, overload

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import (
    TEXT,
    Alternatives,
    Pairing,
    Records,
    Table,
    Truth,
    as_table,
    as_text,
    listed,
    pair,
    spelled,
    spellings,
)
from cvocr_lab.frames.pairing import paired_labels
from cvocr_lab.scoring import drift
from cvocr_lab.scoring.cells import compare_fields
from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.pairing_checks import check_fields, notice
from cvocr_lab.scoring.readers import Readers
from cvocr_lab.scoring.score_result import Score
from cvocr_lab.scoring.texts import key_for
from cvocr_lab.text import nfc


def score(
    frame: Table,
    truth: Table,
    *,
    on: str | None = None,
    fields: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    tone_style: Literal["unify"] | None = None,
    alternatives: Alternatives | None = None,
    baseline: str | PathLike[str] | None = None,
) -> Score:
    """Compare readings with a truth.

    Before the comparison, values are converted to NFC and blanks are collapsed and stripped;
    nothing else is changed.  None, NaN and "" mean absent; a truth of ``###`` is not scored.

    Parameters
    ----------
    frame
        A flat frame, or any table with a column per field (``id``, ``name`` …) and optionally
        ``<field>_confidence``, `type`, `side` and `page`.  It may also be a Series, a dict or a
        list of dicts; see `cvocr_lab.frames.as_table`.
    truth
        A table with a column per field, as printed; optional columns `type`, `side` and `page`
        distinguish several papers of one input.  It may also be a reviewed flat frame.  A cell may
        be a list, tuple, set or array of accepted texts, and columns ``<field>_alt``,
        ``<field>_alt2`` … may contain further accepted texts; the accepted text nearest to the
        value counts and is shown.
    on
        Column or index level of both tables that identifies rows that belong together; None for
        the index.  Paths and texts, and different Unicode forms of a text, compare equal.
    fields
        The field, or fields, to compare, which may have any names; None for all fields of the
        document types that have a column in the truth.
    by
        Default columns to group by in `Score.summary`; None for the field.
    tone_style
        ``"unify"`` converts all tone marks to the old style before comparing, so that hoà equals
        hòa.  None compares as written; the column `verdict` shows if only the placement differs.
    alternatives
        Further columns of the truth with accepted texts, by field; they may have any names.
    baseline
        A file from `Score.freeze` of an earlier score; an error is raised if this score is worse.
        If the cards are the same, they are compared one by one.

    Raises
    ------
    ArgumentError
        A column is missing or contains numbers instead of text, no row of the truth has a reading,
        or the baseline is not a frozen score.
    DriftError
        A field is significantly worse than in the baseline, in exact values or in CER (at most 5 %
        false alarms for a reader that is equally good).

    Warns
    -----
    PairingWarning
        Readings and truth hardly fit together; the message says how to correct this.
    DriftWarning
        The baseline has other cards, too few to detect a loss of 10 points in a field with 95 %
        probability.

    Examples
    --------
    >>> read = pd.DataFrame({"image": ["a.jpg"], "name": ["TRẦN AN"]})
    >>> truth = pd.DataFrame({"image": ["a.jpg"], "name": ["TRẦN ÂN"], "sex": ["Nữ"]})
    >>> judged = score(read, truth, on="image")
    >>> judged.cells[["field", "truth", "value", "edits", "mistakes", "outcome"]]
      field    truth    value  edits mistakes  outcome
    0  name  TRẦN ÂN  TRẦN AN      1    shape    wrong
    0   sex       Nữ               2           missing
    """
    if on is not None and not isinstance(on, str):
        raise ArgumentError(f"on={on!r}: pass the name of one column")
    on = on and nfc(on)
    if fields is not None:
        fields = [spellings().get(field, field) for field in listed(fields)]
    table, wanted = spelled(_by_label(frame, "frame", on)), _by_label(truth, "truth", on)
    check_fields(table, spelled(wanted), fields)
    read = Records(table, fields=fields or ())
    labels = Truth(wanted, read, fields=fields, on=on, alternatives=alternatives)
    pairing = pair(read, labels, on=on)
    noticed = _alignment(read, labels, pairing, on)
    notice(read, labels, pairing, noticed, on=on)
    cells, unreadable = compare_fields(read, labels, pairing, key_for(tone_style))
    rows = labels.frame.drop(columns=labels.columns)
    alone = pairing.first < 0
    told = {"ocr_type": read.types, "ocr_side": read.sides, "ocr_error": read.errors}
    for column, texts in told.items():
        found = np.full(len(rows), None, object)
        found[~alone] = texts[pairing.first[~alone]]
        found[found == ""] = None
        rows[column] = pd.Series(found, index=rows.index, dtype=TEXT)
    rows["read"] = ~alone
    rows.loc[~alone, "read"] = ~read.failed[pairing.answering(read.failed)[~alone]]
    extra = read.frame.iloc[pairing.extra]
    if baseline is not None:
        drift.guard(drift.figures(cells, rows, on), baseline)
    by = "field" if by is None else by
    judged = Score(
        cells, rows, extra, unreadable, noticed, read.frame, on=on, by=by, tone_style=tone_style
    )
    judged._keys(by)  # so that a wrong name is an error here, and not when the score is shown
    return judged


def _by_label(data: Table, what: str, on: str | None) -> pd.DataFrame:
    """Return a table; for a dict of papers by label, `on` is the name of these labels."""
    table = as_table(data, what)
    if isinstance(data, Mapping) and on not in table and table.index.names == [None]:
        return table.rename_axis(on)
    return table


def _alignment(read: Records, truth: Truth, pairing: Pairing, on: str | None) -> pd.DataFrame:
    """List rows and readings that have no partner, or several.

    Rows with the same label and the same values are reported as duplicates.
    """
    answered = pairing.first >= 0
    spoken = pairing.answering(read.failed)
    in_vain = answered & read.failed[spoken] if len(read) else np.zeros(len(truth), bool)
    given, labels = paired_labels(read, truth, on)
    known = np.asarray(given.isin(labels), bool)
    again = np.flatnonzero(labels.duplicated(keep=False))
    if len(again):
        some = truth.frame.iloc[again]
        stated = [*truth.columns, *(c for c in ("type", "side", "page") if c in some)]
        twins = pd.DataFrame({c: as_text(some[c]) for c in stated})
        twins[""] = pd.factorize(labels.take(again))[0]
        again = again[twins.duplicated().to_numpy(bool)]
    lone, spare = pairing.extra[~known[pairing.extra]], pairing.extra[known[pairing.extra]]
    several = sorted(row for row, more in pairing.more.items() if more)
    of_rows = {
        "rows without a reading": np.flatnonzero(~answered),
        "rows whose reading failed": np.flatnonzero(in_vain),
        "duplicate rows": again,
        "rows with several readings": np.asarray(several, np.int64),
    }
    of_readings = {
        "readings without truth": lone,
        "surplus readings of a label": spare,
        "readings ignored as copies": pairing.copies,
    }
    found = [(what, rows, pairing.first[rows]) for what, rows in of_rows.items()]
    found += [(what, np.full(len(of), -1), of) for what, of in of_readings.items()]
    names, rows, readings = zip(*found, strict=True)
    table = pd.DataFrame({"what": np.repeat(names, list(map(len, rows)))}, dtype=TEXT)
    return table.assign(row=np.concatenate(rows), reading=np.concatenate(readings))


@overload
def compare(
    a: pd.DataFrame, b: pd.DataFrame, truth: Table, *, on: str | None = ...,
    fields: str | Sequence[str] | None = ..., names: tuple[str, str] = ..., detect: float = ...,
) -> Comparison: ...  # fmt: skip
@overload
def compare(
    a: Mapping[str, pd.DataFrame], b: Table, *, on: str | None = ...,
    fields: str | Sequence[str] | None = ..., baseline: str | None = ..., detect: float = ...,
) -> Readers: ...  # fmt: skip
def compare(
    a: pd.DataFrame | Mapping[str, pd.DataFrame],
    b: Table,
    truth: Table | None = None,
    *,
    on: str | None = None,
    fields: str | Sequence[str] | None = None,
    names: tuple[str, str] = ("a", "b"),
    baseline: str | None = None,
    detect: float = 0.02,
) -> Comparison | Readers:
    """Compare readings of the same pictures, field by field.

    All comparisons are paired: the readers have read the same cards, so only the cells on which
    they differ count, and far fewer cards are needed than for comparing two rates.

    Parameters
    ----------
    a, b
        Two tables of readings; values that only b has right are ``fixed``, those that only a has
        right ``broke``.  For any number of readers, pass a dict of their tables by name, and the
        truth.
    truth, on, fields
        As for `score`.
    names
        Names of a and b.
    baseline
        With a dict: the reader that the others are compared with; None for the first.
    detect
        Smallest difference in the share of exact values that matters, 0 to 1.

    Returns
    -------
    Comparison or Readers
        For two tables, or for a dict.

    Raises
    ------
    ArgumentError
        As for `score`, or `detect` is not between 0 and 1, or names are equal or missing.

    Examples
    --------
    >>> truth = pd.DataFrame({"name": ["TRẦN ÂN"] * 9})
    >>> local, cloud = pd.DataFrame({"name": ["TRẦN AN"] * 9}), truth.copy()
    >>> both = compare(local, cloud, truth)
    >>> both.fields.loc["name", "verdict"], len(both.fixed), len(both.broke)
    ('better', 9, 0)
    >>> len(compare({"local": local, "cloud": cloud}, truth).only("cloud"))
    9
    """
    if not isinstance(a, pd.DataFrame):
        if not isinstance(a, Mapping):
            raise ArgumentError("pass two tables, or a dict of the readers' tables by name")
        labels = b if truth is None else truth
        scores = {
            str(name): score(frame, labels, on=on, fields=fields) for name, frame in a.items()
        }
        base = None if baseline is None else str(baseline)
        return Readers.of(scores, baseline=base, detect=detect)
    if truth is None:
        raise ArgumentError("pass the truth: compare(a, b, truth), or a dict of readers by name")
    judged = [score(frame, truth, on=on, fields=fields) for frame in (a, b)]
    return judged[0].compare(judged[1], names=names, detect=detect)
