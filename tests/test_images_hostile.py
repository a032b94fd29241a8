import random
import time
from pathlib import Path

import numpy as np
import pytest
from malformed import good_files, malformed, malformed_files

from cvocr_lab import images
from cvocr_lab.errors import ImageError

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
