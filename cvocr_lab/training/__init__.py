"""Train, fine-tune and export the line recogniser (extra ``train``; a CPU build of torch will do).

How training, validation and test stay apart:

- *fonts*: `cvocr_lab.synth.fonts` parts the families; those in ``HELD_OUT`` and ``VALIDATION`` are
  never drawn for training, ``VALIDATION`` picks the checkpoint, ``HELD_OUT`` is for figures only;
- *seeds*: training shards draw from seeds above 1,000,000, validation from `VALIDATION_SEED`, tests
  from `TEST_SEED`; all texts are made up, so no line of one set is a line of another by design.
"""

from cvocr_lab.training.evaluation import TEST_SEED, VALIDATION_SEED, Figures, evaluate
from cvocr_lab.training.export import export
from cvocr_lab.training.finetune import FineTuned, finetune, finetune_lines
from cvocr_lab.training.labelled import Labelled, labelled_lines
from cvocr_lab.training.loop import train
from cvocr_lab.training.restore import restore

__all__ = [
    "TEST_SEED", "VALIDATION_SEED", "Figures", "FineTuned", "Labelled", "evaluate", "export",
    "finetune", "finetune_lines", "labelled_lines", "restore", "train",
]  # fmt: skip
