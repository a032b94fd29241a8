"""The accessors ``df.cvocr`` and ``series.cvocr``.

Each method calls a function of the package with the frame as its first argument, and has the
docstring and signature of this function.
"""

from __future__ import annotations

import pandas as pd

from cvocr_lab import batch, cleaning, exchange, frames, scoring, views
from cvocr_lab.accessor_methods import Accessor, Method


@pd.api.extensions.register_dataframe_accessor("cvocr")
class FrameAccessor(Accessor):
    """The methods of `cvocr_lab` for a DataFrame."""

    # Reading.  Because of **options, mypy assumes that an option may be named like the frame.
    extract = Method(batch.extract)  # type: ignore[arg-type]
    dry_run = Method(batch.dry_run)  # type: ignore[arg-type]
    locate = Method(batch.locate)  # type: ignore[arg-type]
    relocate = Method(frames.relocate)
    wide = Method(frames.wide)

    # Evaluation.
    score = Method(scoring.score)
    compare = Method(scoring.compare)

    # Viewing and correcting.
    view = Method(views.view)
    show = Method(views.show)
    review = Method(views.review)
    review_queue = Method(views.review_queue)
    sweep = Method(views.sweep)
    suspects = Method(views.suspects)
    apply = Method(views.apply)

    # Cleaning.
    check = Method(cleaning.check)
    clean = Method(cleaning.clean)
    changes = Method(cleaning.changes)
    suggestions = Method(cleaning.suggestions)
    labels_from_codes = Method(cleaning.labels_from_codes)

    # Export to other tools.
    to_excel = Method(exchange.to_excel)
    to_image_folder = Method(exchange.to_image_folder)
    to_label_studio = Method(exchange.to_label_studio)
    to_paddle = Method(exchange.to_paddle)


@pd.api.extensions.register_series_accessor("cvocr")
class SeriesAccessor(Accessor):
    """The methods of `cvocr_lab` for a Series of pictures."""

    extract = Method(batch.extract, without="column")  # type: ignore[arg-type]
