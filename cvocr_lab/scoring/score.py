"""`score` and its result `Score`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Final, Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import (
    TEXT,
    Alternatives,
    Records,
    Table,
    Truth,
    as_table,
    listed,
    pair,
    spelled,
    spellings,
)
from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import drift
from cvocr_lab.scoring.alignment import alignment
from cvocr_lab.scoring.cells import compare_fields
from cvocr_lab.scoring.confusion import count_classes, count_pairs
from cvocr_lab.scoring.misuse import check_fields, notice
from cvocr_lab.scoring.rates import rates
from cvocr_lab.scoring.score_views import ScoreViews
from cvocr_lab.scoring.texts import key, tone_key
from cvocr_lab.scoring.words import answer, overview
from cvocr_lab.text import nfc

By = str | Sequence[str]

SHOWN: Final = (
    "n", "correct", "wrong", "invented", "missing", "absent", "exact", "exact_low", "exact_high",
    "exact_case", "exact_diacritics", "exact_loose", "same_value", "cer", "cer_low", "cer_high",
    "wer",
)  # fmt: skip
"""The most important columns of `Score.summary`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Score(ScoreViews):
    """A flat frame compared with a truth.

    Parameters
    ----------
    cells
        One row per compared field, labelled like the truth:

        `row` (position in the truth), `field`, `truth`, `value`;
        `edits` (Levenshtein distance of the comparison keys), `chars` (length of the truth's key);
        `outcome`: ``correct wrong invented missing absent``;
        `tier`: the strictest way in which both are equal, ``exact case diacritics loose none``;
        `verdict`: the verdict of the rule of the field's type, ``same``, ``style``, ``same value``,
        ``other era``, ``different`` (it changes no outcome; `cvocr_lab.scoring.comparators`);
        `mistakes`: classes of the mistakes of wrong values joined by ``;``, those of the value as
        a whole first, then one per edit from left to right (`cvocr_lab.scoring.mistakes`,
        `cvocr_lab.scoring.diagnosis`); "" for other outcomes;
        `confidence` of the reader, NaN if unknown;
        `words`, `word_edits`: the same as `chars` and `edits`, in words; `anls`;
        `reading`: position in the flat frame of the row with the value, -1 for none.
    rows
        One row per row of the truth: its columns other than fields, then `ocr_type`,
        `ocr_side` and `ocr_error` of the reading, and `read`, whether there was one.
    extra
        Readings that are paired with no row of the truth; they are not in `cells`.
    unreadable
        Number of cells left out because the truth is ``###``.
    alignment
        Rows and readings that were not paired one to one: `what`, and the positions `row` (in the
        truth) and `reading` (in the flat frame), -1 for none.
    readings
        The table that was scored, with our names of the fields.
    on
        Column by which rows and readings were paired; None for the index.
    by
        Default columns to group by in `summary`.
    tone_style
        See `score`.
    """

    cells: pd.DataFrame
    rows: pd.DataFrame
    extra: pd.DataFrame
    unreadable: int
    alignment: pd.DataFrame
    readings: pd.DataFrame
    on: str | None = None
    by: By = "field"
    tone_style: Literal["unify"] | None = None

    def summary(self, by: By | None = None) -> pd.DataFrame:
        """Count outcomes and compute rates, each with its 95 % interval.

        Parameters
        ----------
        by
            Columns to group by, e.g. ``["type", "field"]``: columns of `rows`, of `cells`, or of
            the table that was scored, in this order of precedence; ``()`` for one row over all
            cells; None for the argument `by` of `score`.

        Returns
        -------
        pandas.DataFrame
            The counts `n`, the five outcomes, `other_era` (values that are the name of the place
            in another era) and `cards` (rows of the truth with a cell in the group); then, for
            each of `cvocr_lab.scoring.RATES`, the rate, ``<name>_low`` and ``<name>_high``:
            `exact` = correct / (correct + wrong + missing), `cer` = edits / chars over the cells
            whose truth is present, and others, see `cvocr_lab.scoring.definitions`.  NaN if the
            denominator is 0.

        Raises
        ------
        ArgumentError
            There is no such column, or its cells cannot be grouped, such as lists.
        """
        keys = self._keys(self.by if by is None else by)
        if len(keys.columns):
            groups = keys.groupby(list(keys), observed=True)
            group, index = groups.ngroup().fillna(-1).to_numpy(np.int64), groups.size().index
        else:
            group, index = np.zeros(len(keys), np.int64), pd.Index(["all"])
        keep = group >= 0  # cells without a value in the column have no group
        found = rates(self.cells[keep], group[keep].astype(np.int64), len(index), len(self.rows))
        table = pd.DataFrame(found, index=index)
        counts = ["n", "correct", "wrong", "invented", "missing", "absent", "other_era", "cards"]
        return table.astype(dict.fromkeys(counts, "int64"))

    def table(self, by: By | None = None) -> pd.DataFrame:
        """Return the most important columns of `summary`."""
        return self.summary(by)[list(SHOWN)]

    def mistakes(self, by: By = ()) -> pd.DataFrame:
        """Count the classes of mistakes in wrong values.

        Parameters
        ----------
        by
            Columns to count by, as for `summary`; the class comes last.

        Returns
        -------
        pandas.DataFrame
            `count` of mistakes, number of `cells` with a mistake of the class, and their `share` of
            the wrong cells, with its interval.
        """
        return count_classes(self.cells, self._keys(by, "class"))

    def confusions(self, by: By = ()) -> pd.DataFrame:
        """Count the confused characters, most frequent first.

        Parameters
        ----------
        by
            Columns to count by, as for `summary`; they come first.

        Returns
        -------
        pandas.DataFrame
            `truth_char`, `value_char` ("" if there is none), `class`, `count`.  Letters that are
            part of a mistake of the whole value, such as a dropped line, are left out.
        """
        keys = self._keys(by, "truth_char", "value_char", "class", "count")
        return count_pairs(self.cells, keys, tone_key if self.tone_style == "unify" else key)

    def _keys(self, by: By, *taken: str) -> pd.DataFrame:
        """Return each cell's values of the columns to group by, with a new index.

        The names `taken` are those of other columns of the result.
        """
        cells = self.cells
        found: dict[str, object] = {}
        for name in listed(by):
            if name in taken:
                raise ArgumentError(
                    f"the result has a column {name!r} of its own: rename the column of the truth, "
                    f"truth.rename(columns={{{name!r}: …}})"
                )
            at = cells["row"].to_numpy()
            if name in self.rows:
                said = self.rows[name]
            elif name in self.rows.index.names:
                said = self.rows.index.get_level_values(name).to_series()
            elif name in cells:
                said, at = cells[name], np.arange(len(cells))
            elif name in self.readings:
                said, at = self.readings[name], cells["reading"].to_numpy()
            else:
                known = [*cells.columns, *self.rows.columns, *self.readings.columns]
                raise unknown("column to group by", name, known)
            if said.dtype == object and not all(map(is_hashable, said)):
                raise ArgumentError(
                    f"column {name!r} contains lists or the like, which cannot be grouped: convert "
                    f"them to texts, table.assign({name}=table[{name!r}].map(str))"
                )
            found[name] = said.array.take(at, allow_fill=True)
        return pd.DataFrame(found, index=range(len(cells)))

    @property
    def card_exact(self) -> float:
        """Share of rows of the truth in which every scored field is correct or absent."""
        return float(self.summary(())["card_exact"].iloc[0])

    @property
    def type_right(self) -> float:
        """Share of rows with a `type` in the truth whose reading has this type; NaN without any."""
        if "type" not in self.rows:
            return float("nan")
        rows = self.rows[self.rows["type"].fillna("") != ""]
        return float((rows["type"] == rows["ocr_type"].fillna("")).mean())

    def headline(self) -> str:
        """Say how good the reader is, which fields are worst, and what else was noticed."""
        said = [answer(self.summary(()).iloc[0], self.summary("field"), self.mistakes())]
        noticed = [
            f"{what}: {count:,}"
            for what, count in self.alignment["what"].value_counts(sort=False).items()
        ]
        if "type" in self.rows and self.type_right < 1:
            noticed.insert(0, f"type right {self.type_right:.1%}")
        noticed += self._written_otherwise()
        if self.unreadable:
            noticed.append(f"cells unreadable: {self.unreadable:,}")
        if noticed:
            said.append(f"Noticed: {'; '.join(noticed)}.")
        return " ".join(said)

    def _written_otherwise(self) -> list[str]:
        """List the fields in which most values differ only in style or case."""
        cells = self.cells
        alike = cells["verdict"].isin(["style", "same value"]) | (cells["tier"] == "case")
        alike &= cells["outcome"] == "wrong"
        counts = alike.groupby(cells["field"], observed=True).agg(["sum", "mean"])
        return [
            f"{captioned(str(field))} differs in style or case alone: {count:,}"
            for field, count in counts.loc[counts["mean"] > 1 / 2, "sum"].items()
        ]

    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        by = [self.by] if isinstance(self.by, str) else list(self.by)
        table, fine = overview(self.summary(by), self.mistakes(by), fold=by == ["field"])
        return [table], fine


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
    noticed = alignment(read, labels, pairing, on=on)
    notice(read, labels, pairing, noticed, on=on)
    make_key = tone_key if tone_style == "unify" else key
    cells, unreadable = compare_fields(read, labels, pairing, make_key)
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
