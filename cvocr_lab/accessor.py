"""The accessors ``df.cvocr`` and ``series.cvocr``.

The accessors store only the frame, because pandas 3 creates a new one at each use.  Each method
calls a function of the package with the frame as its first argument, and has the docstring and
signature of this function.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, Generic, ParamSpec, TypeVar, overload

import pandas as pd

from cvocr_lab import batch, cleaning, exchange, frames, scoring, views

First = TypeVar("First", contravariant=True)
Rest = ParamSpec("Rest")
Result = TypeVar("Result", covariant=True)


class Method(Generic[First, Rest, Result]):
    """Make a function a method of an accessor, with the frame or Series as first argument.

    Parameters
    ----------
    function
        The function.
    without
        Name of a parameter to leave out of the signature.
    """

    def __init__(
        self, function: Callable[Concatenate[First, Rest], Result], *, without: str = ""
    ) -> None:
        self._function = function
        signature = inspect.signature(function)
        _, *rest = signature.parameters.values()
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        kept = [parameter for parameter in rest if parameter.name != without]
        self._bound = signature.replace(parameters=kept)
        self._unbound = signature.replace(parameters=[own, *kept])
        self.__doc__, self.__module__ = function.__doc__, function.__module__

    @overload
    def __get__(self, accessor: None, owner: type) -> Callable[..., Result]: ...
    @overload
    def __get__(self, accessor: _Accessor, owner: type) -> Callable[Rest, Result]: ...

    def __get__(
        self, accessor: _Accessor | None, owner: type
    ) -> Callable[..., Result] | Callable[Rest, Result]:
        function, data = self._function, None if accessor is None else accessor._data

        @functools.wraps(function)
        def method(*args: Rest.args, **kwargs: Rest.kwargs) -> Result:
            return function(data, *args, **kwargs)  # type: ignore[arg-type]

        if accessor is None:
            method.__signature__ = self._unbound  # type: ignore[attr-defined]
        else:
            method.__signature__ = self._bound  # type: ignore[attr-defined]
        return method


class _Accessor:
    def __init__(self, data: pd.DataFrame | pd.Series) -> None:
        self._data = data


@pd.api.extensions.register_dataframe_accessor("cvocr")
class FrameAccessor(_Accessor):
    """The methods of `cvocr_lab` for a DataFrame."""

    # Reading.  Because of **options, mypy assumes that an option may be named like the frame.
    extract = Method(batch.extract)  # type: ignore[arg-type]
    dry_run = Method(batch.dry_run)  # type: ignore[arg-type]
    locate = Method(batch.locate)  # type: ignore[arg-type]
    relocate = Method(frames.relocate)
    wide = Method(frames.wide)

    # Evaluation.
    score = Method(scoring.score)
    compare = Method(scoring.compare)

    # Viewing and correcting.
    view = Method(views.view)
    show = Method(views.show)
    review = Method(views.review)
    review_queue = Method(views.review_queue)
    sweep = Method(views.sweep)
    suspects = Method(views.suspects)
    apply = Method(views.apply)

    # Cleaning.
    check = Method(cleaning.check)
    clean = Method(cleaning.clean)
    changes = Method(cleaning.changes)
    suggestions = Method(cleaning.suggestions)
    labels_from_codes = Method(cleaning.labels_from_codes)

    # Export to other tools.
    to_excel = Method(exchange.to_excel)
    to_image_folder = Method(exchange.to_image_folder)
    to_label_studio = Method(exchange.to_label_studio)
    to_paddle = Method(exchange.to_paddle)


@pd.api.extensions.register_series_accessor("cvocr")
class SeriesAccessor(_Accessor):
    """The methods of `cvocr_lab` for a Series of pictures."""

    extract = Method(batch.extract, without="column")  # type: ignore[arg-type]
