"""Check a file before decoding: whether it is complete, and how many scans a JPEG has."""

from __future__ import annotations

import re
import zlib
from typing import Final


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


# In the data of a scan, FF is followed by 00 or a restart marker; any other marker ends it.
_AFTER_SCAN: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def jpeg_scans(data: bytes) -> int:
    """Count the scans of a JPEG; the decoder processes the whole picture for each of them.

    Source: ITU-T T.81, annex B.
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
