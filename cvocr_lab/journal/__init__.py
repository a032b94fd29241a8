"""Journals of review decisions, and the state of each field that results from them.

A journal is a file with one JSON line per decision, readable by its owner alone.  Each decision is
on disk before the call that makes it returns.  Lines are never changed: undoing appends another
decision.  The state of a field is computed from all its decisions, independent of their order in
the file, so the journals of several people can be merged.  Decisions take precedence over the
values of engines.
"""

from cvocr_lab.journal.apply import apply
from cvocr_lab.journal.decision import REVIEWED, STATES, Decision, Item, State
from cvocr_lab.journal.file import Journal, JournalWarning
from cvocr_lab.journal.fold import Standing, fold
from cvocr_lab.journal.items import (
    QUAD,
    Check,
    check_value,
    frame_items,
    picture_digest,
    quad_of,
    quad_text,
    tags_of,
)
from cvocr_lab.journal.tables import Decisions, merge, read_decisions, to_frame

__all__ = [
    "QUAD", "REVIEWED", "STATES", "Check", "Decision", "Decisions", "Item", "Journal",
    "JournalWarning", "Standing", "State", "apply", "check_value", "fold", "frame_items", "merge",
    "picture_digest", "quad_of", "quad_text", "read_decisions", "tags_of", "to_frame",
]  # fmt: skip
