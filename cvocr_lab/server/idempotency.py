"""Repeat answers that a client did not receive, by idempotency keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class IdempotencyCache(Generic[Answer]):
    """Cache of the latest answers in memory.

    If a connection breaks, the client can repeat the request with the same ``Idempotency-Key`` and
    gets the same answer, without a second reading and charge.  `size` returns the size of an answer
    in bytes; answers are removed after `most_s` seconds, or if all are larger than `most_bytes`.
    """

    def __init__(
        self, size: Callable[[Answer], int], *, most_bytes: int = 1 << 26, most_s: float = 900.0
    ) -> None:
        self._size, self._most_bytes, self._most_s = size, most_bytes, most_s
        self._bytes = 0
        self._made: dict[str, tuple[float, Answer]] = {}
        self._making: dict[str, asyncio.Future[None]] = {}

    async def once(
        self, asked: str, make: Callable[[], Awaitable[Answer]], keep: Callable[[Answer], bool]
    ) -> tuple[Answer, bool]:
        """Return the answer to `asked`, and whether it comes from the cache.

        `make` creates the answer, and `keep` says whether it is final and can be cached.
        """
        while (making := self._making.get(asked)) is not None:
            await asyncio.wait({making})
        if asked in self._made:
            return self._made[asked][1], True
        self._making[asked] = asyncio.get_running_loop().create_future()
        try:
            answer = await make()
            if keep(answer):
                self._keep(asked, answer)
        finally:
            self._making.pop(asked).set_result(None)
        return answer, False

    def _keep(self, asked: str, answer: Answer) -> None:
        now = monotonic()
        self._made[asked] = now, answer
        self._bytes += self._size(answer)
        for key, (made, old) in list(self._made.items()):
            if self._bytes <= self._most_bytes and made >= now - self._most_s:
                break
            del self._made[key]
            self._bytes -= self._size(old)
