"""Train, fine-tune and export the nets of the offline engine (extra ``train``).

A CPU build of torch is enough.

Training, validation and test data are kept separate as follows:

- *fonts*: `cvocr_lab.synth.fonts` splits the families; those in ``HELD_OUT`` and ``VALIDATION`` are
  never drawn for training, ``VALIDATION`` selects the checkpoint, ``HELD_OUT`` is for tests only;
- *seeds*: training draws from seeds above 1,000,000, validation from `VALIDATION_SEED`, tests from
  `TEST_SEED`; the finders' validation papers have backgrounds of their own; all texts are made up,
  so that the sets share no lines by design;
- *designers*: papers drawn by others are never used for training.
"""

from cvocr_lab.training.export import export, export_finder
from cvocr_lab.training.finders import average_checkpoints, train_finder
from cvocr_lab.training.finetune import (
    FineTuned,
    Labelled,
    finetune,
    finetune_lines,
    labelled_lines,
)
from cvocr_lab.training.loop import train
from cvocr_lab.training.restore import restore
from cvocr_lab.training.stream import TEST_SEED, VALIDATION_SEED, Figures, evaluate

__all__ = [
    "TEST_SEED", "VALIDATION_SEED", "Figures", "FineTuned", "Labelled", "average_checkpoints",
    "evaluate", "export", "export_finder", "finetune", "finetune_lines", "labelled_lines",
    "restore", "train", "train_finder",
]  # fmt: skip
