"""`Score`: the result of comparing readings with a truth."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, overload

import pandas as pd

from cvocr_lab.errors import ArgumentError, refuse_ending, unknown
from cvocr_lab.files import replacing
from cvocr_lab.frames import listed
from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import drift, plots
from cvocr_lab.scoring.calibration import Calibration, calibrate
from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.page import written
from cvocr_lab.scoring.paired_tests import beside, differences, judged
from cvocr_lab.scoring.report import SHOWN, score_page
from cvocr_lab.scoring.score_tables import ScoreTables
from cvocr_lab.scoring.thresholds import Plan, Seconds, plan_review
from cvocr_lab.scoring.words import answer, mistaken, overview, without_mistake

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Plot = Literal["outcomes", "cer", "confusions", "reliability", "threshold"]


class Score(ScoreTables):
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
        a whole first, then one per edit from left to right (`cvocr_lab.scoring.mistakes`); "" for
        other outcomes;
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

    __slots__ = ()

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
        summary, classes = self.summary(by), self.mistakes(by)
        if by != ["field"]:
            return [overview(summary, classes)], ""
        return [overview(summary[mistaken(summary)], classes)], without_mistake(summary)

    def compare(
        self, other: Score, *, names: tuple[str, str] = ("a", "b"), detect: float = 0.02
    ) -> Comparison:
        """Compare another score of the same truth with this one; see `cvocr_lab.compare`.

        Parameters
        ----------
        other
            The score of reader b; this score is that of reader a.

        Raises
        ------
        ArgumentError
            The truths or names do not fit, or `detect` is not between 0 and 1.
        """
        if names[0] == names[1]:
            raise ArgumentError(f"both readers have the name {names[0]!r}: pass two names")
        if not self.rows.index.equals(other.rows.index):
            raise ArgumentError("the two scores have truths with different rows")
        cells = beside({"a": self.cells, "b": other.cells})
        return Comparison(names, cells, judged(differences(cells, "a", "b"), detect=detect), detect)

    def calibration(
        self, *, fields: str | Sequence[str] | None = None, bins: int = 10, seed: int = 0
    ) -> Calibration:
        """Compute how reliable the confidences are: AUROC, Brier score, calibration error.

        Parameters
        ----------
        fields
            The fields whose values are used; None for all.
        bins
            Number of bands of about equal size in the reliability table.
        seed
            Random seed of the bootstrap.

        Raises
        ------
        ArgumentError
            There is no such field, or none of its values has a confidence.
        """
        return calibrate(self._of(fields), bins=bins, seed=seed)

    def plan(
        self, fields: str | Sequence[str] | None = None, *, seconds: Seconds | None = None
    ) -> Plan:
        """Compare undetected errors with the share reviewed, for all thresholds of confidence.

        Parameters
        ----------
        fields
            The field, or the fields with a common threshold; None for all.
        seconds
            Seconds to review a value: a number, a number per field, or a review journal as a frame
            with `field` and `seconds`.

        Raises
        ------
        ArgumentError
            There is no such field, none of its values has a confidence, or `seconds` lacks a field.
        """
        cells = self._of(fields)
        names = pd.unique(cells["field"])
        what = str(names[0]) if len(names) == 1 else "value"
        return plan_review(cells, what=what, seconds=seconds)

    def plot(
        self,
        kind: Plot = "outcomes",
        ax: Axes | None = None,
        *,
        fields: str | Sequence[str] | None = None,
    ) -> Axes:
        """Draw a plot of this score.

        Parameters
        ----------
        kind
            ``outcomes`` per field; ``cer``, the share of values and cards up to a given CER;
            ``confusions`` of letters; ``reliability`` of confidences; ``threshold``, undetected
            errors by the share reviewed.
        ax
            The axes to draw on; None for a new transparent figure.
        fields
            The fields whose cells are used; None for all.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ArgumentError
            There is no such kind or field, or no value has a confidence.
        """
        cells = self._of(fields)
        match kind:
            case "outcomes":
                return plots.outcomes(cells, ax)
            case "cer":
                return plots.cer_distribution(cells, ax)
            case "confusions":
                pairs = self.confusions("field").astype({"field": str})
                chosen = pairs[pairs["field"].isin(cells["field"].astype(str).unique())]
                letters = ["truth_char", "value_char"]
                return plots.confusions(chosen.groupby(letters)[["count"]].sum().reset_index(), ax)
            case "reliability":
                return plots.reliability(calibrate(cells).reliability, ax)
            case "threshold":
                return plots.threshold_curve(plan_review(cells).curve, ax)
        raise unknown("plot", kind, get_args(Plot))

    @overload
    def to_html(
        self, path: None = None, *, title: str = ..., limit: int = ...,
        crops: pd.DataFrame | None = ..., values: bool = ...,
    ) -> str: ...  # fmt: skip
    @overload
    def to_html(
        self, path: str | PathLike[str], *, title: str = ..., limit: int = ...,
        crops: pd.DataFrame | None = ..., values: bool = ...,
    ) -> Path: ...  # fmt: skip
    def to_html(
        self,
        path: str | PathLike[str] | None = None,
        *,
        title: str = "How well it reads",
        limit: int = SHOWN,
        crops: pd.DataFrame | None = None,
        values: bool = True,
    ) -> str | Path:
        """Create a report as one HTML file: headline, plots, tables, wrong values, definitions.

        It contains the wrong values, but no pictures by default.

        Parameters
        ----------
        path
            The file, created with mode 0600; None to return the HTML only.
        title
            Title of the page.
        limit
            Maximum number of wrong values, those with the most frequent confusion first.
        crops
            The flat frame that was scored, to show the crop of each wrong value; None for no
            pictures.
        values
            Whether to show wrong values.  A report without them contains only figures, and can be
            shared.

        Returns
        -------
        pathlib.Path or str
            The path, or the HTML if `path` is None.

        Raises
        ------
        ArgumentError
            The frame for the crops does not contain the paths of its pictures.
        """
        text = score_page(self, title=title, limit=limit, crops=crops, values=values)
        return text if path is None else written(text, path)

    def freeze(self, path: str | PathLike[str]) -> None:
        """Save which values are right, for ``score(…, baseline=path)``.

        Parameters
        ----------
        path
            A ``.parquet`` file, created with mode 0600; it contains no values or names of cards.

        Raises
        ------
        ArgumentError
            The name has another ending.
        """
        refuse_ending(path, ".parquet")
        with replacing(path) as temporary:
            drift.figures(self.cells, self.rows, self.on).to_parquet(temporary, index=False)

    def _of(self, fields: str | Sequence[str] | None) -> pd.DataFrame:
        if fields is None:
            return self.cells
        wanted, there = listed(fields), pd.unique(self.cells["field"])
        for field in wanted:
            if field not in there:
                raise unknown("field", field, there)
        return self.cells[self.cells["field"].isin(wanted)]
