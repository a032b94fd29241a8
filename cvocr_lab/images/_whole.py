"""Whether a file is there to its end: decoders draw the half that is there, and say nothing."""

from __future__ import annotations

import zlib


def is_cut_off(data: bytes, found: str) -> bool:
    """Tell whether the end is missing; False where the decoder finds that itself.

    Parameters
    ----------
    data
        The file.
    found
        Its format, as `format_of` names it.
    """
    match found:
        case "PDF":
            # PDFium mends a file without its last table.
            end = data.rfind(b"startxref")
            return end < 0 or b" obj" in data[end:]
        case "PNG":
            return not _is_whole_png(data)
        case "JPEG" | "JPEG2000" | "WEBP" | "AVIF" | "HEIF":
            # Half a download in a file of full length: grey is made of the zero bytes.
            there = data.rstrip(b"\0")
            lost = len(data) - len(there)
            return lost > max(512, len(data) // 8) and not there.endswith(b"\xff\xd9")
        case _:
            return False


def _is_whole_png(data: bytes) -> bool:
    """Tell whether the end and all checksums that matter are there; Pillow asks for neither."""
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(view[at : at + 4], "big")
        kind, checksum = bytes(view[at + 4 : at + 8]), int.from_bytes(view[end : end + 4], "big")
        # A small first letter marks a chunk that readers may ignore.
        if kind[:1].isupper() and zlib.crc32(view[at + 4 : end]) != checksum:
            return False
        if kind == b"IEND":
            return True
        at = end + 4
    return False
