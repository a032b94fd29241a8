"""Two hundred files that hold no readable picture, made the same way each time."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

CUTS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9)


def malformed_files(folder: Path) -> list[Path]:
    """Write the files; each of them must give an ImageError."""
    paths = []
    for name, data in malformed():
        path = folder / name
        path.write_bytes(data)
        paths.append(path)
    assert len(set(paths)) == 200
    return paths


def malformed() -> Iterator[tuple[str, bytes]]:
    for name, data in good_files().items():
        for cut in CUTS:
            yield f"cut_{cut:.2f}_{name}", data[: int(len(data) * cut)]
        yield f"magic_{name}", bytes([data[0] ^ 0x40]) + data[1:]
        if name not in ("rgb.bmp", "raw.tif", "rgb.ppm"):  # there zero bytes are black
            yield f"zeros_{name}", data[: len(data) // 3].ljust(len(data), b"\0")
    yield from _other_files()
    yield from _sizes()
    yield from _pngs()
    yield from _jpegs()
    yield from _pdfs()


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Noise that compresses badly, so that a cut always hurts."""
    seed, values = 1, bytearray()
    for _ in range(size[0] * size[1] * 3):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        values.append(seed >> 16 & 255)
    return Image.frombytes("RGB", size, bytes(values)).convert(mode)


def smooth(mode: str = "RGB", size: tuple[int, int] = (90, 60)) -> Image.Image:
    """Colours that change slowly: every format keeps them."""
    wide = np.linspace(0, 255, size[0], dtype=np.uint8)
    tall = np.linspace(0, 255, size[1], dtype=np.uint8)[:, None]
    planes = np.broadcast_arrays(wide, tall, np.uint8(80))
    return Image.fromarray(np.stack(planes, axis=2)).convert(mode)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def good_files() -> dict[str, bytes]:
    """One readable file of each format."""
    noise = picture()
    return {
        "baseline.jpg": encode(noise, "JPEG", quality=95),
        "progressive.jpg": encode(noise, "JPEG", quality=95, progressive=True),
        "rgb.png": encode(noise, "PNG"),
        "noise.gif": encode(noise, "GIF"),
        "rgb.bmp": encode(noise, "BMP"),
        "raw.tif": encode(noise, "TIFF"),
        "deflate.tif": encode(noise, "TIFF", compression="tiff_deflate"),
        "lossless.webp": encode(noise, "WEBP", lossless=True),
        "lossy.webp": encode(noise, "WEBP"),
        "rgb.ppm": encode(noise, "PPM"),
        "grey16.png": encode(picture("L").convert("I;16"), "PNG"),
        "lossless.jp2": encode(noise, "JPEG2000"),
        "avif.avif": encode(noise, "AVIF"),
        "page.pdf": good_pdf(),
    }


def _other_files() -> Iterator[tuple[str, bytes]]:
    kinds = {
        "html": b"<!DOCTYPE html><html><body>Sign in</body></html>",
        "html_late": b"\n\n  <HTML><head></head></HTML>",
        "text": b"Please find the scan attached. " * 9,
        "utf16": "scan".encode("utf-16") * 50,
        "json": b'{"error": "not found"}',
        "csv": b"id,name\n1,A\n" * 20,
        "xml": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'/>",
        "zip": b"PK\x03\x04" + bytes(60),
        "docx": b"PK\x03\x04\x14\0\x06\0" + b"[Content_Types].xml" * 4,
        "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
        "gzip": b"\x1f\x8b\x08\0" + bytes(40),
        "rar": b"Rar!\x1a\x07\0" + bytes(40),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(40),
        "ps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\nshowpage\n",
        "psd": b"8BPS\0\x01" + bytes(40),
        "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(40),
        "wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
        "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
        "rtf": b"{\\rtf1\\ansi Hello}",
        "parquet": b"PAR1\x15\x04" + bytes(40) + b"PAR1",
        "mkv": b"\x1aE\xdf\xa3" + bytes(60),
        "sqlite": b"SQLite format 3\0" + bytes(84),
        "python": b"import sys\nprint(sys.argv)\n",
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
        "empty": b"",
        "one_byte": b"\xff",
        "blank_lines": b"\n" * 300,
        "zero_kilobyte": bytes(1024),
        "ff_kilobyte": b"\xff" * 1024,
    }
    for number, (name, data) in enumerate(kinds.items()):
        yield f"other_{name}.{('jpg', 'png', 'pdf')[number % 3]}", data


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        out += struct.pack(">I", len(body)) + kind + body + crc
    return out


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


