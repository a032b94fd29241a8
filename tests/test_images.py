import base64
import hashlib
import io
import os
import pickle
import subprocess
import sys
import threading
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from malformed import MARK, PAGES, encode, good_pdf, many_pages, pdf, picture, stream
from PIL import Image, ImageOps, TiffImagePlugin

from cvocr_lab import images
from cvocr_lab.errors import ArgumentError, FetchError, ImageError
from cvocr_lab.images import InputImage, Limits
from cvocr_lab.images._quiet import quiet_pillow

NOISE = picture()
PNG = encode(NOISE, "PNG")
PIXELS = np.asarray(NOISE)


def smooth(mode: str = "RGB", size: tuple[int, int] = (90, 60)) -> Image.Image:
    wide = np.linspace(0, 255, size[0], dtype=np.uint8)
    tall = np.linspace(0, 255, size[1], dtype=np.uint8)[:, None]
    planes = np.broadcast_arrays(wide, tall, np.uint8(80))
    return Image.fromarray(np.stack(planes, axis=2)).convert(mode)


def off(found: InputImage, wanted: Image.Image) -> float:
    return float(np.abs(found.pixels.astype(int) - np.asarray(wanted).astype(int)).mean())


# -- formats


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("PPM", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_deflate"}),
        ("TIFF", {"compression": "packbits"}),
        ("WEBP", {"lossless": True}),
        ("JPEG2000", {}),
        ("JPEG2000", {"no_jp2": True}),
    ],
)
def test_lossless_formats_keep_every_pixel(kind: str, options: dict[str, object]) -> None:
    found = images.load(encode(NOISE, kind, **options))
    assert np.array_equal(found.pixels, PIXELS)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("MPO", {}),
        ("WEBP", {}),
        ("AVIF", {}),
        ("GIF", {}),
        ("TIFF", {"compression": "jpeg"}),
    ],
)
def test_lossy_formats_keep_the_picture(kind: str, options: dict[str, object]) -> None:
    assert off(images.load(encode(smooth(), kind, **options)), smooth()) < 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    upright = smooth()
    exif = Image.Exif()
    exif[0x0112] = orientation
    # The turn that a viewer applies to this one gives the upright picture.
    t = Image.Transpose
    undo = {
        2: t.FLIP_LEFT_RIGHT,
        3: t.ROTATE_180,
        4: t.FLIP_TOP_BOTTOM,
        5: t.TRANSPOSE,
        6: t.ROTATE_90,
        7: t.TRANSVERSE,
        8: t.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    data = encode(stored, kind, exif=exif)
    found = images.load(data)
    assert found.pixels.shape == (60, 90, 3)
    assert off(found, upright) < 6
    opened = images.load(Image.open(io.BytesIO(data)))
    assert np.array_equal(opened.pixels, found.pixels)


def test_broken_exif_does_not_spoil_the_picture() -> None:
    data = encode(smooth(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert off(images.load(data), smooth()) < 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palette(kind: str, mode: str) -> None:
    image = smooth().convert(mode)
    assert off(images.load(encode(image, kind)), image.convert("RGB")) == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(mode: str) -> None:
    image = Image.new(mode, (20, 10), 0)
    image.paste(Image.new(mode, (10, 10), (0, 0, 0, 255) if mode == "RGBA" else (0, 255)))
    pixels = images.load(encode(image, "PNG")).pixels
    assert (pixels[:, :10] == 0).all()
    assert (pixels[:, 10:] == 255).all()


def test_transparent_palette_entry_lies_on_white() -> None:
    image = Image.new("P", (20, 10), 1)
    image.putpalette([9, 9, 9, 0, 0, 200])
    image.paste(0, (0, 0, 10, 10))
    pixels = images.load(encode(image, "PNG", transparency=0)).pixels
    assert (pixels[:, :10] == 255).all()
    assert (pixels[:, 10:] == (0, 0, 200)).all()


def test_sixteen_bits_use_the_whole_range() -> None:
    values = np.linspace(0, 65535, 600, dtype=np.uint16).reshape(20, 30)
    for kind in ("PNG", "TIFF"):
        pixels = images.load(encode(Image.fromarray(values), kind)).pixels
        assert np.abs(pixels[..., 0] - values / 257.0).max() <= 0.5
        assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("top", [1.0, 255.0, 4095.0, 65535.0])
def test_floats_are_scaled_by_the_range_they_show(top: float) -> None:
    values = np.linspace(0, top, 600, dtype=np.float32).reshape(20, 30)
    values[0, 0] = np.nan
    pixels = images.load(encode(Image.fromarray(values), "TIFF")).pixels
    assert pixels[0, 0, 0] == 0
    assert np.abs(pixels[1:, :, 0] - values[1:] * (255 / top)).max() <= 0.51


def test_cmyk_is_not_inverted() -> None:
    white = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    white.paste((0, 255, 255, 0), (0, 0, 8, 16))
    for kind in ("JPEG", "TIFF"):
        pixels = images.load(encode(white, kind)).pixels
        assert pixels[8, 14].min() > 240
        assert pixels[8, 1, 0] > 240
        assert pixels[8, 1, 1:].max() < 15


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
        found = images.load(data)
        assert len(found.pages) == 1
        assert found.pixels[5, 5, 0] > 240
        assert found.pixels[5, 5, 2] < 15


def test_tiff_pages_and_no_thumbnails() -> None:
    pages = [Image.new("L", (20 + at, 10), 50 * at) for at in range(3)]
    data = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    found = images.load(data)
    assert [page.shape[1] for page in found.pages] == [20, 21, 22]
    assert [page[0, 0, 0] for page in found.pages] == [0, 50, 100]
    assert [p.shape[1] for p in images.load(data, pages=[3, 1]).pages] == [22, 20]
    file = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(file) as writer:
        for page, subfile_type in zip(pages, (0, 1, 2), strict=True):
            page.save(writer, "TIFF", tiffinfo={254: subfile_type})
            writer.newFrame()
    assert [page.shape[1] for page in images.load(file.getvalue()).pages] == [20, 22]


def test_heic_names_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 40
    with pytest.raises(ImageError, match=r"pip install pillow-heif"):
        images.load(data)


def test_content_decides_not_the_ending(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(PNG)
    assert np.array_equal(images.load(path).pixels, PIXELS)


# -- sources


def as_file(folder: Path) -> str:
    (folder / "a b.png").write_bytes(PNG)
    return str(folder / "a b.png")


SOURCES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "text path": (as_file, "path", ""),
    "path": (lambda folder: Path(as_file(folder)), "path", ""),
    "bytes": (lambda _: PNG, "bytes", "bytes"),
    "bytearray": (lambda _: bytearray(PNG), "bytes", "bytes"),
    "memoryview": (lambda _: memoryview(PNG), "bytes", "bytes"),
    "open file": (lambda _: io.BytesIO(PNG), "bytes", "open file"),
    "base64": (lambda _: base64.b64encode(PNG).decode(), "base64", "base64 text"),
    "base64 in lines": (lambda _: base64.encodebytes(PNG).decode(), "base64", "base64 text"),
    "base64 for URLs": (
        lambda _: base64.urlsafe_b64encode(PNG).decode().rstrip("="),
        "base64",
        "base64 text",
    ),
    "data URI": (
        lambda _: "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "base64",
        "data URI",
    ),
    "data URI of bytes": (
        lambda _: "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
        "base64",
        "data URI",
    ),
    "PIL": (lambda _: NOISE, "pixels", "PIL picture"),
    "array": (lambda _: PIXELS, "pixels", "array"),
    "RGBA array": (lambda _: np.asarray(NOISE.convert("RGBA")), "pixels", "array"),
    "strided array": (lambda _: PIXELS[::-1][::-1, ::1], "pixels", "array"),
}


@pytest.mark.parametrize("which", SOURCES)
def test_every_source_gives_the_same_picture(which: str, tmp_path: Path) -> None:
    make, kind, name = SOURCES[which]
    source = make(tmp_path)
    found = images.load(source)
    assert found.source == kind
    assert found.name == (name or str(source))
    assert len(found.pages) == 1
    assert found.pixels.shape == (48, 64, 3)
    assert np.array_equal(found.pixels, PIXELS)
    assert found.pixels.flags.c_contiguous
    assert not found.pixels.flags.writeable
    assert found.data == (None if kind == "pixels" else PNG)
    if kind != "pixels":
        assert found.sha256 == hashlib.sha256(PNG).hexdigest()
    if which != "open file":
        assert images.digest(source) == found.sha256
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert np.array_equal(again.pixels, PIXELS)


def test_relative_paths_start_from_base(tmp_path: Path) -> None:
    as_file(tmp_path)
    found = images.load("a b.png", base=tmp_path)
    assert found.name == "a b.png"
    assert images.load(Path("a b.png"), base=str(tmp_path)).sha256 == found.sha256


def test_names_in_another_unicode_form_are_found(tmp_path: Path) -> None:
    (tmp_path / unicodedata.normalize("NFD", "thẻ.png")).write_bytes(PNG)
    assert images.load("thẻ.png", base=tmp_path).name == "thẻ.png"


def test_a_file_wins_over_base64(tmp_path: Path) -> None:
    name = base64.b64encode(PNG[:48]).decode().replace("/", "_")
    (tmp_path / name).write_bytes(encode(smooth(), "PNG"))
    assert images.load(name, base=tmp_path).source == "path"


def test_arrays_grey_and_clear() -> None:
    grey = np.arange(400, dtype=np.uint8).reshape(20, 20)
    assert np.array_equal(images.load(grey).pixels, np.stack([grey] * 3, axis=2))
    assert images.load(grey) == images.load(grey[..., None])
    clear = np.zeros((9, 9, 4), np.uint8)
    assert (images.load(clear).pixels == 255).all()
    clear[..., 3] = 128
    assert (images.load(clear).pixels == 127).all()


def test_the_callers_array_stays_his_own() -> None:
    mine = np.zeros((20, 20, 3), np.uint8)
    shown = mine.view()
    shown.flags.writeable = False
    for source in (mine, shown):
        found = images.load(source)
        mine[:] += 1
        assert mine.flags.writeable
        assert (found.pixels == mine - 1).all()


def test_shape_counts_in_the_digest() -> None:
    flat = np.zeros((10, 20), np.uint8)
    assert images.load(flat).sha256 != images.load(flat.reshape(20, 10)).sha256


@pytest.mark.parametrize("cell", [None, "", "  \n", float("nan"), np.float32("nan"), pd.NA, pd.NaT])
def test_empty_cells(cell: object) -> None:
    with pytest.raises(ImageError, match=r"^no picture: the cell is empty$"):
        images.load(cell)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (7, "int holds no picture"),
        (True, "bool holds no picture"),
        (["a.png"], "list holds no picture"),
        (io.StringIO("a"), "mode 'rb'"),
        (np.zeros((9, 9)), "array of float64"),
        (np.zeros((9, 9, 2), np.uint8), r"shape \(9, 9, 2\)"),
        (np.zeros(99, np.uint8), r"shape \(99,\)"),
        (np.zeros((0, 9), np.uint8), "only 9×0 pixels"),
        (b"", "bytes is empty"),
        ("nowhere/a.png", "no such file: nowhere/a.png"),
        ("a\0b.png", "text of 7 characters"),
        ("~nobody-of-that-name/a.png", "cannot be opened"),
        ("x" * 5000, "text of 5000 characters"),
        ("data:image/png;base64", "no comma"),
        ("data:image/png;base64,%%%", "broken base64"),
        (base64.b64encode(PNG).decode()[:-7] + "=", "base64 text"),
    ],
)
def test_sources_that_hold_no_picture(source: object, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        images.load(source)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/b.png", "s3://a/b?key=1"])
def test_other_schemes_are_not_fetched(url: str) -> None:
    with pytest.raises(FetchError, match=r"is not fetched: give an http") as caught:
        images.load(url)
    assert "key" not in str(caught.value)


def test_folders_pipes_and_locked_files(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"is a folder"):
        images.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ImageError, match=r"no ordinary file"):
            images.load(path)


def test_size_limits(tmp_path: Path) -> None:
    path = Path(as_file(tmp_path))
    few = Limits(max_bytes=len(PNG) - 1)
    sources: list[object] = [path, PNG, io.BytesIO(PNG), base64.b64encode(PNG).decode()]
    for source in sources:
        with pytest.raises(ImageError, match=r"larger than \d+ bytes"):
            images.load(source, limits=few)
    for source in [PNG, NOISE, PIXELS]:
        with pytest.raises(ImageError, match=r"Limits\.max_pixels"):
            images.load(source, limits=Limits(max_pixels=64 * 48 - 1))
        with pytest.raises(ImageError, match=r"only 64×48 pixels"):
            images.load(source, limits=Limits(min_side=49))
    assert images.load(PNG, limits=Limits(max_pixels=64 * 48, min_side=48)).pixels.size
    pages = [NOISE] * 3
    data = encode(NOISE, "TIFF", save_all=True, append_images=pages)
    with pytest.raises(ImageError, match=r"Limits\.max_pixels"):
        images.load(data, limits=Limits(max_pixels=64 * 48 * 3))
    with pytest.raises(ImageError, match=r"say pages="):
        images.load(data, limits=Limits(max_pages=3))
    assert len(images.load(data, limits=Limits(max_pages=4)).pages) == 4


def test_nothing_is_decoded_before_the_size_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))
    data = b"P5 2000 2000 255\n" + bytes(4_000_000)
    with pytest.raises(ImageError, match=r"has 4 million pixels"):
        images.load(data, limits=Limits(max_pixels=3_000_000))


