"""Look at readings and correct them: queues, viewer, reviewer and sweep."""

from cvocr_lab.journal import Check
from cvocr_lab.views.live_page import apply
from cvocr_lab.views.queue import Order, review_queue, reviewed_values
from cvocr_lab.views.reviewer import Reviewer, review
from cvocr_lab.views.static_picture import show
from cvocr_lab.views.suspects import suspects
from cvocr_lab.views.sweep import Sweeper, SweepOrder, sweep
from cvocr_lab.views.viewer import Viewer, view

__all__ = [
    "Check", "Order", "Reviewer", "SweepOrder", "Sweeper", "Viewer", "apply", "review",
    "review_queue", "reviewed_values", "show", "suspects", "sweep", "view",
]  # fmt: skip
