"""Detect the format of a file by its first bytes."""

from __future__ import annotations

import re
from typing import Final

PICTURES: Final = frozenset(
    {"JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "AVIF", "HEIF", "PPM"}
)
"""Picture formats, by Pillow's names."""

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "a Photoshop document"),
    (b"PAR1", "a Parquet file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"{\\rtf", "an RTF document"),
)
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_WEB_PAGE: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def format_of(data: bytes) -> str:
    """Return one of `PICTURES`, ``"PDF"``, or a description of anything else.

    Parameters
    ----------
    data
        The file, or at least its first 1024 bytes.
    """
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF":
        return "WEBP" if data[8:12] == b"WEBP" else "a sound or video"
    if data[4:8] == b"ftyp":
        return _ftyp(data)
    if data[:2] == b"BM":
        return "BMP"
    if re.match(rb"P[1-6]\s", data):
        return "PPM"
    # Other bytes may precede the header: PDF 32000-1, annex H.3, note 13.
    if b"%PDF-" in data[:1024]:
        return "PDF"
    return _words(data)


def is_readable(name: str) -> bool:
    """Return whether a format from `format_of` can be loaded."""
    return name in PICTURES or name == "PDF"


def _ftyp(data: bytes) -> str:
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else "a video"


def _words(data: bytes) -> str:
    head = data[:1024].removeprefix(b"\xef\xbb\xbf")
    if not data:
        return "an empty file"
    if _WEB_PAGE.match(head):
        return "a web page"
    if head.lstrip().startswith((b"<?xml", b"<svg")):
        return "XML or SVG"
    if not any(byte < 9 or 13 < byte < 32 for byte in head):
        return "text"
    return "an unknown format" if any(head) else "nothing but zero bytes"
