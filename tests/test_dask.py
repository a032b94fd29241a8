import sys
import warnings
from collections import Counter
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from PIL import Image
from widths import Widths

import cvocr_lab
import cvocr_lab.dask
from cvocr_lab import scoring
from cvocr_lab.batch import RowsFailedWarning
from cvocr_lab.dask import lazy as on_workers
from cvocr_lab.errors import ArgumentError, BatchError, QuotaError
from cvocr_lab.frames import read_frame, restore

WIDTHS = range(100, 124)


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIDTHS_LOG", str(tmp_path))
    on_workers._opened_run.cache_clear()
    return tmp_path / "log"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("pictures")
    for width in WIDTHS:
        Image.fromarray(np.zeros((80, width, 3), np.uint8)).save(folder / f"{width}.png")
    paths = [str(folder / f"{width}.png") for width in WIDTHS]
    return pd.DataFrame({"image": paths, "n": range(len(paths))}, index=[3 * w for w in WIDTHS])


@pytest.fixture(scope="module")
def lazy(pictures: pd.DataFrame) -> dd.DataFrame:
    return dd.from_pandas(pictures, npartitions=4)


def by_pandas(pictures: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsFailedWarning)
        frame = cvocr_lab.extract(pictures, engine=Widths(), progress=False)
    return restore(frame.reindex(columns=like.columns))


