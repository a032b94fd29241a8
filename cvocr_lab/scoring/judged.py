"""What one can ask of a score beyond its counts."""

from __future__ import annotations

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.intervals import RESAMPLES


class Judged:
    """Cells and rows that were judged, and the questions they answer."""

    __slots__ = ()

    cells: pd.DataFrame
    rows: pd.DataFrame

    def compare(
        self,
        other: Judged,
        *,
        names: tuple[str, str] = ("a", "b"),
        detect: float = 0.02,
        seed: int = 0,
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
        return Comparison.of(
            self.cells, other.cells, names=names, detect=detect, resamples=RESAMPLES, seed=seed
        )
