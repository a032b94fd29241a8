"""Answers given again to a client that did not get them: idempotency keys."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Given = TypeVar("Given")


class Replays(Generic[Given]):
    """The last answers in memory, by what was asked.

    A client whose connection broke asks again with the same ``Idempotency-Key``; it gets the
    answer that was made, without a second reading and a second charge.

    Parameters
    ----------
    most
        Answers that are kept.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._kept: OrderedDict[str, asyncio.Future[Given]] = OrderedDict()

    async def once(
        self, asked: str, make: Callable[[], Awaitable[Given]], keep: Callable[[Given], bool]
    ) -> tuple[Given, bool]:
        """The answer to `asked`: made now, being made, or made before; and whether not now.

        Parameters
        ----------
        asked
            The client, its idempotency key and what it sent.
        make
            Makes the answer.
        keep
            Whether an answer is final; others are made anew when asked again.
        """
        there = self._kept.get(asked)
        if there is not None:
            await asyncio.wait({there})
            if not there.cancelled() and keep(there.result()):
                return there.result(), True
        future: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._kept[asked] = future
        try:
            given = await make()
        except BaseException:
            future.cancel()
            self._forget(asked, future)
            raise
        future.set_result(given)
        if not keep(given):
            self._forget(asked, future)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return given, False

    def _forget(self, asked: str, future: asyncio.Future[Given]) -> None:
        if self._kept.get(asked) is future:
            del self._kept[asked]
