"""Orders for the thread that taps: done in their order, or refused and then never done."""

from __future__ import annotations

import asyncio
import threading

import pytest

from terminal.local_api.bridge import MOST_WAITING, Bridge
from terminal.local_api.errors import SaleOfAnother, TerminalBusy


def test_an_order_that_was_refused_as_late_is_never_done() -> None:
    bridge, done = Bridge(), list[int]()

    async def ask() -> None:
        with pytest.raises(TerminalBusy):
            await bridge.ask(lambda: done.append(1), 0.05)

    asyncio.run(ask())
    bridge.work()
    assert done == []


def test_one_that_has_begun_is_waited_for_and_what_it_raises_comes_back() -> None:
    bridge, begun, go = Bridge(), threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert go.wait(10)
        return 7

    def refused() -> int:
        raise SaleOfAnother

    async def ask() -> int:
        worker = threading.Thread(target=bridge.work)
        waiting = asyncio.create_task(bridge.ask(slow, 0.05))
        await asyncio.sleep(0)
        worker.start()
        await asyncio.to_thread(begun.wait, 10)
        await asyncio.sleep(0.2)  # longer than it said it would wait
        assert not waiting.done()
        go.set()
        answer = await waiting
        worker.join()
        other = asyncio.create_task(bridge.ask(refused, 5))
        await asyncio.sleep(0)
        bridge.work()
        with pytest.raises(SaleOfAnother):
            await other
        return answer

    assert asyncio.run(ask()) == 7


def test_more_than_it_can_hold_are_refused_and_so_is_all_after_the_end() -> None:
    bridge, done = Bridge(), list[int]()

    async def ask() -> None:
        waiting = [
            asyncio.create_task(bridge.ask(lambda n=n: done.append(n), 5))  # type: ignore[misc]
            for n in range(MOST_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TerminalBusy):
            await bridge.ask(lambda: done.append(-1), 5)
        bridge.close()
        await asyncio.gather(*waiting)
        with pytest.raises(TerminalBusy):
            await bridge.ask(lambda: done.append(-2), 5)

    asyncio.run(ask())
    assert done == list(range(MOST_WAITING))
