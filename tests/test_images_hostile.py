import itertools
import random
import time
from pathlib import Path

import numpy as np
import pytest
from malformed import encode, good_files, malformed, malformed_files, picture
from PIL import Image

from cvocr_lab import images
from cvocr_lab.errors import ImageError
from cvocr_lab.images._formats import jpeg_scans

# Warnings are errors in these tests, so that a picture that warns fails them.


def test_each_of_two_hundred_files_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    start = time.monotonic()
    read, badly_said = [], []
    for path in malformed_files(tmp_path):
        try:
            images.load(path)
        except ImageError as error:
            what, _, advice = str(error).partition(f"{path.name} ")[2].partition(": ")
            if not what or not advice:
                badly_said.append(str(error))
        else:
            read.append(path.name)
    assert read == []
    assert badly_said == []
    assert time.monotonic() - start < 60
    assert capfd.readouterr() == ("", "")


def test_the_files_are_the_same_each_time() -> None:
    assert list(malformed()) == list(malformed())


@pytest.mark.parametrize("name", [name for name in good_files() if not name.endswith(".pdf")])
def test_flipped_bits_give_an_error_or_a_picture(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    good = good_files()[name]
    rng = random.Random(name)
    refused = 0
    for _ in range(40):
        bad = bytearray(good)
        # Headers are short: half of the flips go there.
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(rng.choice((100, len(bad))))] ^= 1 << rng.randrange(8)
        try:
            pages = images.load(bytes(bad)).pages
        except ImageError:
            refused += 1
        else:
            assert pages
            for page in pages:
                assert page.dtype == np.uint8
                assert page.ndim == 3
                assert page.shape[2] == 3
    assert refused
    assert capfd.readouterr() == ("", "")


def test_flipped_bits_in_a_pdf_give_an_error_or_pages() -> None:
    good = good_files()["page.pdf"]
    rng = random.Random(1)
    outcomes = set()
    for _ in range(30):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        try:
            outcomes.add(len(images.load(bytes(bad)).pages))
        except ImageError:
            outcomes.add(0)
    assert outcomes == {0, 1}


def test_lost_middles_never_hang() -> None:
    start = time.monotonic()
    for data in good_files().values():
        for at in range(4):
            hole = len(data) * (at + 1) // 6
            try:
                pages = images.load(data[:hole] + data[hole + 40 :]).pages
            except ImageError:
                continue
            assert pages[0].size
    assert time.monotonic() - start < 30


def many_scans(count: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A progressive JPEG that refines the same picture so many times more."""
    data = encode(Image.new("L", size, 90), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert data.endswith(b"\xff\xd9")
    return data[:last] + data[last:-2] * count + data[-2:]


def test_a_jpeg_is_not_drawn_over_a_thousand_times() -> None:
    start = time.process_time()
    with pytest.raises(ImageError, match=r"has 100[0-9] scans"):
        images.load(many_scans(1000, (6000, 4000)))
    assert time.process_time() - start < 1


def test_scans_are_counted_as_the_format_says() -> None:
    for progressive, quality in itertools.product((False, True), (20, 95)):
        data = encode(picture(), "JPEG", progressive=progressive, quality=quality)
        assert jpeg_scans(data) == data.count(b"\xff\xda")
        # What stands in a comment or behind the end is no scan.
        comment = b"\xff\xfe" + (202).to_bytes(2, "big") + b"\xff\xda" * 100
        odd = data[:2] + comment + data[2:] + b"\xff\xda" * 200
        assert jpeg_scans(odd) == jpeg_scans(data)
        # Of a picture of the maximum size, the scans are counted.
        height, width = images.load(data).pixels.shape[:2]
        just = images.Limits(max_pixels=height * width)
        assert np.array_equal(images.load(odd, limits=just).pixels, images.load(data).pixels)
        for cut in range(0, len(data), 97):
            assert jpeg_scans(data[:cut]) <= jpeg_scans(data)
    assert images.load(many_scans(20)).pixels.shape == (48, 64, 3)
