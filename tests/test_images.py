import io
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from malformed import encode, picture, smooth
from PIL import Image, ImageOps, TiffImagePlugin

from cvocr_lab import images
from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.images import InputImage
from cvocr_lab.images._decode import quiet_pillow

NOISE = picture()
PNG = encode(NOISE, "PNG")
PIXELS = np.asarray(NOISE)


def off(found: InputImage, wanted: Image.Image) -> float:
    return float(np.abs(found.pixels.astype(int) - np.asarray(wanted).astype(int)).mean())


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


def test_twelve_bits_in_sixteen_are_not_black() -> None:
    values = np.linspace(0, 4095, 600, dtype=np.uint16).reshape(20, 30)
    pixels = images.load(encode(Image.fromarray(values), "TIFF")).pixels
    assert np.abs(pixels[..., 0] - values * (255 / 4095)).max() <= 0.51


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
    chosen = images.load(data, pages=[3, 1])
    assert [p.shape[1] for p in chosen.pages] == [22, 20]
    assert chosen.numbers == (3, 1)
    assert found.numbers == (1, 2, 3)
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


def test_repr_shows_no_pixels_data_or_query() -> None:
    found = InputImage("a", "ab", (PIXELS,), "url", PNG, "https://a.example/?key=secret")
    assert repr(found) == "InputImage('a', url, 64×48)"


def test_pages_keep_their_numbers() -> None:
    assert InputImage("a", "ab", (PIXELS, PIXELS), "bytes").numbers == (1, 2)
    assert images.load(PNG, pages=[1]).numbers == images.load(PIXELS).numbers == (1,)
    with pytest.raises(ValueError, match="2 numbers for 1 pages"):
        InputImage("a", "ab", (PIXELS,), "bytes", numbers=(1, 2))


def test_pages_are_numbered_from_one() -> None:
    assert images.load(PNG, pages=[1]).pixels.shape == (48, 64, 3)
    for source in (PNG, PIXELS, NOISE):
        with pytest.raises(ImageError, match=r"has no page 2: it has 1 page$"):
            images.load(source, pages=[2])
    for wrong in ([], [0], [1, -1]):
        with pytest.raises(ArgumentError, match=r"from 1"):
            images.load(PNG, pages=wrong)


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
