"""Render PDF pages to upright RGB arrays in a separate process.

A few hundred bytes of PDF can keep PDFium busy for years, and it cannot be stopped within this
process; it also supports only one thread at a time.  A child process can be killed and its memory
can be limited; it costs about a tenth of a second per document.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from cvocr_lab.errors import ImageError
from cvocr_lab.images._decode import Pixels, check_page_numbers, check_size, read_only
from cvocr_lab.images._formats import is_cut_off
from cvocr_lab.images._limits import Limits

_BOOT: Final = (
    "import sys; sys.path[:] = {path}; import runpy; runpy.run_path({file!r}, run_name='__main__')"
)
_CHILD: Final = Path(__file__).with_name("_pdf_child.py")
_MEMORY: Final = 3 * 2**30  # maximum memory of the child process in bytes
_TROUBLE: Final = {
    "password": "is locked with a password: save a copy without one",
    "broken": "is broken: get a new copy",
    "size": "has a page of impossible size: get a new copy",
}


def decode_pdf(
    data: bytes, name: str, *, pages: Sequence[int] | None, limits: Limits
) -> tuple[Pixels, ...]:
    """Render the pages of a PDF; any failure is an `ImageError`."""
    if is_cut_off(data, "PDF"):
        raise ImageError(f"PDF {name} is cut off: get a new copy")
    answer = _ask_child(data, name, pages, limits)
    end = answer.find(b"\n")
    told = json.loads(answer[:end])
    if "trouble" in told:
        raise ImageError(f"PDF {name} {_TROUBLE[told['trouble']]}")
    if not told["count"]:
        raise ImageError(f"PDF {name} has no pages: get a new copy")
    check_page_numbers(pages, told["count"], name, limits)
    before = 0
    for width, height, _ in told["sizes"]:
        check_size((width, height), name, limits, before=before)
        before += width * height
    drawn: list[Pixels] = []
    at = end + 1
    for width, height, stride in told["sizes"]:
        rows = np.frombuffer(answer, np.uint8, height * stride, at).reshape(height, stride)
        drawn.append(read_only(rows[:, : width * 3].reshape(height, width, 3)))
        at += height * stride
    return tuple(drawn)


def _ask_child(data: bytes, name: str, pages: Sequence[int] | None, limits: Limits) -> bytes:
    ask = {
        "pages": None if pages is None else [int(number) for number in pages],
        "max_pages": limits.max_pages,
        "max_pixels": limits.max_pixels,
        "dpi": limits.pdf_dpi,
        "seconds": limits.pdf_s,
        "memory": _MEMORY,
    }
    code = _BOOT.format(path=[str(Path(p).resolve()) for p in sys.path], file=str(_CHILD))
    try:
        child = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(ask).encode() + b"\n" + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.pdf_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(
            f"PDF {name} takes more than {limits.pdf_s:g} s to render: save it as pictures, "
            "or raise Limits.pdf_s"
        ) from error
    if child.returncode:
        raise ImageError(f"PDF {name} cannot be rendered: save it as pictures")
    return child.stdout
