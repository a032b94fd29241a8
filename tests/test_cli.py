import shlex
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pandas as pd
import pytest
from PIL import Image

from cvocr_lab import cli
from cvocr_lab.engines import Request
from cvocr_lab.errors import NoDocumentError, QuotaError
from cvocr_lab.frames import read_frame
from cvocr_lab.results import Document, Extraction, FieldValue


class Fake:
    """Reads a picture's width; some widths make trouble."""

    name = "fake"
    parallel = "thread"
    asked: ClassVar[list[int]] = []

    def extract(self, request: Request) -> Extraction:
        width = request.images[0].pages[0].shape[1]
        self.asked.append(width)
        trouble = {
            13: NoDocumentError("none"),
            14: QuotaError("none left"),
            15: KeyboardInterrupt(),
        }
        if width in trouble:
            raise trouble[width]
        fields = {"id": FieldValue(f"00{width}")}
        return Extraction(
            tuple(Document("tcc_chip", "front", fields) for _ in request.images), engine="fake 1"
        )


@pytest.fixture(autouse=True)
def _fake_local(monkeypatch: pytest.MonkeyPatch) -> None:
    Fake.asked.clear()
    fake = ModuleType("cvocr_lab.engines.local")
    monkeypatch.setattr(fake, "ENGINE", Fake, raising=False)
    monkeypatch.setitem(sys.modules, fake.__name__, fake)


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    monkeypatch.chdir(tmp_path)

    def make(*widths: int, folder: str = ".") -> list[str]:
        Path(folder).mkdir(exist_ok=True)
        paths = [Path(folder) / f"{w}.png" for w in widths]
        for path, w in zip(paths, widths, strict=True):
            Image.new("RGB", (w, 12)).save(path)
        return [str(p) for p in paths]

    return make


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_extract_writes_a_flat_frame(name: str, pictures: Callable[..., list[str]]) -> None:
    paths = pictures(21, 22)
    assert cli.main(["extract", *paths, "--out", name]) == 0
    frame = read_frame(name)
    assert frame["image"].tolist() == paths
    assert frame["id"].tolist() == ["0021", "0022"]


def test_extract_takes_folders_globs_and_files(pictures: Callable[..., list[str]]) -> None:
    pictures(21, 22, folder="scans")
    Path("scans/notes.txt").write_text("no picture")
    pictures(23, 24)
    assert cli.main(["extract", "scans", "2?.png", "24.png", "--quiet", "--out", "out.csv"]) == 0
    images = read_frame("out.csv")["image"].tolist()
    assert images == ["scans/21.png", "scans/22.png", "23.png", "24.png", "24.png"]


def test_extract_takes_a_table_whose_paths_start_beside_it(
    pictures: Callable[..., list[str]],
) -> None:
    pictures(21, 22, folder="set")
    pd.DataFrame({"photo": ["22.png", "21.png"], "id": ["0022", "x"]}).to_csv("set/labels.csv")
    call = ["extract", "set/labels.csv", "--column", "photo", "--quiet", "--out", "out.parquet"]
    assert cli.main(call) == 0
    frame = read_frame("out.parquet")
    assert frame["photo"].tolist() == ["22.png", "21.png"]
    assert frame["id"].tolist() == ["0022", "0021"]