def same(frame: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert (frame["ocr_seconds"] >= 0).all()
    # Times differ, and Dask has a text dtype of its own for the caller's column.
    frame, expected = (
        f.assign(ocr_seconds=0.0, image=f["image"].astype(object)) for f in (frame, expected)
    )
    assert_frame_equal(frame, expected)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_rows_are_those_of_pandas(
    scheduler: str, pictures: pd.DataFrame, lazy: dd.DataFrame, log: Path
) -> None:
    read = lazy.cvocr.extract(engine=Widths)
    assert not log.exists()  # nothing is opened or read yet
    assert read.divisions == lazy.divisions
    assert read.npartitions == 4
    with dask.config.set(scheduler=scheduler):
        frame = read.compute()
    assert Counter(line.split()[0] for line in log.read_text().splitlines()) == {
        "open": 1, "read": len(pictures),
    }  # fmt: skip
    same(frame, by_pandas(pictures, frame))
    assert_frame_equal(frame.iloc[:0], read._meta)
    assert frame["ocr_error"].notna().sum() == 2
    assert 3 * 101 in frame.index[frame.index.duplicated()]


def test_every_partition_has_the_columns_of_meta(lazy: dd.DataFrame) -> None:
    read = lazy.cvocr.extract(engine=Widths, fields=["name", "id"])
    parts = dask.compute(*read.to_delayed(), scheduler="synchronous")
    assert [c for c in read.columns if not c.startswith("ocr_")] == [
        "image", "name", "name_confidence", "name_quad", "id", "id_confidence", "id_quad",
    ]  # fmt: skip
    for part in parts:
        assert part.dtypes.equals(read._meta.dtypes)
    empty = lazy[lazy["n"] < 0].cvocr.extract(engine=Widths).compute(scheduler="synchronous")
    assert len(empty) == 0
    assert empty.dtypes.equals(lazy.cvocr.extract(engine=Widths)._meta.dtypes)


def test_a_series_has_it_too_and_a_scan_has_text(lazy: dd.DataFrame) -> None:
    read = lazy["image"].cvocr.extract(engine=Widths, kind="scan")
    assert read.columns.tolist()[:6] == [
        "image", "ocr_source", "text", "text_confidence", "text_quad", "ocr_type",
    ]  # fmt: skip
    assert len(read.partitions[0].compute(scheduler="synchronous")) > 0


def test_written_by_partition_and_read_again(lazy: dd.DataFrame, tmp_path: Path) -> None:
    read = lazy.cvocr.extract(engine=Widths)
    with dask.config.set(scheduler="synchronous"):
        read.cvocr.to_parquet(tmp_path / "out")
        frame = read.compute()
        again = cvocr_lab.dask.read_parquet(tmp_path / "out")
        assert again.divisions == read.divisions
        same(again.compute(), frame)
    same(restore(pd.read_parquet(tmp_path / "out")), frame)
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    parts = sorted((tmp_path / "out").iterdir())
    assert [part.name for part in parts] == [f"part.{n}.parquet" for n in range(4)]
    assert {part.stat().st_mode & 0o077 for part in parts} == {0}
    assert read_frame(parts[0])["ocr_corners"].notna().any()


def test_scores_are_those_of_pandas(pictures: pd.DataFrame, lazy: dd.DataFrame) -> None:
    read = lazy.cvocr.extract(engine=Widths)
    truth = pd.DataFrame({"id": [str(w) for w in WIDTHS], "image": pictures["image"],
                          "side": "front"}, index=pictures.index)  # fmt: skip
    with dask.config.set(scheduler="synchronous"):
        frame = read.compute()
        for on in (None, "image"):
            expected = scoring.score(frame, truth, on=on)
            for given in (truth, dd.from_pandas(truth, npartitions=3)):
                found = read.cvocr.score(given, on=on).compute()
                assert isinstance(found, scoring.Score)
                assert_frame_equal(found.summary(), expected.summary())


@pytest.mark.parametrize(("trouble", "retries", "times"), [("stop 105", 1, 2), ("stop 105", 0, 1)])
def test_a_partition_is_tried_again(
    trouble: str, retries: int, times: int, lazy: dd.DataFrame, log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("WIDTHS_TROUBLE", trouble)
    monkeypatch.setattr(on_workers, "_FIRST_WAIT_S", 0.0)
    read = lazy.cvocr.extract(engine=Widths, retries=retries)
    if retries:
        assert len(read.compute(scheduler="synchronous")) > len(lazy)
    else:
        with pytest.raises(BatchError, match="went away") as raised:
            read.compute(scheduler="synchronous")
        assert raised.value.partial is None
    reads = Counter(log.read_text().split("\n"))
    assert sum(n for line, n in reads.items() if line.startswith("read 105 ")) == times


def test_a_quota_is_not_tried_again(
    lazy: dd.DataFrame, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDTHS_TROUBLE", "quota 105")
    with pytest.raises(QuotaError):
        lazy.cvocr.extract(engine=Widths).compute(scheduler="synchronous")
    assert log.read_text().count("read 105 ") == 1


def test_with_a_store_nothing_is_read_twice(
    lazy: dd.DataFrame, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDTHS_TROUBLE", "stop 105")
    monkeypatch.setattr(on_workers, "_FIRST_WAIT_S", 0.0)
    read = lazy.cvocr.extract(engine=Widths, store=tmp_path / "run.sqlite")
    read.compute(scheduler="threads")
    counts = Counter(line.split()[1] for line in log.read_text().splitlines() if "read" in line)
    assert [width for width, n in counts.items() if n > 1] == ["105"]


def test_a_picture_that_takes_too_long_is_a_row_error(
    lazy: dd.DataFrame, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDTHS_TROUBLE", "hang 105")
    read = lazy.cvocr.extract(engine=Widths, time_limit_s=1.0).compute(scheduler="synchronous")
    late = read[read["image"].str.endswith("105.png")]
    assert late["ocr_error"].tolist() == ["TimeLimitError: reading took longer than 1 s"]
    others = read.drop(index=late.index)
    failed = others[others["ocr_error"].notna()]
    assert failed["image"].str[-7:-4].tolist() == ["107", "117"], "the rest is read"
    assert "read 123" in log.read_text()


def test_wrong_calls_are_told_before_anything_runs(lazy: dd.DataFrame) -> None:
    for wrong, match in (
        ({"column": "photo"}, "unknown column"),
        ({"engine": "nobody"}, "unknown engine"),
        ({"option": 1}, "engine 'local'"),
        ({"kind": "nothing"}, "unknown kind"),
        ({"retries": -1}, "retries"),
        ({"errors": "ignore"}, "errors must be"),
        ({"time_limit_s": 0}, "time_limit_s"),
        ({"retry_failed": True}, "store"),
        ({"workers": 4}, "Dask decides"),
    ):
        with pytest.raises(ArgumentError, match=match):
            lazy.cvocr.extract(**wrong)


@pytest.mark.slow
def test_a_worker_may_be_killed_in_mid_run(
    pictures: pd.DataFrame, lazy: dd.DataFrame, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client, LocalCluster

    monkeypatch.setenv("WIDTHS_TROUBLE", "kill 110")
    monkeypatch.setenv("WIDTHS_SLEEP", "0.05")
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        frame = client.compute(lazy.cvocr.extract(engine=Widths)).result(timeout=60)
    lines = log.read_text().splitlines()
    monkeypatch.delenv("WIDTHS_TROUBLE")
    same(frame, by_pandas(pictures, frame))
    assert (log.parent / "killed").exists()
    opened = Counter(line for line in lines if line.startswith("open"))
    assert set(opened.values()) == {1}
    assert 2 <= len(opened) <= 3  # two workers, and perhaps the one that took the dead one's place
    reads = Counter(line.split()[1] for line in lines if line.startswith("read"))
    assert set(reads) == set(map(str, WIDTHS))
