"""Runs that are killed, and taken up again."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from crashing import WORKERS, survive
from PIL import Image
from test_store import Fake, extract


@pytest.mark.slow
def test_a_run_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    end = survive(tmp_path, rows=100, kills=2, seed=5)
    pd.testing.assert_frame_equal(end.frame, end.expected)
    assert end.kills >= 1
    assert len(end.calls) == end.pictures
    assert end.calls.total() <= end.pictures + WORKERS * end.kills


def test_a_dead_process_leaves_a_store_that_opens(tmp_path: Path) -> None:
    store = tmp_path / "run.sqlite"
    paths = [str(tmp_path / f"{w}.png") for w in range(21, 25)]
    for width, path in enumerate(paths, 21):
        Image.new("RGB", (width, 12)).save(path)
    code = (
        "import os, sys; from test_store import Fake, extract\n"
        "extract(sys.argv[2:], store=sys.argv[1], workers=1,"
        " engine=Fake(special=lambda w: w == 23 and os._exit(9)))"
    )
    root = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code, str(store), *paths],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root.parent)])},
        check=False,
    )
    assert done.returncode == 9
    engine = Fake()
    frame = extract(paths, engine=engine, store=store)
    assert frame["id"].tolist() == ["21", "22", "23", "24"]
    assert sorted(engine.seen) == [23, 24]
