"""What one can ask of a score beyond its counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, overload

import pandas as pd

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import listed
from cvocr_lab.scoring import drift, plots
from cvocr_lab.scoring.calibration import Calibration, calibrate
from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.page import written
from cvocr_lab.scoring.report import SHOWN, score_page
from cvocr_lab.scoring.thresholds import Plan, Seconds, plan_review

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Plot = Literal["outcomes", "cer", "confusions", "reliability", "threshold"]


class ScoreViews(ABC):
    """Cells and rows that were judged, and the questions they answer."""

    __slots__ = ()

    cells: pd.DataFrame
    rows: pd.DataFrame
    readings: pd.DataFrame
    on: str | None

    @abstractmethod
    def summary(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Count outcomes."""

    @abstractmethod
    def mistakes(self, by: str | Sequence[str] = ()) -> pd.DataFrame:
        """Count the classes of mistakes in wrong values."""

    @abstractmethod
    def confusions(self, by: str | Sequence[str] = ()) -> pd.DataFrame:
        """Count which characters were read for which."""

    @abstractmethod
    def headline(self) -> str:
        """Say in one line how much was scored and how much of it is right."""

    def compare(
        self,
        other: ScoreViews,
        *,
        names: tuple[str, str] = ("a", "b"),
        detect: float = 0.02,
    ) -> Comparison:
        """Set another score of the same truth against this one; see `cvocr_lab.compare`.

        Parameters
        ----------
        other
            Becomes b; this score is a.

        Raises
        ------
        ArgumentError
            The two were not made with one truth, `detect` is no share, or both names are one.
        """
        if not 0 < detect < 1:
            raise ArgumentError(f"detect is a share between 0 and 1, not {detect}")
        if names[0] == names[1]:
            raise ArgumentError(f"both readers are called {names[0]!r}; give them two names")
        if not self.rows.index.equals(other.rows.index):
            raise ArgumentError("the two scores were not made with one truth: other rows")
        return Comparison.of(self.cells, other.cells, names=names, detect=detect)

    def calibration(
        self, *, fields: str | Sequence[str] | None = None, bins: int = 10, seed: int = 0
    ) -> Calibration:
        """Judge the confidences: reliability, AUROC, Brier score, calibration error.

        Parameters
        ----------
        fields
            Only values of these; None for all.
        bins
            Bands of about equal count in the reliability table.
        seed
            Of the resampling.

        Raises
        ------
        ArgumentError
            No such field, or no value of it has a confidence.
        """
        return calibrate(self._of(fields), bins=bins, seed=seed)

    def plan(
        self, fields: str | Sequence[str] | None = None, *, seconds: Seconds | None = None
    ) -> Plan:
        """Weigh silent errors against share reviewed, for every threshold of confidence.

        Parameters
        ----------
        fields
            The field, or the fields that one threshold is for; None for all.
        seconds
            To review a value: a number, a number per field, or a review journal as a frame with
            `field` and `seconds`.

        Raises
        ------
        ArgumentError
            No such field, no value of it has a confidence, or no seconds for one of them.
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
        """Draw one of the pictures of this score.

        Parameters
        ----------
        kind
            ``outcomes`` per field; ``cer``, how many values and cards have no more than a given
            CER; ``confusions`` of letters; ``reliability`` of confidences; ``threshold``, errors
            that pass against share reviewed.
        ax
            Where to draw; None for a transparent figure of its own.
        fields
            Only cells of these; None for all.

        Returns
        -------
        matplotlib.axes.Axes
            What was drawn on.

        Raises
        ------
        ArgumentError
            No such kind or field, or no value has a confidence.
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
        self,
        path: None = None,
        *,
        title: str = ...,
        limit: int = ...,
        crops: pd.DataFrame | None = ...,
        values: bool = ...,
    ) -> str: ...
    @overload
    def to_html(
        self,
        path: str | PathLike[str],
        *,
        title: str = ...,
        limit: int = ...,
        crops: pd.DataFrame | None = ...,
        values: bool = ...,
    ) -> Path: ...
    def to_html(
        self,
        path: str | PathLike[str] | None = None,
        *,
        title: str = "How well it reads",
        limit: int = SHOWN,
        crops: pd.DataFrame | None = None,
        values: bool = True,
    ) -> str | Path:
        """Make a report: one HTML file with the answer, plots, tables, wrong values, definitions.

        It shows values of the cards that were read wrongly, and no picture unless asked.

        Parameters
        ----------
        path
            Where to write it, mode 0600; None to get the text only.
        title
            Heading of the page.
        limit
            Wrong values shown at most, those of the largest confusion first.
        crops
            The flat frame that was scored, to put beside each wrong value the place it was read
            from; None for no pictures.
        values
            Whether wrong values are shown; without them the report holds figures only, and can be
            passed on.

        Returns
        -------
        pathlib.Path or str
            The path, or the text where there is none.

        Raises
        ------
        ArgumentError
            The frame for the crops does not say where its pictures are.
        """
        groups = [by for by in ("type", "tier") if by in self.rows and self.rows[by].nunique() > 1]
        text = score_page(
            self.cells,
            {"": self.summary(())} | {by: self.summary(by) for by in ("field", *groups)},
            self.mistakes("field"),
            self.confusions(),
            title=title,
            headline=self.headline(),
            limit=limit,
            crops=crops,
            values=values,
        )
        return text if path is None else written(text, path)

    def freeze(self, path: str | PathLike[str]) -> None:
        """Keep what was read rightly, for ``score(…, baseline=path)`` to guard.

        Parameters
        ----------
        path
            A ``.parquet`` file, made with mode 0600; it holds no value and no name of any card.

        Raises
        ------
        ArgumentError
            The name ends otherwise.
        """
        drift.freeze(drift.figures(self.cells, self.rows, self.on), path)

    def _of(self, fields: str | Sequence[str] | None) -> pd.DataFrame:
        if fields is None:
            return self.cells
        wanted = listed(fields)
        there = {str(f) for f in pd.unique(self.cells["field"])}
        for field in wanted:
            if field not in there:
                raise ArgumentError(
                    f"no cell of a field {field!r}; there are {', '.join(sorted(there))}"
                )
        return self.cells[self.cells["field"].isin(wanted)]
