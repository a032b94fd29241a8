"""The accessors ``ddf.cvocr`` and ``dseries.cvocr``."""

from __future__ import annotations

from dask.dataframe.extensions import register_dataframe_accessor, register_series_accessor

from cvocr_lab.accessor_methods import Accessor, Method
from cvocr_lab.dask import files, lazy


class DaskSeriesAccessor(Accessor):
    """Methods for a Dask Series of pictures."""

    extract = Method(lazy.extract)  # type: ignore[arg-type]


class DaskFrameAccessor(DaskSeriesAccessor):
    """Methods for a Dask DataFrame."""

    score = Method(lazy.score)
    to_parquet = Method(files.to_parquet)


register_dataframe_accessor("cvocr")(DaskFrameAccessor)
register_series_accessor("cvocr")(DaskSeriesAccessor)
