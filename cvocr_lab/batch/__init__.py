"""A column of pictures -> requests -> one flat frame: workers, order, progress, row errors.

Concurrency lives here only.  A row's trouble becomes that row's error; what would fail every row
stops the run, and the rows finished till then are kept.

With a store, readings are on disk before the progress bar moves.  Corrections made by people are
not in it: they stand in the journal of a review, which no run touches.
"""

from cvocr_lab.batch.bulk import extract
from cvocr_lab.batch.locating import locate
from cvocr_lab.batch.planning import Plan, plan
from cvocr_lab.batch.rows import RowsFailedWarning, RunStoppedWarning
from cvocr_lab.batch.run_spec import TIME_LIMIT_S
from cvocr_lab.batch.sources import Column, source_frame
from cvocr_lab.batch.stored import read_store
from cvocr_lab.workers import usable_cores

__all__ = [
    "TIME_LIMIT_S",
    "Column",
    "Plan",
    "RowsFailedWarning",
    "RunStoppedWarning",
    "extract",
    "locate",
    "plan",
    "read_store",
    "source_frame",
    "usable_cores",
]
