"""Read a column of pictures into one flat frame: workers, order, progress and row errors.

An error that concerns one row is stored in that row.  An error that would affect every row stops
the run; the rows that are already finished are kept.

With a store, each reading is written to disk before the progress bar moves.
"""

from cvocr_lab.batch.dry_run_report import DryRun, dry_run
from cvocr_lab.batch.extraction import extract, read_store
from cvocr_lab.batch.locating import locate
from cvocr_lab.batch.run import RowsFailedWarning, RunStoppedWarning
from cvocr_lab.batch.run_arguments import TIME_LIMIT_S, Column, source_frame
from cvocr_lab.workers import usable_cores

__all__ = [
    "TIME_LIMIT_S", "Column", "DryRun", "RowsFailedWarning", "RunStoppedWarning", "extract",
    "locate", "dry_run", "read_store", "source_frame", "usable_cores",
]  # fmt: skip
