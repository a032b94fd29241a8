"""How good a reading is: truth against flat frame, cell by cell."""

from cvocr_lab.scoring.labels import read_labels
from cvocr_lab.scoring.verdict import Score, score

__all__ = ["Score", "read_labels", "score"]
