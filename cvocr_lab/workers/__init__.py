"""Run a function in worker threads, or in worker processes that are restarted when they die.

Bulk runs and the server share the `Pool`.  It passes questions to workers, enforces a time limit,
and survives the death of a worker.  A worker process exchanges pickles with its parent over its
standard input and output.  It never imports the parent's ``__main__``, so scripts and notebooks
need no ``if __name__ == "__main__"``.
"""

from cvocr_lab.workers.child import dumps
from cvocr_lab.workers.pool import (
    Pending,
    Pool,
    ProcessWorker,
    ThreadWorker,
    Worker,
    WorkerDiedError,
    usable_cores,
)  # fmt: skip

__all__ = [
    "Pending", "Pool", "ProcessWorker", "ThreadWorker", "Worker", "WorkerDiedError", "dumps",
    "usable_cores",
]  # fmt: skip
