"""Results <-> flat frame; the only room that knows column names.

A flat frame has one row per document face read, or one row with an error.  Its columns, in order:

=============================  =====================  ==========================================
column                         dtype                  what it holds
=============================  =====================  ==========================================
the source column(s)           as given               what was read, under the caller's name
``ocr_source``                 str                    path or URL that was opened for this face;
                                                      missing for pictures in memory
``<field>``                    str                    value as printed, missing when absent
``<field>_confidence``         float64                0 to 1, NaN when unknown
``<field>_quad``               object, 8 floats       `cvocr_lab.results.Quad`, None if unknown
``ocr_type``                   str                    document type
``ocr_confidence``             float64                chance that the type is right
``ocr_side``                   str                    ``front``, ``back``
``ocr_page``                   Int64                  page of a PDF from 1; 1 for pictures
``ocr_corners``                object, 8 floats       the paper's corners
``ocr_valid``                  boolean                the API's verdict on the picture
``ocr_invalid_code``           Int64                  the verdict's reason …
``ocr_invalid_message``        str                    … in words
``ocr_warnings``               str                    codes joined by ``;``
``ocr_engine``                 str                    name and version
``ocr_error_code``             str                    the API's error code, where it has one
``ocr_error``                  str                    ``"ImageError: what happened"``
``ocr_attempts``               Int64                  0: taken from an equal source
``ocr_seconds``                float64                time spent on the request
``ocr_extra_<key>``            str                    answer fields that no spec knows
``ocr_tokens_in``              Int64                  tokens of the question, and then ``…_out``
                                                      and ``ocr_cost``, where an engine counts;
                                                      on an input's first face
``ocr_reviewed``               str                    once reviewed: ``field:state`` joined by ``;``
``ocr_tags``                   str                    once tagged: tags joined by ``;``
``ocr_located``                str                    once located: ``field:how`` joined by ``;``
=============================  =====================  ==========================================

Fields stand in the order of `cvocr_lab.kinds.TYPES`.  A ``scan`` gives ``ocr_type`` "scan" and its
lines as one ``text``.  Thumbnails do not travel in frames.

The rows of one input have one index label, that of the source's row.  In a CSV the labels stand in
a first column ``ocr_index`` (``ocr_index_<name>`` for an index with a name).
"""

from cvocr_lab.frames.columns import (
    LOCATED_COLUMN,
    READING_COLUMNS,
    REVIEWED_COLUMN,
    TAGS_COLUMN,
    TEXT,
    UNREADABLE,
    as_text,
    check_source_columns,
    field_columns,
    listed,
    restore,
)
from cvocr_lab.frames.files import read_frame, write_csv, write_frame
from cvocr_lab.frames.flat import Reading, from_frame, to_frame
from cvocr_lab.frames.pairing import Pairing, beside, pair
from cvocr_lab.frames.record import Cell, Record
from cvocr_lab.frames.records import Records, expected
from cvocr_lab.frames.sides import wide
from cvocr_lab.frames.sources import opened, relocate
from cvocr_lab.frames.tables import Table, as_table, spelled, spellings
from cvocr_lab.frames.truth import Accepted, Alternatives, Truth

__all__ = [
    "LOCATED_COLUMN", "READING_COLUMNS", "REVIEWED_COLUMN", "TAGS_COLUMN", "TEXT",
    "UNREADABLE", "Accepted",
    "Alternatives", "Cell", "Pairing", "Reading", "Record", "Records", "Table", "Truth",
    "as_table", "as_text", "beside", "check_source_columns", "expected", "field_columns",
    "from_frame", "listed", "opened", "pair", "read_frame", "relocate", "restore", "spelled",
    "spellings", "to_frame", "wide", "write_csv", "write_frame",
]  # fmt: skip
