"""``cvocr-lab extract``: pictures into a table."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cvocr_lab import batch, frames, journal
from cvocr_lab.cli._shared import (
    EXIT_CODES,
    Commands,
    add_option,
    as_flags,
    complain,
    printed_warnings,
)
from cvocr_lab.errors import ArgumentError, BatchError, MissingPartError
from cvocr_lab.files import escaped
from cvocr_lab.journal import Decision
from cvocr_lab.kinds import REQUESTS

_PICTURES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".heic", ".heif", ".avif", ".jp2", ".pdf"}
)
_CHUNK: Final = 1_000
_PRINTED: Final = (batch.RowsFailedWarning, batch.RunStoppedWarning, journal.JournalWarning)


def add(commands: Commands) -> None:
    """Add the command."""
    extract = commands.add_parser("extract", help="read pictures into a table", epilog=EXIT_CODES)
    extract.add_argument(
        "files", nargs="+", metavar="FILE",
        help="pictures, PDFs, folders, globs or URLs; or one CSV with a column of these",
    )  # fmt: skip
    extract.add_argument("--kind", choices=REQUESTS, default="id_any", help="default: id_any")
    extract.add_argument("--engine", default="local", metavar="NAME", help="default: local")
    extract.add_argument(
        "--out", type=Path, metavar="FILE",
        help=".csv or .parquet (of any length); default: print CSV",
    )  # fmt: skip
    extract.add_argument(
        "--column", nargs="+", metavar="NAME",
        help="column(s) of the CSV; default: image, or front back for pairs",
    )  # fmt: skip
    extract.add_argument("--workers", type=int, metavar="N", help="number of pictures read at once")
    extract.add_argument(
        "--time-limit", type=float, default=batch.TIME_LIMIT_S, metavar="SECONDS",
        help=f"limit for one picture, which fails after it; default: {batch.TIME_LIMIT_S:.0f}",
    )  # fmt: skip
    extract.add_argument(
        "--store", type=Path, metavar="FILE",
        help="file that keeps each reading; the same command continues a run that ended early",
    )  # fmt: skip
    extract.add_argument(
        "--retry-failed", action="store_true", help="read rows again that failed in an earlier run"
    )
    extract.add_argument(
        "--journal", type=Path, metavar="FILE",
        help="decisions of a review, which replace the values that the engine reads",
    )  # fmt: skip
    extract.add_argument(
        "--dry-run", action="store_true",
        help="print what would be done and how long it takes, then stop",
    )  # fmt: skip
    extract.add_argument(
        "--quota", type=int, metavar="N", help="with --dry-run: number of requests you have left"
    )
    extract.add_argument("--quiet", action="store_true", help="no progress bar")
    add_option(extract)
    extract.set_defaults(run=_extract)


def _extract(args: argparse.Namespace) -> int:
    if args.quota is not None and not args.dry_run:
        raise ArgumentError("--quota needs --dry-run")
    if args.retry_failed and args.store is None:
        raise ArgumentError("--retry-failed needs --store")
    if args.out is not None:
        _check_out(args.out)
        if args.journal is None and _holds_corrections(args.out):
            raise ArgumentError(
                f"--out {args.out} has corrections made by a person: add --journal FILE to keep "
                "them, or write to another file"
            )
    decisions = () if args.journal is None else journal.read_decisions(args.journal)
    sources, base = _sources(args.files)
    options: dict[str, Any] = dict(
        column=args.column, kind=args.kind, engine=args.engine, workers=args.workers,
        time_limit_s=args.time_limit, progress=not args.quiet, base=base, store=args.store,
        retry_failed=args.retry_failed, **dict(args.option),
    )  # fmt: skip
    if args.dry_run:
        print(as_flags(batch.dry_run(sources, quota=args.quota, **options)))
        return 0
    run = _Run(decisions)
    with printed_warnings(*_PRINTED) as printed:
        if args.out is not None and args.out.suffix.lower() == ".parquet":
            # In chunks, because the table may be larger than memory.
            chunks = batch.extract(sources, chunksize=_CHUNK, **options)
            frames.write_frame(run.watch(chunks), _unfinished(args.out))
        else:
            # A generator, so that the errors of the run are raised inside `watch`.
            whole = (batch.extract(table, **options) for table in [sources])
            for frame in run.watch(whole):
                if args.out is None:
                    frames.write_csv(frame, sys.stdout)
                else:
                    frames.write_frame(frame, _unfinished(args.out))
    interrupted = batch.RunStoppedWarning in printed
    if args.out is not None:
        if run.stopped is None and not interrupted:
            _unfinished(args.out).replace(args.out)
        else:
            complain(f"the finished rows are in {_unfinished(args.out)}", 1)
    if run.stopped is not None:
        raise run.stopped
    return 130 if interrupted else int(run.failed)


class _Run:
    """Watches a run: did rows fail, did it stop."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._decisions = decisions
        self.failed = False
        self.stopped: BatchError | None = None

    def watch(self, pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield the frames, and the finished rows if the run stops.

        The error of a run that stopped is raised here only if there is no row to yield.
        """
        any_rows = False
        try:
            for read in pieces:
                frame = self._with_decisions(read)
                self.failed |= bool(frame["ocr_error"].notna().any())
                yield frame
                any_rows = True
        except BatchError as error:
            if error.partial is not None and not error.partial.empty:
                yield self._with_decisions(error.partial)
            elif not any_rows:
                raise
            self.stopped = error

    def _with_decisions(self, frame: pd.DataFrame) -> pd.DataFrame:
        return journal.apply(frame, self._decisions) if self._decisions else frame


def _unfinished(out: Path) -> Path:
    """Return the file's name while it is not complete; a file called `out` is always complete."""
    return out.with_name(f"{out.stem}.partial{out.suffix}")


def _check_out(out: Path) -> None:
    """Check that the file can be written, before hours of reading."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise ArgumentError(f"--out must end in .csv or .parquet, not {out.suffix!r}")
    if not out.parent.is_dir():
        raise ArgumentError(f"--out {out}: there is no folder {out.parent}; create it first")
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise ArgumentError(f"--out {out} cannot be written")
    if out.suffix.lower() == ".parquet":
        try:
            importlib.import_module("pyarrow")
        except ImportError:
            raise MissingPartError(
                ".parquet needs pyarrow: pip install pyarrow, or write .csv"
            ) from None


def _holds_corrections(out: Path) -> bool:
    """Return whether the file exists and has values that a person reviewed."""
    name = frames.REVIEWED_COLUMN
    try:
        if out.suffix.lower() == ".parquet":
            reviewed = pd.read_parquet(out, columns=[name])[name]
        else:
            reviewed = pd.read_csv(out, usecols=[name], dtype=str)[name]
    except (ValueError, OSError):  # no such column, not a table, no file
        return False
    return bool(reviewed.notna().any())


def _sources(files: Sequence[str]) -> tuple[pd.DataFrame, Path | None]:
    """Return a frame of the given sources, and the folder of its relative paths."""
    tables = [f for f in files if f.lower().endswith(".csv")]
    if tables:
        if len(files) > 1:
            raise ArgumentError("a CSV must be the only FILE: pass one CSV, or pictures")
        return frames.read_labels(files[0]), Path(files[0]).parent
    found: list[str] = []
    for name in files:
        path = Path(name)
        if path.is_dir():
            inside = _pictures_in(path)
            if not inside:
                raise ArgumentError(f"no pictures in folder {name}")
            found += inside
        elif "://" not in name and not path.exists() and any(c in name for c in "*?["):
            matched = sorted(glob(name, recursive=True))  # noqa: PTH207 - absolute patterns too
            if not matched:
                raise ArgumentError(f"nothing matches {name}")
            found += matched
        else:
            found.append(name)  # a missing file becomes a row with an error
    return pd.DataFrame({"image": [escaped(path) for path in found]}), None


def _pictures_in(folder: Path) -> list[str]:
    """List the pictures below a folder; a subfolder that cannot be read becomes a failed row."""
    unreadable: list[OSError] = []
    found = [
        str(Path(parent) / name)
        for parent, _, names in os.walk(folder, onerror=unreadable.append)
        for name in names
        if Path(name).suffix.lower() in _PICTURES
    ]
    return sorted(found) + [str(error.filename) for error in unreadable]
