"""Check a file before decoding: its format, whether it is complete, the scans of a JPEG."""

from __future__ import annotations

import re
import zlib
from typing import Final

PICTURES: Final = frozenset(
    {"JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "AVIF", "HEIF", "PPM"}
)
"""Picture formats, by Pillow's names."""

_SIGNATURES: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"%!PS": "PostScript",
    b"8BPS": "a Photoshop document",
    b"PAR1": "a Parquet file",
    b"\x1aE\xdf\xa3": "a video",
    b"{\\rtf": "an RTF document",
}
_SIGNATURE: Final = re.compile(b"|".join(map(re.escape, _SIGNATURES)))
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_WEB_PAGE: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def format_of(data: bytes) -> str:
    """Return one of `PICTURES`, ``"PDF"``, or a description of anything else.

    `data` is the file, or at least its first 1024 bytes.
    """
    if signature := _SIGNATURE.match(data):
        return _SIGNATURES[signature[0]]
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


def is_cut_off(data: bytes, found: str) -> bool:
    """Return whether the end of a file is missing; False if the decoder detects this itself."""
    match found:
        case "PDF":
            # PDFium repairs a file without its last table.
            end = data.rfind(b"startxref")
            return end < 0 or b" obj" in data[end:]
        case "PNG":
            return not _is_whole_png(data)
        case "JPEG" | "JPEG2000" | "WEBP" | "AVIF" | "HEIF":
            # An interrupted download may have the full length, with zero bytes at the end.
            there = data.rstrip(b"\0")
            lost = len(data) - len(there)
            return lost > max(512, len(data) // 8) and not there.endswith(b"\xff\xd9")
        case _:
            return False


def _is_whole_png(data: bytes) -> bool:
    """Check the end and the checksums of critical chunks, which Pillow does not check."""
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(view[at : at + 4], "big")
        chunk, checksum = bytes(view[at + 4 : at + 8]), int.from_bytes(view[end : end + 4], "big")
        # A lower-case first letter marks a chunk that readers may ignore.
        if chunk[:1].isupper() and zlib.crc32(view[at + 4 : end]) != checksum:
            return False
        if chunk == b"IEND":
            return True
        at = end + 4
    return False


START_OF_SCAN: Final = b"\xff\xda"

# In the data of a scan, FF is followed by 00 or a restart marker; any other marker ends it.
_AFTER_SCAN: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def jpeg_scans(data: bytes) -> int:
    """Count the scans of a JPEG; the decoder processes the whole picture for each of them.

    There are at most as many as `START_OF_SCAN` occurs in the file.  Source: ITU-T T.81, annex B.
    """
    scans, at = 0, 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return scans
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            return scans
        at += 2 if marker == 0x01 else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            scans += 1
            end = _AFTER_SCAN.search(data, at)
            if end is None:
                return scans
            at = end.end() - 2
    return scans