def test_extract_without_out_prints_csv(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["extract", *pictures(21), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("ocr_index,image,ocr_source,id,")


def test_pairs_come_from_two_columns(pictures: Callable[..., list[str]]) -> None:
    pictures(21, 22)
    pd.DataFrame({"a": ["21.png"], "b": ["22.png"]}).to_csv("pairs.csv", index=False)
    call = ["extract", "pairs.csv", "--kind", "id_pair", "--column", "a", "b", "--quiet"]
    assert cli.main([*call, "--out", "out.csv"]) == 0
    assert len(read_frame("out.csv")) == 2


@pytest.mark.parametrize(
    ("widths", "code", "rows", "message"),
    [
        ((21, 13), 1, 2, "1 of 2 rows failed"),
        ((21, 14, 22), 3, 1, "none left"),
        ((21, 15, 22), 130, 1, "the 1 of 3 rows that were read"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_exit_codes_tell_what_happened_and_work_is_kept(
    ending: str,
    widths: tuple[int, ...],
    code: int,
    rows: int,
    message: str,
    pictures: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = pictures(*widths)
    call = ["extract", *paths, "--workers", "1", "--quiet", "--out", f"out.{ending}"]
    assert cli.main(call) == code
    # A file that has the right name is whole.
    written = "out" if code == 1 else "out.partial"
    assert [p.name for p in Path().glob("out*")] == [f"{written}.{ending}"]
    assert len(read_frame(f"{written}.{ending}")) == rows
    errors = capsys.readouterr().err
    assert message in errors
    assert "Traceback" not in errors


def test_a_second_call_asks_nothing_again(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["extract", *pictures(21, 14, 22), "--workers", "1", "--quiet", "--store", "run.sqlite"]
    assert cli.main([*call, "--out", "out.parquet"]) == 3
    pictures(23)
    Path("23.png").replace("14.png")  # the quota is back
    asked = list(Fake.asked)
    assert cli.main([*call, "--out", "out.parquet"]) == 0
    assert Fake.asked[len(asked) :] == [23, 22]
    assert read_frame("out.parquet")["id"].tolist() == ["0021", "0023", "0022"]
    assert not Path("out.partial.parquet").exists()


def test_failed_rows_are_read_again_when_asked(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["extract", *pictures(21, 13), "--quiet", "--store", "run.sqlite", "--out", "out.csv"]
    for extra, times in ([], 1), ([], 1), (["--retry-failed"], 2):
        assert cli.main([*call, *extra]) == 1
        assert Fake.asked.count(13) == times
        assert ("; --retry-failed reads them again" in capsys.readouterr().err) == (not extra)
    assert Fake.asked.count(21) == 1


def test_a_dry_run_is_printed_and_nothing_done(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = pictures(21, 22)
    call = ["extract", *paths, "nay.png", "--quiet", "--store", "run.sqlite", "--out", "out.csv"]
    assert cli.main([*call, "--dry-run", "--quota", "1"]) == 0
    out = capsys.readouterr().out
    assert "2  calls to make" in out
    assert "1 too few" in out
    assert "no such file" in out
    assert Fake.asked == []
    assert not Path("run.sqlite").exists()
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    "call",
    [
        ["extract", "x.png", "--quota", "5"],
        ["extract", "x.png", "--retry-failed"],
        ["extract", "x.png", "--store", "labels.csv"],
        ["extract", "x.png", "--store", "missing/run.sqlite"],
        ["extract", "x.png", "--out", "out.xlsx"],
        ["extract", "x.png", "--out", "missing/out.csv"],
        ["extract", "x.png", "--out", "folder.csv"],
        ["extract", "x.png", "--engine", "nay"],
        ["extract", "empty"],
        ["extract", "*.nay"],
        ["extract", "labels.csv", "x.png"],
        ["extract", "labels.csv", "--column", "nay"],
        ["extract", "nay.csv"],
        ["score", "nay.csv", "labels.csv"],
    ],
)
def test_wrong_calls_end_with_code_2_and_one_line(
    call: list[str], pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    pictures()
    Path("empty").mkdir()
    Path("folder.csv").mkdir()
    Path("labels.csv").write_text("image,id\na.png,1\n")
    assert cli.main(call) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("cvocr-lab: ")
    assert errors.count("\n") == 1


def test_options_go_to_the_engine(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["extract", *pictures(21), "--quiet", "--option", "reader=nay"]) == 2
    assert "'reader'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["extract", "x.png", "--option", "reader"])
    assert "NAME=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("-1", -1),
        ("0.25", 0.25),
        ("True", True),
        ("false", False),
        ("007", "007"),
        ("1_0", "1_0"),
        ("nan", "nan"),
        ("tesseract", "tesseract"),
        ("", ""),
    ],
)
def test_option_values_are_what_they_look_like(
    text: str,
    value: object,
    pictures: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[object] = []

    class Tuned(Fake):
        def __init__(self, *, tune: object) -> None:
            given.append(tune)

    monkeypatch.setattr(sys.modules["cvocr_lab.engines.local"], "ENGINE", Tuned)
    call = ["extract", *pictures(21), "--quiet", "--option", f"tune={text}"]
    assert cli.main([*call, "--out", "out.csv"]) == 0
    assert given == [value]
    assert type(given[0]) is type(value)


def test_a_file_that_cannot_be_written_is_refused_before_reading(
    pictures: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = pictures(15)  # reading it would be an interrupt, code 130
    assert cli.main(["extract", *paths, "--quiet", "--out", "nay/out.csv"]) == 2
    assert "no folder nay" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert cli.main(["extract", *paths, "--quiet", "--out", "out.parquet"]) == 2
    assert "pip install pyarrow" in capsys.readouterr().err


@pytest.mark.parametrize("width", [21, 14])
def test_warnings_of_others_are_passed_on(
    width: int, pictures: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old(Fake):
        def extract(self, request: Request) -> Extraction:
            warnings.warn("the model is old", FutureWarning, stacklevel=1)
            return super().extract(request)

    monkeypatch.setattr(sys.modules["cvocr_lab.engines.local"], "ENGINE", Old)
    with pytest.warns(FutureWarning, match="the model is old") as told:
        cli.main(["extract", *pictures(width), "--quiet", "--out", "out.csv"])
    assert [Path(warning.filename) for warning in told] == [Path(__file__)]


# The fake engine takes every picture for a card with a chip.
@pytest.mark.filterwarnings("ignore:the types disagree")
def test_the_commands_of_the_readme_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).parent.parent
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(root / "sample_data")
    text = (root / "README.md").read_text(encoding="utf-8")
    calls = [line for line in text.splitlines() if line.startswith("cvocr-lab ")]
    read, score = (next(c for c in calls if c.split()[1] == word) for word in ("extract", "score"))
    assert cli.main([*shlex.split(read, comments=True)[1:], "--quiet"]) == 0
    labels = pd.read_csv("sample_data/labels.csv")
    frame = read_frame(shlex.split(score)[2])
    assert set(frame["image"]) == set(labels["image"])
    assert cli.main(shlex.split(score)[1:]) == 0
    assert "Cards without a mistake: " in capsys.readouterr().out


@pytest.mark.parametrize("call", [[], ["nay"], ["extract"], ["extract", "x", "--kind", "nay"]])
def test_what_argparse_refuses_has_code_2(call: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(call)
    assert caught.value.code == 2


def test_score_prints_a_table(
    pictures: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["extract", *pictures(21, 22), "--quiet", "--out", "out.csv"])
    Path("labels.csv").write_text("image,id\n21.png,0021\n22.png,0099\n")
    assert cli.main(["score", "out.csv", "labels.csv", "--on", "image"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Cards without a mistake: 1 of 2 (50.0 %")
    assert "50.0%" in out.splitlines()[-1]


def test_demo_reads_the_sample_pictures(
    pictures: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures(13, 21, 22)
    labels = Path("labels.csv")
    labels.write_text(
        "image,type,side,tier,id,name\n13.png,,,scan,,\n"
        "21.png,tcc_chip,front,scan,0021,AN\n22.png,cmt,front,scan,0022,\n"
    )
    monkeypatch.setattr(cli.demo, "_SAMPLE", labels.absolute())
    assert cli.main(["demo"]) == 0
    out = capsys.readouterr().out
    assert "type right 50.0%" in out
    assert "rows whose reading failed: 1" in out
    assert "By type of paper" in out
    assert "By field" in out
    assert max(map(len, out.splitlines())) <= 100
