"""Flat frames in the formats of other tools, and back.

==================  =========================================================================
format              what comes back the same
==================  =========================================================================
Label Studio        values, places (0.1 pixel), confidences, type, side, page, path, label
PaddleOCR           values that have a place, places, confidences, type, side, page, path
imagefolder         the whole flat frame where each input has one face; the table otherwise
Excel               the whole flat frame
==================  =========================================================================

Every file is made readable by its owner alone.  Parquet and CSV are `cvocr_lab.write_frame`.
"""

from cvocr_lab.exchange.excel import from_excel, to_excel
from cvocr_lab.exchange.image_folder import from_image_folder, to_image_folder
from cvocr_lab.exchange.label_studio import (
    from_label_studio,
    label_studio_config,
    to_label_studio,
)
from cvocr_lab.exchange.paddle import from_paddle, to_paddle
from cvocr_lab.exchange.papers import LeftOutWarning

__all__ = [
    "LeftOutWarning",
    "from_excel",
    "from_image_folder",
    "from_label_studio",
    "from_paddle",
    "label_studio_config",
    "to_excel",
    "to_image_folder",
    "to_label_studio",
    "to_paddle",
]
