"""What a person sees and corrects: queues, viewer, reviewer."""

from cvocr_lab.views.queue import review_queue

__all__ = ["review_queue"]
