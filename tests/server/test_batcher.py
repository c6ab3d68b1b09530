"""The batcher: who goes together, who waits, and what a failure or a lost client costs the others."""

import asyncio

import numpy as np
import pytest

from eyeful.engines import Outputs
from eyeful.errors import EngineError
from eyeful.server.batcher import Batcher
from eyeful.server.errors import OverloadedError
from eyeful.server.metrics import Metrics
from eyeful.types import Item
from helpers import FakeEngine, fake_classifier


class Gate(FakeEngine):
    """An engine that answers when it is told to."""

    batch_size = 4

    def __init__(self):
        super().__init__()
        self.held = []

    def submit(self, batch_NHWC):
        from concurrent.futures import Future

        self.batches.append(len(batch_NHWC))
        future = Future()
        self.held.append((future, batch_NHWC))
        return future

    def answer(self):
        future, batch_NHWC = self.held.pop(0)
        future.set_result(Outputs((batch_NHWC.mean((1, 2)) / 10).astype(np.float32)))


def items(*colours):
    return [Item(name, np.full((9, 9, 3), colour, np.uint8)) for name, colour in enumerate(colours)]


RED, BLUE = (200, 0, 0), (0, 0, 200)


def batcher(engine, queue_size=64, timeout=0.0):
    return Batcher("m", fake_classifier(engine), queue_size, timeout, Metrics())


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came")


def test_what_waits_goes_together_and_each_gets_its_own_answer():
    async def scene():
        engine = Gate()
        service = batcher(engine)
        first = asyncio.create_task(service.classify(items(RED)))
        await until(lambda: engine.batches == [1])  # the engine was free: no waiting for company
        rest = [asyncio.create_task(service.classify(items(BLUE if n % 2 else RED))) for n in range(6)]
        await until(lambda: len(service._batcher._ready) == 6)
        engine.answer()
        await until(lambda: len(engine.batches) == 2)
        engine.answer()
        await until(lambda: len(engine.batches) == 3)
        engine.answer()
        assert engine.batches == [1, 4, 2]
        assert (await first)[0].label == "red"
        assert [(await task)[0].label for task in rest] == ["red", "blue"] * 3
        assert service.depth == 0
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


class TwoAtOnce(Gate):
    """Two batches may be in flight."""

    def __init__(self):
        super().__init__()
        self.capacity = 3


def test_the_busier_the_engine_the_fuller_its_batches():
    async def scene():
        engine = TwoAtOnce()
        service = batcher(engine)
        tasks = []

        async def ask(images):
            tasks.extend(asyncio.create_task(service.classify(items(RED))) for _ in range(images))

        async def answered(times):
            engine.answer()
            await until(lambda: sum(task.done() for task in tasks) == times)

        await ask(1)
        await until(lambda: engine.batches == [1])
        await ask(1)
        await until(lambda: engine.batches == [1, 1])  # few are here: nobody waits for company
        await ask(5)
        await until(lambda: len(service._batcher._ready) == 5)
        await answered(1)
        await until(lambda: engine.batches == [1, 1, 4])
        await answered(2)
        assert engine.batches == [1, 1, 4], "one alone waits for company beside a batch"
        await answered(6)
        await until(lambda: engine.batches == [1, 1, 4, 1])
        await answered(7)
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_a_batch_may_wait_for_company():
    async def scene():
        engine = Gate()
        service = batcher(engine, timeout=0.2)
        tasks = [asyncio.create_task(service.classify(items(RED))) for _ in range(3)]
        await until(lambda: len(service._batcher._ready) == 3)
        assert engine.batches == []
        await until(lambda: engine.batches == [3])
        engine.answer()
        await asyncio.gather(*tasks)
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_beyond_the_queue_is_refused_at_once_and_the_place_is_free_again():
    async def scene():
        engine = Gate()
        service = batcher(engine, queue_size=3)
        tasks = [asyncio.create_task(service.classify(items(RED))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await service.classify(items(RED))
        tasks[2].cancel()
        await until(lambda: service.depth == 2)
        late = asyncio.create_task(service.classify(items(BLUE)))
        while not late.done():
            await asyncio.sleep(0.005)
            if engine.held:
                engine.answer()
        assert (await late)[0].label == "blue"
        assert sum(engine.batches) == 3, "what was cancelled is not computed"
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_an_engine_that_fails_fails_its_batch_only():
    async def scene():
        engine = Gate()
        service = batcher(engine)
        bad = asyncio.create_task(service.classify(items(RED)))
        await until(lambda: engine.held)
        engine.held.pop(0)[0].set_exception(EngineError("broken"))
        with pytest.raises(EngineError, match="broken"):
            await bad
        good = asyncio.create_task(service.classify(items(BLUE)))
        await until(lambda: engine.held)
        engine.answer()
        assert (await good)[0].label == "blue"
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_an_error_in_a_thread_reaches_those_who_wait_and_frees_the_engine():
    class Failing(FakeEngine):
        def submit(self, batch_NHWC):
            if (batch_NHWC == RED).all((1, 2, 3)).any():
                raise MemoryError("no memory")
            return super().submit(batch_NHWC)

    async def scene():
        service = batcher(Failing())
        for _ in range(3):
            with pytest.raises(MemoryError, match="no memory"):
                await service.classify(items(RED))
        assert (await service.classify(items(BLUE)))[0].label == "blue"
        service.classifier.predictor.preprocessor = lambda *_: 1 / 0
        with pytest.raises(ZeroDivisionError):
            await service.classify(items(BLUE))
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))
