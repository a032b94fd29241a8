"""What persons decided stands, however often an engine reads the pictures again."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from test_store import Fake, extract

from cvocr_lab import batch, cli, images
from cvocr_lab.batch import RowsFailedWarning
from cvocr_lab.engines import Request
from cvocr_lab.errors import NoDocumentError
from cvocr_lab.frames import read_frame, write_frame
from cvocr_lab.journal import Item, Journal, apply
from cvocr_lab.results import Extraction

REVIEW = "review.jsonl"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    names = [f"{w}.png" for w in range(21, 25)]
    for name in names:
        Image.new("RGB", (int(name[:2]), 12)).save(name)
    return names


@pytest.fixture
def review(paths: list[str]) -> Path:
    """One value corrected, one confirmed, one not on the paper."""
    journal = Journal(REVIEW, who="an")
    about = {"type": "tcc_chip", "side": "front", "field": "id"}
    journal.decide(Item(source=paths[0], **about), "corrected", value="0021", engine_value="21")  # type: ignore[arg-type]
    journal.decide(Item(source=paths[1], **about), "confirmed", value="22", engine_value="22")  # type: ignore[arg-type]
    journal.decide(Item(source=paths[2], **about), "corrected", engine_value="23")  # type: ignore[arg-type]
    return Path(REVIEW)


def none(width: int) -> None:
    raise NoDocumentError(f"none in {width}")


def decided(frame: pd.DataFrame) -> list[str]:
    return apply(frame, REVIEW)["id"].fillna("-").tolist()


def test_a_store_knows_nothing_of_a_review_nor_a_review_of_a_store(
    paths: list[str], review: Path
) -> None:
    engine = Fake()
    before = review.read_bytes()
    read = extract(paths, engine=engine, store="run.sqlite")
    fixed = apply(read, review)
    assert fixed["id"].fillna("-").tolist() == ["0021", "22", "-", "24"]
    again = extract(fixed, engine=engine, store="run.sqlite")
    pd.testing.assert_frame_equal(again, read)
    assert len(engine.seen) == 4
    assert review.read_bytes() == before
    assert b"0021" not in Path("run.sqlite").read_bytes()
    assert sorted(decided(batch.read_store("run.sqlite"))) == ["-", "0021", "22", "24"]


@pytest.mark.parametrize(
    "later",
    [Fake(name="fake 2"), Fake(name="fake 3", special=none)],
    ids=["another version", "one that fails"],
)
@pytest.mark.filterwarnings("ignore::cvocr_lab.batch.RowsFailedWarning")
def test_corrections_outlive_every_run(later: Fake, paths: list[str], review: Path) -> None:
    extract(paths, engine=Fake(), store="run.sqlite")
    for retry_failed in (False, True):
        read = extract(paths, engine=later, store="run.sqlite", retry_failed=retry_failed)
        frame = apply(read, review)
        assert frame["id"].fillna("-").tolist()[:3] == ["0021", "22", "-"]
        assert frame["ocr_error"].isna().tolist()[:3] == [True] * 3
        assert frame["ocr_reviewed"].tolist()[0] == "id:corrected"


def test_they_know_the_picture_under_another_name(paths: list[str], review: Path) -> None:
    journal = Journal("content.jsonl", who="an")
    sha256 = images.digest(paths[0])
    item = Item(source=paths[0], sha256=sha256, type="tcc_chip", side="front", field="id")
    journal.decide(item, "corrected", value="0021")
    Path(paths[0]).rename("moved.png")
    engine = Fake()
    read = extract(["moved.png"], engine=engine, store="run.sqlite")
    fixed = apply(read, "content.jsonl", match="content")
    assert fixed["id"].tolist() == ["0021"]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Stands for the engine opened by its name, of this version."""

    class Named(Fake):
        def __init__(self) -> None:
            super().__init__(name=Named.name)

        def extract(self, request: Request) -> Extraction:
            if request.images[0].pixels.shape[1] == 24:
                raise NoDocumentError("none")
            return super().extract(request)

    monkeypatch.setattr("cvocr_lab.engines.local.ENGINE", Named)
    return lambda version: setattr(Named, "name", version)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_command_writes_over_no_corrections(
    ending: str, paths: list[str], review: Path, local: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = Path(f"read.{ending}")
    call = ["extract", *paths, "--quiet", "--store", "run.sqlite", "--out", str(out)]
    local("named 1")
    assert cli.main(call) == 1
    assert cli.main(call) == 1  # over what an engine alone wrote
    write_frame(apply(read_frame(out), review), out)
    fixed = out.read_bytes()
    local("named 2")
    assert cli.main(call) == 2
    assert "--journal" in capsys.readouterr().err
    assert out.read_bytes() == fixed
    assert cli.main([*call, "--journal", REVIEW]) == 1
    frame = read_frame(out)
    assert frame["id"].fillna("-").tolist() == ["0021", "22", "-", "-"]
    assert frame["ocr_reviewed"].notna().tolist() == [True, True, True, False]
    assert set(frame["ocr_engine"].dropna()) == {"named 2"}


def test_a_decided_row_is_no_failed_row_to_a_script(
    paths: list[str], review: Path, local: Callable[[str], None]
) -> None:
    local("named 1")
    Journal(REVIEW, who="an").decide(
        Item(source=paths[3], type="tcc_chip", side="front", field="id"), "corrected", value="24"
    )
    call = ["extract", *paths, "--quiet", "--out", "read.csv"]
    assert cli.main(call) == 1
    assert cli.main([*call, "--journal", REVIEW]) == 0
    assert cli.main([*call, "--journal", "nay.jsonl"]) == 2


def test_the_warning_is_the_engines_all_the_same(paths: list[str]) -> None:
    with pytest.warns(RowsFailedWarning, match="4 of 4"):
        extract(paths, engine=Fake(special=none))
