"""A bulk run that is killed again and again: its pictures, its engine, the killing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pandas as pd
from PIL import Image

from cvocr_lab import batch, frames
from cvocr_lab.engines import Request
from cvocr_lab.errors import NoDocumentError
from cvocr_lab.results import Document, Extraction, FieldValue

HERE = Path(__file__).parent
LOG = "CRASHING_LOG"
WORKERS = 2
_CHILD = "import crashing, sys; crashing.run(sys.argv[1], sys.argv[2])"


class Logging:
    """Writes each call into a file, at once; takes a few milliseconds for it."""

    name = "logging 1"

    def __init__(self) -> None:
        self._log = os.open(os.environ[LOG], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def extract(self, request: Request) -> Extraction:
        red, green, blue = (int(v) for v in request.images[0].pixels[0, 0])
        number = red << 16 | green << 8 | blue
        os.write(self._log, f"{number}\n".encode())
        time.sleep(0.001 * (number % 7))
        if number % 50 == 7:
            raise NoDocumentError("no document")
        sure = (number % 97) / 97
        faces = [Document("tcc_chip", "front", {"id": FieldValue(f"{number:012}", sure)})]
        if number % 10 == 3:
            faces.append(Document("matsautcc_chip", "back", {"date": FieldValue("01/01/2020")}))
        return Extraction(tuple(faces), engine=self.name)


@dataclass(frozen=True)
class Survived:
    """What came of a run that was killed.

    Parameters
    ----------
    frame, expected
        Its frame in the end, and that of a run never killed; without times.
    calls
        Calls of the engine by picture.
    pictures
        Different pictures that can be read.
    kills
        Times it was killed while it ran.
    """

    frame: pd.DataFrame
    expected: pd.DataFrame
    calls: Counter[int]
    pictures: int
    kills: int


def survive(folder: Path, *, rows: int, kills: int, seed: int) -> Survived:
    """Start a run of so many rows, kill it, start it again …, and let the last one end."""
    draw = random.Random(seed)
    sources = _pictures(folder, rows, draw)
    pd.DataFrame({"image": sources}).to_csv(folder / "sources.csv", index=False)
    log = folder / "calls.txt"
    killed = 0
    for at in range(kills):
        process = _start(folder, log)
        # Any moment: as it starts, or somewhere in its share of the rows; its workers too, or not.
        if at % 5 == 4:
            time.sleep(draw.uniform(0, 2))
        else:
            share = rows // (kills + 1)
            wanted = _count(log) + draw.randint(1, share)
            while process.poll() is None and _count(log) < wanted:
                time.sleep(0.001)
            time.sleep(draw.uniform(0, 0.02))
        if process.poll() is None:
            killed += 1
        (os.killpg if at % 2 else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
    last = _start(folder, log)
    assert last.wait() == 0
    calls = Counter(int(line) for line in log.read_text().split())
    pictures = len({Path(s).read_bytes() for s in sources if Path(s).exists()})
    alone = folder / "alone"
    alone.mkdir()
    (folder / "sources.csv").rename(alone / "sources.csv")
    with patch.dict(os.environ, {LOG: str(alone / "calls.txt")}):
        run(str(alone), str(alone / "run.sqlite"), workers=1)
    return Survived(_frame(folder), _frame(alone), calls, pictures, killed)


def run(folder: str, store: str, *, workers: int = WORKERS) -> None:
    """Read the sources of a folder; what the killed process does."""
    sources = pd.read_csv(Path(folder) / "sources.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", batch.RowsFailedWarning)
        frame = batch.extract(sources, engine=Logging, workers=workers, store=store, progress=False)
    frames.write_frame(frame, Path(folder) / "read.parquet")


def _start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    import crashing  # by its name, also where this file is the program

    path = os.pathsep.join([str(Path(crashing.__file__).parent), str(HERE.parent)])
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), str(folder / "run.sqlite")],
        env={**os.environ, LOG: str(log), "PYTHONPATH": path},
        start_new_session=True,
    )


def _pictures(folder: Path, rows: int, draw: random.Random) -> list[str]:
    """Make small pictures; some rows repeat a path, a picture under another name, or lack one."""
    paths: list[str] = []
    for at in range(rows):
        path = folder / f"{at:06}.png"
        lot = draw.random() if at else 1.0
        if lot < 0.05:
            paths.append(draw.choice(paths))
            continue
        if lot < 0.07:
            paths.append(str(folder / f"missing{at}.png"))
            continue
        number = draw.randrange(at) if lot < 0.12 else at
        colour = (number >> 16, number >> 8 & 255, number & 255)
        Image.new("RGB", (16, 16), colour).save(path, compress_level=1)
        paths.append(str(path))
    return paths


def _count(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _frame(folder: Path) -> pd.DataFrame:
    return frames.read_frame(folder / "read.parquet").drop(columns="ocr_seconds")
