"""The accessor ``cvocr`` for Dask: the same methods, for columns larger than one machine.

Importing this module registers the accessor for Dask DataFrames and Series.  All methods are lazy:
pictures are read when you call `compute` or write the rows.  Each worker process opens one engine
and keeps it.

>>> import cvocr_lab.dask  # doctest: +SKIP
>>> read = ddf.cvocr.extract(column="image", base="/data")  # doctest: +SKIP
>>> read.cvocr.to_parquet("/data/read")  # doctest: +SKIP
>>> cvocr_lab.dask.read_parquet("/data/read").cvocr.score(truth).compute()  # doctest: +SKIP
"""

from cvocr_lab.errors import MissingPartError

try:
    from dask.dataframe.extensions import register_dataframe_accessor, register_series_accessor
except ImportError:
    raise MissingPartError("Dask is not installed: pip install 'cvocr-lab[dask]'") from None

from cvocr_lab.accessor_methods import Accessor, Method
from cvocr_lab.dask.files import read_parquet, to_parquet
from cvocr_lab.dask.lazy import extract, score

__all__ = [
    "DaskFrameAccessor", "DaskSeriesAccessor", "extract", "read_parquet", "score", "to_parquet",
]  # fmt: skip


class DaskSeriesAccessor(Accessor):
    """Methods for a Dask Series of pictures."""

    extract = Method(extract)  # type: ignore[arg-type]


class DaskFrameAccessor(DaskSeriesAccessor):
    """Methods for a Dask DataFrame."""

    score = Method(score)
    to_parquet = Method(to_parquet)


register_dataframe_accessor("cvocr")(DaskFrameAccessor)
register_series_accessor("cvocr")(DaskSeriesAccessor)
