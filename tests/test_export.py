import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from PIL import Image

from cvocr_lab.cli import main
from cvocr_lab.frames import Reading, read_frame, to_frame, write_frame
from cvocr_lab.results import Document, Extraction, FieldValue, box_quad


@pytest.fixture
def read(tmp_path: Path) -> Path:
    Image.fromarray(np.zeros((60, 90, 3), np.uint8)).save(tmp_path / "a.png")
    value = FieldValue("001090000001", 0.5, box_quad(1.0, 2.0, 30.0, 10.0))
    face = Document("tcc_chip", "front", MappingProxyType({"id": value}))
    frame = to_frame([Reading(Extraction((face,)))], pd.DataFrame({"image": ["a.png"]}))
    write_frame(frame, tmp_path / "read.parquet")
    return tmp_path / "read.parquet"


@pytest.mark.parametrize(
    ("to", "out"),
    [
        ("label-studio", "x.json"),
        ("paddle", "Label.txt"),
        ("image-folder", "set"),
        ("excel", "x.xlsx"),
        ("csv", "x.csv"),
        ("parquet", "y.parquet"),
    ],
)
def test_what_is_exported_is_imported(
    to: str, out: str, read: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = read.parent
    export = ["export", str(read), "--to", to, "--out", str(folder / out)]
    assert main([*export, "--base", str(folder), "--crops"]) == 0
    assert ("<View>" in capsys.readouterr().out) == (to == "label-studio")
    back = folder / "back.parquet"
    assert main(["import", str(folder / out), "--from", to, "--out", str(back)]) == 0
    frame, again = read_frame(read), read_frame(back)
    assert again["image"].str.endswith("a.png").all()
    columns = ["id", "id_confidence", "id_quad", "ocr_type", "ocr_side", "ocr_page"]
    assert_frame_equal(again[columns], frame[columns])


def test_wrong_calls_are_told(read: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(read.parent / "x.txt")
    assert main(["export", str(read), "--to", "csv", "--out", out]) == 2
    assert "--to csv needs a file name that ends in .csv" in capsys.readouterr().err
    assert main(["import", str(read), "--from", "label-studio", "--out", out]) == 2
    assert "not a JSON export of Label Studio" in capsys.readouterr().err
    assert main(["export", "nay.parquet", "--to", "csv", "--out", "x.csv"]) == 2
    assert "there is no file nay.parquet" in capsys.readouterr().err


def test_excel_is_only_asked_for_where_it_is_needed() -> None:
    code = (
        "import sys; sys.modules['openpyxl'] = None\n"
        "from cvocr_lab.exchange import from_excel\n"
        "try: from_excel('x.xlsx')\n"
        "except ImportError as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert told.stdout == "Excel needs openpyxl: pip install 'cvocr-lab[excel]'\n"
