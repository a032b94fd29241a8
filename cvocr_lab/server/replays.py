"""Answers given again to a client that did not get them: idempotency keys."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

Given = TypeVar("Given")


class Replays(Generic[Given]):
    """The last answers in memory, by what was asked.

    A client whose connection broke asks again with the same ``Idempotency-Key``; it gets the
    answer that was made, without a second reading and a second charge.

    Parameters
    ----------
    size
        Tells the size of an answer in bytes.
    most_bytes
        Bytes of answers that are kept.
    most_s
        Seconds that an answer is kept, while others come.
    """

    def __init__(
        self,
        size: Callable[[Given], int],
        *,
        most_bytes: int = 64 * 2**20,
        most_s: float = 900.0,
    ) -> None:
        self._size = size
        self._most_bytes = most_bytes
        self._most_s = most_s
        self._bytes = 0
        self._made: OrderedDict[str, tuple[float, Given]] = OrderedDict()
        self._making: dict[str, asyncio.Future[None]] = {}

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
        while (making := self._making.get(asked)) is not None:
            await asyncio.wait({making})
        if asked in self._made:
            return self._made[asked][1], True
        self._making[asked] = asyncio.get_running_loop().create_future()
        try:
            given = await make()
            if keep(given):
                self._keep(asked, given)
        finally:
            self._making.pop(asked).set_result(None)
        return given, False

    def _keep(self, asked: str, given: Given) -> None:
        now = monotonic()
        self._made[asked] = now, given
        self._bytes += self._size(given)
        while self._bytes > self._most_bytes or self._oldest() < now - self._most_s:
            _, (_, gone) = self._made.popitem(last=False)
            self._bytes -= self._size(gone)

    def _oldest(self) -> float:
        return next((made for made, _ in self._made.values()), monotonic())
