"""Convert flat frames to the formats of other tools and back.

==================  =========================================================================
format              what is preserved
==================  =========================================================================
Label Studio        values, quads, confidences, attributes of the paper, path, index label
PaddleOCR           the same, for values that have a quad; index labels are renumbered
imagefolder         the whole flat frame if each input has one face; otherwise the wide table
Excel               the whole flat frame; quads on request
==================  =========================================================================

All files are readable only by their owner.  For Parquet and CSV, use `cvocr_lab.write_frame`.
"""

from cvocr_lab.exchange.excel import from_excel, to_excel
from cvocr_lab.exchange.image_folder import from_image_folder, to_image_folder
from cvocr_lab.exchange.label_studio import label_studio_config, to_label_studio
from cvocr_lab.exchange.label_studio_import import from_label_studio
from cvocr_lab.exchange.paddle import from_paddle, to_paddle
from cvocr_lab.exchange.papers import LeftOutWarning

__all__ = [
    "LeftOutWarning", "from_excel", "from_image_folder", "from_label_studio", "from_paddle",
    "label_studio_config", "to_excel", "to_image_folder", "to_label_studio", "to_paddle",
]  # fmt: skip
