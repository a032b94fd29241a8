"""A column of pictures -> requests -> one flat frame: workers, order, progress, row errors.

Concurrency lives here only.  A row's trouble becomes that row's error; what would fail every row
stops the run, and the rows finished till then are kept.
"""

from cvocr_lab.batch.bulk import extract
from cvocr_lab.batch.rows import RowsFailedWarning, RunStoppedWarning
from cvocr_lab.batch.sources import Column, source_frame
from cvocr_lab.workers import usable_cores

__all__ = [
    "Column",
    "RowsFailedWarning",
    "RunStoppedWarning",
    "extract",
    "source_frame",
    "usable_cores",
]
