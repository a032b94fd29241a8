"""`apply`: put decisions into a frame, and clean the changed values again."""

from __future__ import annotations

from functools import wraps
from typing import Literal

import pandas as pd

from cvocr_lab import cleaning, journal
from cvocr_lab.journal import Decisions


@wraps(journal.apply)
def apply(  # noqa: D103 - the docstring is that of `journal.apply`
    frame: pd.DataFrame,
    decisions: Decisions,
    *,
    match: Literal["path", "content"] = "path",
) -> pd.DataFrame:
    return cleaning.refreshed(journal.apply(frame, decisions, match=match))
