"""One store of readings: a run that can be resumed, and an engine whose answers are cached.

A reading is found again by what was asked: the bytes of the pictures (a URL by its text), the
pages, the kind, and the engine's identity.  The bytes of a file are known by its digest, and the
digest by the file's size and times, so that an unchanged file is not read again to recognise it.

Corrections made by people are not in it: they stand in the journal of a review, which no run
touches.
"""

from cvocr_lab.store.codec import dump, load
from cvocr_lab.store.database import Question, Stamp, Store, Stored, StoreWarning

__all__ = ["Question", "Stamp", "Store", "StoreWarning", "Stored", "dump", "load"]