@pytest.mark.parametrize("name", ["max_bytes", "max_pixels", "min_side", "max_pages", "pdf_dpi"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        Limits(**{name: 0})


# -- what is shown


def test_repr_shows_no_pixels_data_or_query() -> None:
    found = InputImage("a", "ab", (PIXELS,), "url", PNG, "https://a.example/?key=secret")
    assert repr(found) == "InputImage('a', url, 64×48)"


def test_pages_are_numbered_from_one() -> None:
    assert images.load(PNG, pages=[1]).pixels.shape == (48, 64, 3)
    for source in (PNG, PIXELS, NOISE):
        with pytest.raises(ImageError, match=r"has no page 2: it has 1 page$"):
            images.load(source, pages=[2])
    for wrong in ([], [0], [1, -1]):
        with pytest.raises(ArgumentError, match=r"from 1"):
            images.load(PNG, pages=wrong)


# -- PDF


def test_pdf_pages_at_the_usual_resolution() -> None:
    found = images.load(many_pages(3))
    widths = [page.shape[1] for page in found.pages]
    assert widths == [-(-width * 200 // 72) for width in (100, 110, 120)]
    assert found.pixels.shape == (278, 278, 3)
    assert tuple(found.pixels[150, 150]) == (255, 0, 0)
    assert tuple(found.pixels[5, 5]) == (255, 255, 255)
    assert [p.shape[1] for p in images.load(many_pages(3), pages=[3]).pages] == widths[2:]
    with pytest.raises(ImageError, match=r"no page 4: it has 3 pages"):
        images.load(many_pages(3), pages=[4])


def test_a_scan_in_a_pdf_keeps_its_own_resolution() -> None:
    for dpi, width in ((100, 556), (300, 834), (1200, 1112)):
        page = smooth(size=(200 * dpi // 72, 100 * dpi // 72))
        found = images.load(encode(page, "PDF", resolution=dpi))
        assert found.pixels.shape[1] == pytest.approx(width, abs=6)


def test_a_turned_pdf_page_comes_out_turned() -> None:
    page = b"<</Type/Page/Parent 2 0 R/Rotate 90/MediaBox[0 0 200 100]/Contents 4 0 R>>"
    data = pdf(b"<</Type/Catalog/Pages 2 0 R>>", PAGES, page, MARK)
    assert images.load(data).pixels.shape == (556, 278, 3)


def test_a_large_pdf_page_is_drawn_smaller() -> None:
    assert images.load(good_pdf(7000, 7000)).pixels.shape == (5000, 5000, 3)
    with pytest.raises(ImageError, match=r"Limits\.max_pixels"):
        images.load(good_pdf(), limits=Limits(max_pixels=100_000))


def endless_pdf() -> bytes:
    """Ten forms, each drawing the next ten times."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</F %d 0 R>>>>"
    forms = [stream(b"/F Do " * 10, form % (6 + at)) for at in range(12)]
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</XObject<</F 5 0 R>>>>>>"
    )
    start = stream(b"/F Do " * 10)
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", PAGES, page, start, *forms)


def test_what_is_filled_into_a_pdf_form_is_drawn() -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>"
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<>>"
        b"/Annots[5 0 R]>>"
    )
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/F 4/T(a)/V(b)/P 3 0 R/Rect[50 50 90 90]"
        b"/AP<</N 6 0 R>>>>"
    )
    look = stream(b"0 0 1 rg 0 0 40 40 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 40 40]")
    pixels = images.load(pdf(catalog, PAGES, page, stream(b""), field, look)).pixels
    assert tuple(pixels[80, 190]) != (255, 255, 255)
    assert tuple(pixels[200, 190]) == (255, 255, 255)


def test_an_endless_pdf_ends() -> None:
    with pytest.raises(ImageError, match=r"more than 0.5 s to draw"):
        images.load(endless_pdf(), limits=Limits(pdf_s=0.5))


def test_many_threads_read_at_once() -> None:
    wanted = {100 + 10 * at: images.load(many_pages(at + 1)).sha256 for at in range(4)}
    found: dict[int, str] = {}

    def read(at: int) -> None:
        image = images.load(many_pages(at + 1))
        found[100 + 10 * at] = image.sha256
        images.load(encode(NOISE, "TIFF"))

    threads = [threading.Thread(target=read, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


# -- manners


def test_warnings_are_left_as_they_were() -> None:
    large = b"P4 9600 9600\n"
    before = list(warnings.filters)
    with pytest.raises(ImageError, match=r"cut off"):
        images.load(large)
    assert list(warnings.filters) == before
    # Two threads that leave in the order in which they came.
    first, second = quiet_pillow(), quiet_pillow()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    Image.open(io.BytesIO(large))
    second.__exit__(None, None, None)
    assert list(warnings.filters) == before
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(large))


def test_an_import_brings_no_decoders() -> None:
    code = (
        "import sys, cvocr_lab.images;"
        "print(*{'PIL', 'pypdfium2', 'requests', 'ssl'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_turned_pil_pictures_are_not_turned_twice() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    opened = Image.open(io.BytesIO(encode(smooth(), "JPEG", exif=exif)))
    assert images.load(ImageOps.exif_transpose(opened)).pixels.shape == (90, 60, 3)
    assert images.load(opened).pixels.shape == (90, 60, 3)
