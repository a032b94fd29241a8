import functools
import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from test_store import Fake

from cvocr_lab import batch
from cvocr_lab.batch import RowsFailedWarning
from cvocr_lab.engines import Request
from cvocr_lab.errors import ArgumentError, NoDocumentError
from cvocr_lab.results import Extraction

dry_run = functools.partial(batch.dry_run, progress=False)
extract = functools.partial(batch.extract, progress=False)


class Unasked:
    """An engine that may be planned with, and no more."""

    name = "unasked 1"

    def __init__(self) -> None:
        raise AssertionError

    def extract(self, _: Request) -> Extraction:
        raise AssertionError


def counts(made: batch.DryRun) -> dict[str, int]:
    names = ("rows", "repeats", "stored", "failed", "calls")
    found = {name: getattr(made, name) for name in names if getattr(made, name)}
    assert made.rows == sum(found.values()) - made.rows + len(made.unreadable)
    return found


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., list[str]]:
    def make(*widths: int) -> list[str]:
        paths = [tmp_path / f"{w}.png" for w in widths]
        for path, w in zip(paths, widths, strict=True):
            Image.new("RGB", (w, 12)).save(path)
        return [str(p) for p in paths]

    return make


def test_a_dry_run_opens_no_engine_fetches_nothing_and_makes_no_store(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    sources = [*pictures(21, 22), "http://127.0.0.1:9/a.png"]
    made = dry_run(sources, engine=Unasked, store=tmp_path / "run.sqlite")
    assert counts(made) == {"rows": 3, "calls": 3}
    assert made.engine == "unasked 1"
    assert made.seconds is None
    assert "time: unknown" in repr(made)
    assert not (tmp_path / "run.sqlite").exists()


def test_every_row_is_counted_once_and_the_run_does_as_planned(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    def special(width: int) -> None:
        if width == 23:
            raise NoDocumentError("none")

    store = tmp_path / "run.sqlite"
    a, b, c, d = pictures(21, 22, 23, 24)
    text = tmp_path / "notes.png"
    text.write_text("not a picture")
    engine = Fake(special=special)
    with pytest.warns(RowsFailedWarning):
        extract([a, c], engine=engine, store=store)
    engine.seen.clear()
    table = pd.DataFrame(
        {"image": [a, b, b, c, d, None, str(text), "nay.png"]}, index=list("ABBCDEFG")
    )
    made = dry_run(table, engine=engine, store=store)
    assert counts(made) == {"rows": 8, "repeats": 1, "stored": 1, "failed": 1, "calls": 2}
    assert made.unreadable.index.tolist() == ["E", "F", "G"]
    assert made.unreadable["image"].tolist()[1:] == [str(text), "nay.png"]
    assert made.unreadable["ocr_error"].str.startswith("ImageError: ").all()
    again = dry_run(table, engine=engine, store=store, retry_failed=True)
    assert counts(again) == {"rows": 8, "repeats": 1, "stored": 1, "calls": 3}
    assert engine.seen == []
    with pytest.warns(RowsFailedWarning, match="4 of 8"):
        extract(table, engine=engine, store=store, retry_failed=True)
    assert len(engine.seen) == again.calls
    assert dry_run(table, engine=engine, store=store).calls == 0


def test_time_is_told_by_the_store_or_else_by_the_engine(
    pictures: Callable[..., list[str]], tmp_path: Path
) -> None:
    class Telling(Fake):
        typical_s = 0.5

    store = tmp_path / "run.sqlite"
    a, *others = pictures(*range(21, 30))
    engine = Telling()
    made = dry_run([a, *others], engine=engine, workers=3)
    assert (made.workers, made.call_seconds, made.seconds) == (3, 0.5, 1.5)
    pair = dry_run([(a, a)], kind="id_pair", engine=engine)
    assert (pair.calls, pair.call_seconds) == (1, 1.0)
    frame = extract([a], engine=engine, store=store)
    made = dry_run([a, *others], engine=engine, store=store)
    assert made.call_seconds == frame["ocr_seconds"].iloc[0]


@pytest.mark.parametrize(("quota", "short"), [(None, 0), (2, 0), (1, 1)])
def test_a_quota_is_enough_or_not(
    quota: int | None, short: int, pictures: Callable[..., list[str]]
) -> None:
    made = dry_run(pictures(21, 22), engine=Fake(), quota=quota)
    assert made.missing_quota == short
    assert ("quota" in repr(made)) == (quota is not None)
    assert ("1 too few" in repr(made)) == bool(short)


def test_open_files_are_left_as_they_were(pictures: Callable[..., list[str]]) -> None:
    file = io.BytesIO(Path(pictures(21)[0]).read_bytes())
    assert dry_run([file], engine=Fake()).calls == 1
    assert extract([file], engine=Fake())["id"].tolist() == ["21"]


def test_html_is_escaped() -> None:
    class Odd(Fake):
        def __init__(self) -> None:
            super().__init__(name="<b>odd</b>")

    html = dry_run(pd.Series(["<i>.png"], index=["<u>"]), engine=Odd())._repr_html_()
    assert "&lt;b&gt;odd" in html
    assert "&lt;i&gt;.png" in html
    assert "<i>" not in html
    assert "<u>" not in html


def test_a_wrong_call_is_as_wrong_as_in_a_run(pictures: Callable[..., list[str]]) -> None:
    with pytest.raises(ArgumentError, match="unknown kind"):
        dry_run(pictures(21), kind="nay")
    with pytest.raises(ArgumentError, match="unknown column"):
        dry_run(pd.DataFrame({"image": ["a"]}), column="nay")
    with pytest.raises(ArgumentError, match="'nay'"):
        dry_run(pictures(21), nay=1)


def test_the_accessor_plans_too(pictures: Callable[..., list[str]]) -> None:
    table = pd.DataFrame({"photo": pictures(21, 21)})
    made = table.cvocr.dry_run("photo", engine=Fake(), progress=False)
    assert counts(made) == {"rows": 2, "repeats": 1, "calls": 1}
