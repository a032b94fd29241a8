import base64
import hashlib
import io
import itertools
import os
import pickle
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from malformed import encode, picture, smooth
from PIL import Image

from cvocr_lab import images
from cvocr_lab.errors import ArgumentError, FetchError, ImageError
from cvocr_lab.exchange import to_image_folder
from cvocr_lab.images import Limits

NOISE = picture()
PNG = encode(NOISE, "PNG")
PIXELS = np.asarray(NOISE)


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
        (7, "int is not a picture"),
        (True, "bool is not a picture"),
        (["a.png"], "list is not a picture"),
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
    with pytest.raises(FetchError, match=r"is not fetched: use an http") as caught:
        images.load(url)
    assert "key" not in str(caught.value)


def test_folders_pipes_and_locked_files(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"is a folder"):
        images.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ImageError, match=r"not a regular file"):
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
    with pytest.raises(ImageError, match=r"pass pages="):
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


Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")


@pytest.mark.parametrize("there", list(itertools.product(FORMS, repeat=3)))
@pytest.mark.parametrize("asked", list(itertools.product(FORMS, repeat=3)))
def test_a_path_is_found_in_any_mixture_of_unicode_forms(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: tuple[Form, Form, Form],
    asked: tuple[Form, Form, Form],
) -> None:
    names = ("Hồ sơ Đà Nẵng", "lượt hai", "ảnh số ở.png")

    def spelt(forms: tuple[Form, Form, Form]) -> list[str]:
        return [unicodedata.normalize(f, name) for f, name in zip(forms, names, strict=True)]

    path = tmp_path.joinpath(*spelt(there))
    path.parent.mkdir(parents=True)
    path.write_bytes(PNG)
    folder, *rest = spelt(asked)
    monkeypatch.chdir(tmp_path)
    for source, base in (
        (tmp_path.joinpath(folder, *rest), None),
        ("/".join([folder, *rest]), None),
        ("/".join([folder, *rest]), str(tmp_path)),
        ("/".join(rest), tmp_path / folder),
    ):
        assert images.load(source, base=base).sha256 == images.load(PNG).sha256
        assert images.digest(source, base=base) == images.digest(PNG)
    frame = pd.DataFrame({"image": ["/".join([folder, *rest])], "ocr_type": ["cmt"], "id": ["1"]})
    to_image_folder(frame, tmp_path / "set")
    assert (tmp_path / "set" / rest[-1]).read_bytes() == PNG
    with pytest.raises(ImageError):
        images.load(str(tmp_path / folder / rest[0] / "ạnh.png"))
