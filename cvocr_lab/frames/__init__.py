"""Convert readings to a flat frame; the only room that knows column names.

A flat frame has one row per document face, or one row with an error.  Its columns, in order:

=============================  =====================  ==========================================
column                         dtype                  what it holds
=============================  =====================  ==========================================
the source column(s)           as given               the caller's column(s) of pictures
``ocr_source``                 str                    path or URL that was opened for this face;
                                                      missing for pictures in memory
``<field>``                    str                    value as printed, missing when absent
``<field>_confidence``         float64                0 to 1, NaN when unknown
``<field>_quad``               object, 8 floats       `cvocr_lab.results.Quad`, None if unknown
``ocr_type``                   str                    document type
``ocr_confidence``             float64                confidence of the type
``ocr_side``                   str                    ``front``, ``back``
``ocr_page``                   Int64                  page of a PDF from 1; 1 for pictures
``ocr_corners``                object, 8 floats       corners of the paper
``ocr_valid``                  boolean                whether the picture is fit for use
``ocr_invalid_code``           Int64                  the API's code if it is not
``ocr_invalid_message``        str                    the same in words
``ocr_warnings``               str                    codes joined by ``;``
``ocr_engine``                 str                    name and version
``ocr_error_code``             str                    the API's error code, if there is one
``ocr_error``                  str                    ``"ImageError: what happened"``
``ocr_attempts``               Int64                  requests made; 0 if copied from an equal
                                                      source
``ocr_seconds``                float64                time spent on the request
``ocr_extra_<key>``            str                    unknown fields of the answer
``ocr_tokens_in``              Int64                  tokens of the request, followed by
                                                      ``ocr_tokens_out`` and ``ocr_cost``, if the
                                                      engine counts them; only on an input's first
                                                      face
``ocr_reviewed``               str                    after a review: ``field:state`` joined by
                                                      ``;``
``ocr_tags``                   str                    after tagging: tags joined by ``;``
``ocr_located``                str                    after `locate`: ``field:how`` joined by ``;``
=============================  =====================  ==========================================

Fields are in the order of `cvocr_lab.kinds.TYPES`.  A ``scan`` has the ``ocr_type`` "scan" and its
lines as one field ``text``.  Thumbnails are not part of frames.

All rows of one input have the index label of its source.  In a CSV file, the labels are in a first
column ``ocr_index`` (``ocr_index_<name>`` for an index with a name).
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
from cvocr_lab.frames.flat import Reading, documents_of, to_frame
from cvocr_lab.frames.pairing import Pairing, pair, truth_by_row
from cvocr_lab.frames.records import Cell, Record, Records, expected
from cvocr_lab.frames.sources import relocate, source_path
from cvocr_lab.frames.tables import Table, as_table, read_labels, spelled, spellings
from cvocr_lab.frames.truth import Accepted, Alternatives, Truth
from cvocr_lab.frames.wide_table import wide

__all__ = [
    "LOCATED_COLUMN", "READING_COLUMNS", "REVIEWED_COLUMN", "TAGS_COLUMN", "TEXT",
    "UNREADABLE", "Accepted",
    "Alternatives", "Cell", "Pairing", "Reading", "Record", "Records", "Table", "Truth",
    "as_table", "as_text", "check_source_columns", "documents_of", "expected", "field_columns",
    "listed", "pair", "read_frame", "read_labels", "relocate", "restore", "source_path", "spelled",
    "spellings", "to_frame", "truth_by_row", "wide", "write_csv", "write_frame",
]  # fmt: skip
