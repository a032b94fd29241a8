"""The arguments of one bulk run, and its sources as a frame, checked before anything is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from cvocr_lab.batch.parallel import Task
from cvocr_lab.engines import Engine
from cvocr_lab.engines._spec import EngineSpec, engine_spec
from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.files import escaped
from cvocr_lab.frames import check_source_columns
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import request_kind

Column: TypeAlias = str | int
Data: TypeAlias = "pd.Series | pd.DataFrame | Sequence[object] | str | Path | bytes"
Given = ParamSpec("Given")
Result = TypeVar("Result")

TIME_LIMIT_S: Final = 900.0
"""Default time limit per row: far longer than any ordinary picture takes."""


@dataclass(frozen=True, slots=True)
class RunArguments:
    """The checked arguments of `extract`, which describes them."""

    sources: pd.DataFrame
    template: Task
    engine: EngineSpec
    workers: int | None
    time_limit_s: float | None
    progress: bool
    raises: bool
    store: Path | None
    retry_failed: bool


def check_arguments(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    kind: str = "id_any",
    engine: str | Engine | Callable[..., object] = "local",
    workers: int | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    progress: bool = True,
    errors: Literal["coerce", "raise"] = "coerce",
    base: str | PathLike[str] | None = None,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    store: str | PathLike[str] | None = None,
    retry_failed: bool = False,
    **options: object,
) -> RunArguments:
    """Check the arguments of `extract`; a wrong one is an `ArgumentError`."""
    request = request_kind(kind)
    if errors not in ("coerce", "raise"):
        raise ArgumentError(f"errors must be 'coerce' or 'raise', not {errors!r}")
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers must be at least 1, not {workers}")
    if time_limit_s is not None and not time_limit_s > 0:
        raise ArgumentError(f"time_limit_s must be greater than 0, or None, not {time_limit_s!r}")
    if retry_failed and store is None:
        raise ArgumentError("retry_failed needs a store: pass store=… too")
    sources = source_frame(data, column=column, images=request.images)
    if pages is not None and (not pages or min(pages) < 1):
        raise ArgumentError(f"pages must be page numbers from 1, not {list(pages)!r}")
    template = Task(
        -1, (), kind, None if base is None else fspath(base),
        None if pages is None else tuple(pages), limits, fetch,
    )  # fmt: skip
    return RunArguments(
        sources, template, engine_spec(engine, options), workers, time_limit_s, progress,
        errors == "raise", None if store is None else Path(store), retry_failed,
    )  # fmt: skip


def shows_run_arguments(
    *without: str,
) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Show the arguments of `check_arguments`, except `without`, instead of ``**arguments``."""

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        signature = inspect.signature(function)
        *own, _ = signature.parameters.values()
        left_out = {*without, *signature.parameters}
        checked = inspect.signature(check_arguments).parameters
        shown = [*own, *(p for name, p in checked.items() if name not in left_out)]
        function.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
        return function

    return decorate


def source_frame(
    data: Data, *, column: Column | Sequence[Column] | None = None, images: int = 1
) -> pd.DataFrame:
    """Select the source columns of `data`, with its index.

    `images`, 1 or 2, is the number of pictures per request.  `data` is a frame, a series, a
    sequence of sources (of pairs if `images` is 2), or one source.  `column` names the column(s)
    of a frame, or those to make of a list; None means ``"image"``, or ``"front"`` and ``"back"``
    for pairs.  A series keeps its name.

    Columns that are missing or duplicated, are too many or too few for the request, or have the
    name of a result column are an `ArgumentError`.
    """
    columns: tuple[Column, ...]
    if column is not None:
        columns = (column,) if isinstance(column, str | int) else tuple(column)
    elif isinstance(data, pd.Series) and data.name is not None:
        columns = (data.name,)  # type: ignore[assignment]
    else:
        columns = ("image",) if images == 1 else ("front", "back")
    if len(columns) != images or len(set(columns)) != images:
        wanted = "one column" if images == 1 else "two columns, front and back"
        raise ArgumentError(f"this kind takes {wanted}, not {', '.join(map(repr, columns))}")
    check_source_columns(columns)
    if isinstance(data, pd.DataFrame):
        for name in columns:
            times = int((data.columns == name).sum())
            if not times:
                raise unknown("column", name, data.columns, more="; pass the right one as column=…")
            if times > 1:
                raise ArgumentError(f"the frame has several columns {name!r}: rename them")
        frame = data[list(columns)].copy()
    elif isinstance(data, pd.Series):
        frame = data.to_frame(name=columns[0])
    else:
        frame = _listed(data, columns)
    for name in columns:
        if frame[name].dtype == object and any(isinstance(v, Path | str) for v in frame[name]):
            frame[name] = _column(frame[name]).set_axis(frame.index)
    return frame


def _listed(
    data: Sequence[object] | str | Path | bytes, columns: tuple[Column, ...]
) -> pd.DataFrame:
    single = isinstance(data, str | Path | bytes) or not isinstance(data, Sequence)
    rows: list[object] = [data] if single else list(data)  # type: ignore[arg-type]
    if len(columns) == 1:
        return pd.DataFrame({columns[0]: _column(rows)})
    pairs = [row for row in rows if isinstance(row, tuple | list) and len(row) == len(columns)]
    if len(pairs) < len(rows):
        raise ArgumentError("a list for this kind must hold pairs: (front, back)")
    return pd.DataFrame(
        {name: _column([pair[at] for pair in pairs]) for at, name in enumerate(columns)}
    )


def _column(cells: Iterable[object]) -> pd.Series:
    # Paths as text, which Parquet can store, with bytes that are not UTF-8 escaped.
    values = [escaped(str(cell)) if isinstance(cell, Path | str) else cell for cell in cells]
    if all(isinstance(value, str) for value in values):
        return pd.Series(values, dtype=None if values else object)
    column = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        column[at] = value  # one by one, so that an array stays one cell
    return pd.Series(column)
