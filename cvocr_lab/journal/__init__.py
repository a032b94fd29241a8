"""Review decisions, append-only on disk, and what they come to.

A journal is a file of JSON lines, one for each decision of a person, on disk before the call
that makes it returns, and readable by its owner alone.  Nothing in it is ever changed: undoing
is a decision too.  Where an item stands is a fold over the decisions, the same in whatever order
they come; the journals of two persons merge into one.  A person's value wins over any engine's.
"""

from cvocr_lab.journal.apply import apply
from cvocr_lab.journal.checks import Check, complaint
from cvocr_lab.journal.decision import REVIEWED, STATES, Decision, Item, State
from cvocr_lab.journal.file import Journal, JournalWarning
from cvocr_lab.journal.fold import Standing, fold
from cvocr_lab.journal.items import frame_items, picture_digest
from cvocr_lab.journal.rows import QUAD, quad_of, quad_text, tags_of
from cvocr_lab.journal.tables import Decisions, merge, read_decisions, to_frame

__all__ = [
    "QUAD",
    "REVIEWED",
    "STATES",
    "Check",
    "Decision",
    "Decisions",
    "Item",
    "Journal",
    "JournalWarning",
    "Standing",
    "State",
    "apply",
    "complaint",
    "fold",
    "frame_items",
    "merge",
    "picture_digest",
    "quad_of",
    "quad_text",
    "read_decisions",
    "tags_of",
    "to_frame",
]
