"""Find the places of values on a picture.

The answers of the API have no coordinates.  The lines of the offline engine have, but they may be
misread, so each value is aligned with them letter by letter, ignoring diacritics and case.
"""

from cvocr_lab.locating.positions import HOW, How, Place, locate_values

__all__ = ["HOW", "How", "Place", "locate_values"]
