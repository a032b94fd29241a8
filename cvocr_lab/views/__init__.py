"""What a person sees and corrects: queues, viewer, reviewer."""

from cvocr_lab.views.drawing import show
from cvocr_lab.views.queue import review_queue
from cvocr_lab.views.reviewer import Reviewer, review
from cvocr_lab.views.viewer import Viewer, view

__all__ = ["Reviewer", "Viewer", "review", "review_queue", "show", "view"]
