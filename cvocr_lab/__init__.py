"""Measure, review and clean OCR of Vietnamese identity papers and vehicle registrations.

Importing it registers the accessor ``.cvocr`` of DataFrames and Series.  The most common functions
are available here; others are in the modules ``batch``, ``cleaning``, ``engines``, ``errors``,
``exchange``, ``frames``, ``images``, ``journal``, ``kinds``, ``results``, ``scoring``, ``views``.

>>> import pandas as pd, cvocr_lab  # doctest: +SKIP
>>> df = cvocr_lab.read_labels("sample_data/labels.csv")  # doctest: +SKIP
>>> read = df.cvocr.extract(column="image", base="sample_data")  # doctest: +SKIP
>>> read.cvocr.score(df).summary()  # doctest: +SKIP
"""

from cvocr_lab import (
    accessor,
    batch,
    cleaning,
    engines,
    errors,
    exchange,
    frames,
    images,
    journal,
    kinds,
    results,
    scoring,
    views,
)
from cvocr_lab.batch import extract
from cvocr_lab.cleaning import check, clean
from cvocr_lab.engines import open_engine
from cvocr_lab.frames import read_frame, write_frame
from cvocr_lab.scoring import compare, read_labels, score
from cvocr_lab.views import review, view

__version__ = "0.1.0"

__all__ = [
    "accessor", "batch", "check", "clean", "cleaning", "compare", "engines", "errors", "exchange",
    "extract", "frames", "images", "journal", "kinds", "open_engine", "read_frame", "read_labels",
    "results", "review", "score", "scoring", "view", "views", "write_frame",
]  # fmt: skip
