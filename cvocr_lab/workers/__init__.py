"""Workers: a function in threads or in processes that are started again when they die.

Bulk runs and the server share the `Pool`: it hands questions to workers, gives up on one that
takes too long, and survives a worker that dies.  A worker process talks to its parent in pickles
over its standard input and output.  It never imports the parent's ``__main__``, so a plain script
or a notebook needs no ``if __name__ == "__main__"``.
"""

from cvocr_lab.workers.child import dumps
from cvocr_lab.workers.pool import Pool, ThreadWorker, Worker
from cvocr_lab.workers.process import ProcessWorker, WorkerDiedError, usable_cores

__all__ = [
    "Pool",
    "ProcessWorker",
    "ThreadWorker",
    "Worker",
    "WorkerDiedError",
    "dumps",
    "usable_cores",
]
