"""Flat frames in the formats of other tools, and back.

==================  =========================================================================
format              what comes back unchanged
==================  =========================================================================
Label Studio        values, quads, confidences, what is said of the paper, path, label
PaddleOCR           the same, for values that have a quad; labels are counted anew
imagefolder         the whole flat frame where each input has one face; the table otherwise
Excel               the whole flat frame; quads on request
==================  =========================================================================

Every file is made readable by its owner alone.  Parquet and CSV are `cvocr_lab.write_frame`.
"""

from cvocr_lab.exchange.excel import from_excel, to_excel
from cvocr_lab.exchange.image_folder import from_image_folder, to_image_folder
from cvocr_lab.exchange.label_studio import label_studio_config, to_label_studio
from cvocr_lab.exchange.label_studio_import import from_label_studio
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
