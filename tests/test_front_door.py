import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import cvocr_lab

HEAVY = (
    "matplotlib", "ipywidgets", "anywidget", "onnxruntime", "cv2", "torch", "rapidocr", "zxingcpp",
    "pypdfium2", "pyarrow.parquet", "tqdm", "requests",
)  # fmt: skip


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def test_every_name_on_the_door_is_there_and_in_order() -> None:
    assert cvocr_lab.__all__ == sorted(cvocr_lab.__all__)
    for name in cvocr_lab.__all__:
        assert getattr(cvocr_lab, name).__doc__, name


def test_no_other_public_name_but_rooms() -> None:
    here = {n for n, v in vars(cvocr_lab).items() if not n.startswith("_")}
    rooms = {n for n in here if getattr(getattr(cvocr_lab, n), "__path__", None) is not None
             or getattr(getattr(cvocr_lab, n), "__spec__", None) is not None}  # fmt: skip
    assert here - rooms == {
        "extract", "score", "compare", "clean", "check", "view", "review", "read_frame",
        "write_frame", "read_labels", "open_engine",
    }  # fmt: skip
    assert set(cvocr_lab.__all__) <= here


def test_importing_is_quiet_and_light() -> None:
    loaded = python(
        "import sys, pandas; before = set(sys.modules); import cvocr_lab; "
        "print(*(set(sys.modules) - before))"
    ).split()
    assert [module for module in HEAVY if module in loaded] == []


def test_importing_takes_hardly_longer_than_importing_pandas() -> None:
    code = (
        "import time; start = time.process_time(); import pandas; middle = time.process_time(); "
        "import cvocr_lab; print((time.process_time() - middle) / (middle - start))"
    )
    assert min(float(python(code)) for _ in range(5)) < 1.7


ROOMS = sorted(
    m.name
    for m in pkgutil.walk_packages(cvocr_lab.__path__, "cvocr_lab.")
    if not m.name.startswith("cvocr_lab.training")
)


@pytest.mark.parametrize("room", ROOMS)
def test_examples_run(room: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(room), report=True)
    assert failed == 0


@pytest.mark.parametrize("word", ["extract", "score", "demo"])
def test_the_command_knows_its_verbs(word: str) -> None:
    assert word in python(
        "from cvocr_lab.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    )
