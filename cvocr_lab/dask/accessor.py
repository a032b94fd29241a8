"""The accessors ``ddf.cvocr`` and ``dseries.cvocr``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Literal

import pandas as pd
from dask.dataframe.extensions import register_dataframe_accessor, register_series_accessor

from cvocr_lab.batch import Column
from cvocr_lab.batch.run_arguments import TIME_LIMIT_S
from cvocr_lab.dask import files, lazy
from cvocr_lab.engines import Engine
from cvocr_lab.images import Fetch, Limits

if TYPE_CHECKING:
    import dask.dataframe as dd
    from dask.delayed import Delayed


class DaskSeriesAccessor:
    """Methods for a Dask Series of pictures."""

    def __init__(self, data: dd.DataFrame | dd.Series) -> None:
        self._data = data

    def extract(
        self,
        column: Column | Sequence[Column] | None = None,
        *,
        kind: str = "id_any",
        engine: str | Engine | Callable[..., object] = "local",
        fields: Sequence[str] | None = None,
        retries: int = 2,
        time_limit_s: float | None = TIME_LIMIT_S,
        errors: Literal["coerce", "raise"] = "coerce",
        base: str | PathLike[str] | None = None,
        pages: Sequence[int] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        store: str | PathLike[str] | None = None,
        retry_failed: bool = False,
        **options: object,
    ) -> dd.DataFrame:
        """Read the pictures, lazily; see `cvocr_lab.dask.extract`."""
        return lazy.extract(
            self._data,
            column=column,
            kind=kind,
            engine=engine,
            fields=fields,
            retries=retries,
            time_limit_s=time_limit_s,
            errors=errors,
            base=base,
            pages=pages,
            limits=limits,
            fetch=fetch,
            store=store,
            retry_failed=retry_failed,
            **options,
        )


class DaskFrameAccessor(DaskSeriesAccessor):
    """Methods for a Dask DataFrame."""

    def score(
        self,
        truth: pd.DataFrame | dd.DataFrame,
        *,
        on: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Delayed:
        """Score this flat frame against a truth, lazily; see `cvocr_lab.dask.score`."""
        return lazy.score(self._data, truth, on=on, fields=fields)

    def to_parquet(self, folder: str | PathLike[str]) -> None:
        """Compute and write each partition; see `cvocr_lab.dask.to_parquet`."""
        files.to_parquet(self._data, folder)


register_dataframe_accessor("cvocr")(DaskFrameAccessor)
register_series_accessor("cvocr")(DaskSeriesAccessor)
