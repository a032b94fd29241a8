"""The arguments of one bulk run, checked before anything is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeVar

import pandas as pd

from cvocr_lab.batch.reading import Task
from cvocr_lab.batch.sources import Column, Data, source_frame
from cvocr_lab.engines import Engine
from cvocr_lab.engines._spec import EngineSpec, engine_spec
from cvocr_lab.errors import ArgumentError
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import request_kind

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
