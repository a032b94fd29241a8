"""How good a reading is: truth against flat frame, cell by cell."""

from cvocr_lab.scoring.comparators import VERDICTS
from cvocr_lab.scoring.diagnosis import MISTAKES
from cvocr_lab.scoring.labels import read_labels
from cvocr_lab.scoring.rates import RATES
from cvocr_lab.scoring.texts import TIERS
from cvocr_lab.scoring.verdict import Score, score

__all__ = ["MISTAKES", "RATES", "TIERS", "VERDICTS", "Score", "read_labels", "score"]
