"""`Method`: functions of the package as methods of an accessor."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

First = TypeVar("First", contravariant=True)
Rest = ParamSpec("Rest")
Result = TypeVar("Result", covariant=True)


class Method(Generic[First, Rest, Result]):
    """Make a function a method of an accessor, with the frame or Series as first argument.

    The parameter `without` is left out of the signature.
    """

    def __init__(
        self, function: Callable[Concatenate[First, Rest], Result], *, without: str = ""
    ) -> None:
        @functools.wraps(function)
        def method(accessor: Accessor, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
            return function(accessor._data, *args, **kwargs)

        signature = inspect.signature(function)
        _, *rest = signature.parameters.values()
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        kept = [parameter for parameter in rest if parameter.name != without]
        method.__signature__ = signature.replace(parameters=[own, *kept])  # type: ignore[attr-defined]
        self._method = method
        self.__doc__, self.__module__ = function.__doc__, function.__module__

    @overload
    def __get__(self, accessor: None, owner: type) -> Callable[..., Result]: ...
    @overload
    def __get__(self, accessor: Accessor, owner: type) -> Callable[Rest, Result]: ...

    def __get__(
        self, accessor: Accessor | None, owner: type
    ) -> Callable[..., Result] | Callable[Rest, Result]:
        return self._method if accessor is None else MethodType(self._method, accessor)


class Accessor:
    """An accessor that stores only its frame or Series, because pandas creates one at each use."""

    def __init__(self, data: Any) -> None:
        self._data = data
