"""Load pictures in a reduced size for thumbnails."""

from __future__ import annotations

import io

from cvocr_lab.images import Fetch, Limits, fetched, load
from cvocr_lab.images._decode import check_size, quiet_pillow, translated, upright
from cvocr_lab.images._formats import format_of, is_cut_off
from cvocr_lab.images.crops import Pixels, shrunk


def load_small(
    source: object,
    edge: int,
    *,
    page: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> tuple[Pixels, float]:
    """Load a picture, upright and with a longer side of at most `edge` pixels, and its scale.

    JPEG files are decoded at an eighth, a quarter or a half of their size if that is large enough,
    which takes a tenth of the time.
    """
    if page == 1:
        image = fetched(load(source, limits=limits, fetch=fetch, decode=False))
        data = image.data or b""
        if not image.pages and format_of(data) == "JPEG" and not is_cut_off(data, "JPEG"):
            with quiet_pillow(), translated(image.name, "JPEG"):
                from PIL import Image

                with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
                    check_size(picture.size, image.name, limits)
                    longest = max(picture.size)
                    picture.draft("RGB", (edge, edge))
                    pixels = shrunk(upright(picture, image.name, limits), edge)
                    return pixels, max(pixels.shape[:2]) / longest
    pixels = load(source, pages=(page,), limits=limits, fetch=fetch).pixels
    made = shrunk(pixels, edge)
    return made, made.shape[1] / pixels.shape[1]
