"""Answers kept for clients that did not get them: how long, how many, and who waits for whom."""

import asyncio

import pytest

from cvocr_lab.server import request_handler
from cvocr_lab.server.request_handler import IdempotencyCache


def asked(
    kept: IdempotencyCache[str], keys: str, made: list[str], *, final: bool = True
) -> list[bool]:
    """Ask in turn; tell which answers were there."""

    async def ask() -> list[bool]:
        told = []
        for key in keys:

            async def make(key: str = key) -> str:
                made.append(key)
                return key * 10

            given, was_there = await kept.once(key, make, lambda _: final)
            assert given == key * 10
            told.append(was_there)
        return told

    return asyncio.run(ask())


def test_an_answer_is_made_once() -> None:
    made: list[str] = []
    assert asked(IdempotencyCache(len), "abaab", made) == [False, False, True, True, True]
    assert made == ["a", "b"]


def test_an_answer_that_may_change_is_made_again() -> None:
    made: list[str] = []
    assert asked(IdempotencyCache(len), "aa", made, final=False) == [False, False]
    assert made == ["a", "a"]


def test_the_oldest_go_when_there_is_no_room() -> None:
    kept = IdempotencyCache[str](len, most_bytes=25)
    made: list[str] = []
    assert asked(kept, "abcba", made) == [False, False, False, True, False]
    assert made == ["a", "b", "c", "a"]
    nothing = IdempotencyCache[str](len, most_bytes=5)
    assert asked(nothing, "aa", []) == [False, False]


def test_the_old_go_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(request_handler, "monotonic", lambda: clock[0])
    kept = IdempotencyCache[str](len, most_s=60)
    asked(kept, "a", [])
    clock[0] = 50
    asked(kept, "b", [])
    clock[0] = 70
    assert asked(kept, "ca", []) == [False, False]
    assert asked(kept, "b", []) == [True]


def test_those_who_wait_take_turns_when_it_fails() -> None:
    making = most = 0

    async def make() -> str:
        nonlocal making, most
        making += 1
        most = max(most, making)
        await asyncio.sleep(0.01)
        making -= 1
        raise OSError

    async def all_at_once() -> list[object]:
        kept = IdempotencyCache[str](len)
        waiting = [kept.once("a", make, lambda _: True) for _ in range(4)]
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    assert [type(told) for told in asyncio.run(all_at_once())] == [OSError] * 4
    assert most == 1
