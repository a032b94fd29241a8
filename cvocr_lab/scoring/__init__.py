"""Compare readings with a truth, cell by cell."""

from cvocr_lab.frames import Alternatives, read_labels
from cvocr_lab.scoring.calibration import Calibration
from cvocr_lab.scoring.comparators import VERDICTS
from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.drift import DriftWarning
from cvocr_lab.scoring.mistakes import MISTAKES
from cvocr_lab.scoring.pairing_checks import PairingWarning
from cvocr_lab.scoring.rates import RATES
from cvocr_lab.scoring.readers import Readers
from cvocr_lab.scoring.reviewed import ReviewedAccuracy, accuracy_from_review
from cvocr_lab.scoring.score import compare, score
from cvocr_lab.scoring.score_result import Score
from cvocr_lab.scoring.texts import TIERS
from cvocr_lab.scoring.thresholds import Answer, Plan

__all__ = [
    "MISTAKES", "RATES", "TIERS", "VERDICTS", "Alternatives", "Answer", "Calibration",
    "Comparison", "DriftWarning", "PairingWarning", "Plan", "Readers", "ReviewedAccuracy", "Score",
    "accuracy_from_review", "compare", "read_labels", "score",
]  # fmt: skip
