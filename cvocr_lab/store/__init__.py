"""A store of readings on disk, used to resume runs and to cache the answers of engines.

The key of a reading consists of the bytes of the pictures (for URLs, their text), the pages, the
kind, and the engine's identity.  The store also remembers the digest of each file together with
its size and times, so that an unchanged file need not be read again to be recognised.

Corrections made by people are not part of the store: they are kept in the journal of a review,
which a run never changes.
"""

from cvocr_lab.store.codec import dump, load
from cvocr_lab.store.database import FileStamp, Question, Store, StoredReading, StoreWarning

__all__ = ["Question", "FileStamp", "Store", "StoreWarning", "StoredReading", "dump", "load"]