def tiff(width: int, height: int) -> bytes:
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 9}
    ifd = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + ifd + bytes(4)


def _sizes() -> Iterator[tuple[str, bytes]]:
    end = (b"IEND", b"")
    rows = zlib.compress(bytes(2501 * 20_000), 9)
    yield "size_bomb.png", png(ihdr(20_000, 20_000, 1, 0), (b"IDAT", rows), end)
    yield "size_100000.png", png(ihdr(100_000, 100_000), (b"IDAT", zlib.compress(b"")), end)
    yield "size_2_31.png", png(ihdr(2**31 - 1, 2**31 - 1), (b"IDAT", zlib.compress(b"")), end)
    yield "size_zero.png", png(ihdr(0, 9), (b"IDAT", zlib.compress(b"")), end)
    yield "size.gif", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + bytes(30)
    small = encode(picture(), "BMP")
    yield "size.bmp", small[:18] + struct.pack("<ii", 60_000, 60_000) + small[26:]
    yield "size_negative.bmp", small[:18] + struct.pack("<ii", -60_000, -60_000) + small[26:]
    yield "size.tif", tiff(80_000, 80_000)
    yield "size_wide.tif", tiff(2**31 - 1, 2**31 - 1)
    body = b"VP8X\x0a\0\0\0\0\0\0\0" + (16_382).to_bytes(3, "little") * 2
    yield "size.webp", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    yield "size.ppm", b"P6\n99999 99999\n255\n" + bytes(99)
    whole = encode(picture(), "JPEG")
    at = whole.index(b"\xff\xc0") + 5
    yield "size.jpg", whole[:at] + struct.pack(">HH", 65_500, 65_500) + whole[at + 4 :]
    for side in (1, 2, 5, 7):
        yield f"size_{side}.png", encode(Image.new("RGB", (side, side)), "PNG")
    yield "size_flat.jpg", encode(Image.new("RGB", (400, 3)), "JPEG")


def _pngs() -> Iterator[tuple[str, bytes]]:
    rows, end = zlib.compress(bytes(31 * 10)), (b"IEND", b"")
    head = ihdr(10, 10)
    yield "png_no_idat.png", png(head, end)
    yield "png_signature_only.png", png()
    yield "png_no_ihdr.png", png((b"IDAT", rows), end)
    yield "png_broken_zlib.png", png(head, (b"IDAT", b"\xff" * 40), end)
    yield "png_short_rows.png", png(head, (b"IDAT", zlib.compress(bytes(99))), end)
    yield "png_filter_9.png", png(head, (b"IDAT", zlib.compress(b"\x09" + bytes(309))), end)
    yield "png_depth_3.png", png(ihdr(10, 10, 3), (b"IDAT", rows), end)
    yield "png_colour_5.png", png(ihdr(10, 10, 8, 5), (b"IDAT", rows), end)
    yield "png_short_ihdr.png", png((b"IHDR", b"\0\0\0\x0a"), (b"IDAT", rows), end)
    bad_crc = bytearray(png(head, (b"IDAT", rows), end))
    bad_crc[30] ^= 1
    yield "png_crc.png", bytes(bad_crc)
    yield "png_long_chunk.png", png(head) + b"\x7f\xff\xff\xffIDAT" + rows[:9]
    text = b"Comment\0\0" + zlib.compress(bytes(9_000_000))
    yield "png_text_bomb.png", png(head, (b"zTXt", text), (b"IDAT", rows), end)


def _jpegs() -> Iterator[tuple[str, bytes]]:
    whole = encode(picture(), "JPEG")
    frame, scan = whole.index(b"\xff\xc0"), whole.index(b"\xff\xda")
    tables = whole.index(b"\xff\xc4")
    yield "jpeg_start_only.jpg", whole[:2] + b"\xff"
    yield "jpeg_start_end.jpg", b"\xff\xd8\xff\xd9"
    yield "jpeg_no_frame.jpg", whole[:frame] + whole[tables:]
    yield "jpeg_no_scan.jpg", whole[:scan] + b"\xff\xd9"
    yield "jpeg_precision.jpg", whole[: frame + 4] + b"\x03" + whole[frame + 5 :]
    yield "jpeg_components.jpg", whole[: frame + 9] + b"\x07" + whole[frame + 10 :]
    yield "jpeg_lossless.jpg", whole[: frame + 1] + b"\xc3" + whole[frame + 2 :]


