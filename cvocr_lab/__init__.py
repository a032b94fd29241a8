"""Measure, review and clean OCR of Vietnamese identity papers and vehicle registrations.

Importing it gives DataFrames and Series the accessor ``.cvocr``.

>>> import pandas as pd, cvocr_lab  # doctest: +SKIP
>>> df = cvocr_lab.read_labels("sample_data/labels.csv")  # doctest: +SKIP
>>> read = df.cvocr.extract(column="image", base="sample_data")  # doctest: +SKIP
>>> read.cvocr.score(df).summary()  # doctest: +SKIP
"""

from cvocr_lab.accessor import FrameAccessor, SeriesAccessor
from cvocr_lab.batch import (
    Plan,
    RowsFailedWarning,
    RunStoppedWarning,
    extract,
    extract_iter,
    locate,
    plan,
    read_store,
)
from cvocr_lab.cleaning import (
    changes,
    check,
    clean,
    labels_from_codes,
    suggested,
    suggestions,
)
from cvocr_lab.engines import Engine, Request, open_engine, read_lines
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    BatchError,
    CredentialsError,
    CvocrError,
    DriftError,
    FetchError,
    FormatTypeError,
    ImageError,
    MissingPartError,
    NoDocumentError,
    QuotaError,
    RowError,
    TransportError,
)
from cvocr_lab.exchange import (
    LeftOutWarning,
    from_excel,
    from_image_folder,
    from_label_studio,
    from_paddle,
    label_studio_config,
    to_excel,
    to_image_folder,
    to_label_studio,
    to_paddle,
)
from cvocr_lab.frames import (
    from_frame,
    read_frame,
    relocate,
    to_frame,
    wide,
    write_frame,
    write_frames,
)
from cvocr_lab.images import Fetch, InputImage, Limits, load
from cvocr_lab.journal import Journal
from cvocr_lab.results import Document, Extraction, FieldValue, Line
from cvocr_lab.scoring import (
    Comparison,
    Score,
    accuracy_from_review,
    compare,
    read_labels,
    score,
)
from cvocr_lab.views import (
    Reviewer,
    Sweeper,
    Viewer,
    apply,
    review,
    review_queue,
    reviewed_values,
    show,
    suspects,
    sweep,
    view,
)

__version__ = "0.1.0"

__all__ = [
    "AnswerError",
    "ArgumentError",
    "BatchError",
    "Comparison",
    "CredentialsError",
    "CvocrError",
    "Document",
    "DriftError",
    "Engine",
    "Extraction",
    "Fetch",
    "FetchError",
    "FieldValue",
    "FormatTypeError",
    "FrameAccessor",
    "ImageError",
    "InputImage",
    "Journal",
    "LeftOutWarning",
    "Limits",
    "Line",
    "MissingPartError",
    "NoDocumentError",
    "Plan",
    "QuotaError",
    "Request",
    "Reviewer",
    "RowError",
    "RowsFailedWarning",
    "RunStoppedWarning",
    "Score",
    "SeriesAccessor",
    "Sweeper",
    "TransportError",
    "Viewer",
    "accuracy_from_review",
    "apply",
    "changes",
    "check",
    "clean",
    "compare",
    "extract",
    "extract_iter",
    "from_excel",
    "from_frame",
    "from_image_folder",
    "from_label_studio",
    "from_paddle",
    "label_studio_config",
    "labels_from_codes",
    "load",
    "locate",
    "open_engine",
    "plan",
    "read_frame",
    "read_labels",
    "read_lines",
    "read_store",
    "relocate",
    "review",
    "review_queue",
    "reviewed_values",
    "score",
    "show",
    "suggested",
    "suggestions",
    "suspects",
    "sweep",
    "to_excel",
    "to_frame",
    "to_image_folder",
    "to_label_studio",
    "to_paddle",
    "view",
    "wide",
    "write_frame",
    "write_frames",
]
