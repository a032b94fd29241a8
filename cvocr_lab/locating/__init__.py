"""Where the values of an answer stand, found by the lines that another reader saw.

An answer of the API says what a paper says, not where.  The offline engine's lines have places but
may misread.  So each value is aligned to them letter by letter, marks and case folded away.
"""

from cvocr_lab.locating.places import HOW, How, Place, locate_values

__all__ = ["HOW", "How", "Place", "locate_values"]