def pdf(*objects: bytes, root: int = 1, more: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1, with a right cross-reference table."""
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<</Size %d/Root %d 0 R%s>>" % (len(objects) + 1, root, more)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
        trailer,
        len(out),
    )


def stream(body: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(body), more, body)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R>>"
MARK = stream(b"1 0 0 rg 20 20 60 60 re f")


def good_pdf(width: int = 200, height: int = 100) -> bytes:
    return pdf(CATALOG, PAGES, PAGE % (width, height), MARK)


def many_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (4 + at) for at in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d 100]/Contents 3 0 R>>"
    pages = [page % (100 + 10 * at) for at in range(count)]
    return pdf(CATALOG, b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count), MARK, *pages)


def locked_pdf(revision: int) -> bytes:
    """Encrypted with nobody knows what."""
    long = 48 if revision > 4 else 32
    secret = bytes(range(65, 65 + long)).hex().encode()
    v, bits = {2: (1, 40), 3: (2, 128), 4: (4, 128), 5: (5, 256), 6: (5, 256)}[revision]
    filters = b"/CF<</StdCF<</CFM/AESV%d>>>>/StmF/StdCF/StrF/StdCF" % (3 if v == 5 else 2)
    lock = b"<</Filter/Standard/V %d/R %d/Length %d/P -44/O<%s>/U<%s>/OE<%s>/UE<%s>/Perms<%s>%s>>"
    keys = (secret, secret, secret[:64], secret[:64], secret[:32])
    body = lock % (v, revision, bits, *keys, filters if v > 3 else b"")
    name = b"/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
    return pdf(CATALOG, PAGES, PAGE % (200, 100), MARK, body, more=b"/Encrypt 5 0 R" + name)


def _pdfs() -> Iterator[tuple[str, bytes]]:
    whole = good_pdf()
    yield "pdf_header.pdf", b"%PDF-1.7\n"
    yield "pdf_header_end.pdf", b"%PDF-1.7\nstartxref\n0\n%%EOF\n"
    yield "pdf_noise.pdf", b"%PDF-1.7\n" + picture().tobytes() + b"startxref\n9\n%%EOF\n"
    yield "pdf_update_cut.pdf", whole + b"5 0 obj\n<</Type/Page/Parent 2"
    yield "pdf_no_table.pdf", whole[: whole.index(b"xref")]
    yield "pdf_no_objects.pdf", b"%PDF-1.7\n" + whole[whole.index(b"xref") :]
    yield "pdf_no_catalog.pdf", pdf(b"<<>>", PAGES, PAGE % (200, 100), MARK)
    yield "pdf_no_root.pdf", pdf(CATALOG, PAGES, root=9)
    yield "pdf_no_pages.pdf", pdf(b"<</Type/Catalog>>")
    yield "pdf_pages_gone.pdf", pdf(CATALOG)
    yield "pdf_no_kids.pdf", pdf(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>")
    yield "pdf_kids_gone.pdf", pdf(CATALOG, b"<</Type/Pages/Kids[7 0 R]/Count 1>>")
    yield "pdf_own_kid.pdf", pdf(CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>")
    ring = b"<</Type/Pages/Kids[%d 0 R]/Count 1/Parent %d 0 R>>"
    yield "pdf_ring.pdf", pdf(CATALOG, ring % (3, 3), ring % (2, 2))
    yield "pdf_count_lies.pdf", pdf(CATALOG, b"<</Type/Pages/Kids[]/Count 9>>")
    yield "pdf_too_wide.pdf", good_pdf(900_000, 900)
    yield "pdf_too_large.pdf", good_pdf(2_000_000_000, 2_000_000_000)
    yield "pdf_too_small.pdf", good_pdf(1, 1)
    yield "pdf_21_pages.pdf", many_pages(21)
    for revision in (2, 3, 4, 5, 6):
        yield f"pdf_locked_{revision}.pdf", locked_pdf(revision)
    other = b"<</Filter/Elsewhere/V 9/R 9>>"
    rest = (PAGES, PAGE % (200, 100), MARK)
    yield "pdf_lock_unknown.pdf", pdf(CATALOG, *rest, other, more=b"/Encrypt 5 0 R")
