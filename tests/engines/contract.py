"""The contract of `eyeful.engines.base`, as tests: every engine's own test class derives from this one.

    class TestMyEngine(EngineContract):
        @pytest.fixture
        def open_engine(self, ...):
            return lambda threads=1: MyEngine(..., threads)

`bad` batches are those of a wrong shape, which every network fails on.
"""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eyeful.errors import EngineError

LIMIT = 60
"""Seconds after which a future counts as one that never resolves."""


def noise(count: int, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3), dtype=np.uint8)


class EngineContract:
    """What every engine must do. `open_engine(threads=N)` opens one; `size` is the (height, width) that it takes."""

    size = (64, 64)

    @pytest.fixture
    def open_engine(self):
        raise NotImplementedError

    @pytest.fixture
    def engine(self, open_engine):
        engine = open_engine(threads=2)
        yield engine
        engine.close()

    def bad(self) -> np.ndarray:
        return np.zeros((1, *self.size, 4), np.uint8)

    def works(self, engine) -> bool:
        return bool(np.isfinite(engine.submit(noise(1, self.size)).result(LIMIT).logits_NK).all())

    def test_outputs_are_float32_a_row_for_each_image(self, engine):
        for count in (1, 5, 8):
            outputs = engine.submit(noise(count, self.size)).result(LIMIT)
            assert outputs.logits_NK.dtype == np.float32
            assert outputs.logits_NK.shape[0] == count
            assert outputs.features_ND.dtype == np.float32
            assert outputs.features_ND.shape[0] == count
            assert outputs.features_ND.ndim == outputs.logits_NK.ndim == 2

    def test_outputs_stay_when_later_batches_run(self, engine):
        first = engine.submit(noise(2, self.size, 1)).result(LIMIT)
        before = first.logits_NK.copy()
        for seed in range(2, 6):
            engine.submit(noise(2, self.size, seed)).result(LIMIT)
        assert np.array_equal(first.logits_NK, before)

    def test_any_thread_may_submit(self, engine):
        batches = [noise(2, self.size, seed) for seed in range(16)]
        expected = [engine.submit(batch).result(LIMIT).logits_NK for batch in batches]
        with ThreadPoolExecutor(8) as threads:
            found = threads.map(lambda batch: engine.submit(batch).result(LIMIT).logits_NK, batches * 2)
            for logits_NK, same in zip(found, expected * 2, strict=True):
                assert np.array_equal(logits_NK, same)

    def test_a_failure_is_an_engine_error_and_does_not_touch_the_next_batch(self, engine):
        good = [engine.submit(noise(1, self.size, seed)) for seed in range(3)]
        failing = [engine.submit(self.bad()) for _ in range(3)]
        for future in failing:
            with pytest.raises(EngineError):
                future.result(LIMIT)
        for future in good:
            future.result(LIMIT)
        for _ in range(engine.capacity + 1):
            assert self.works(engine)

    def test_cancelling_a_future_cancels_nothing_but_itself(self, engine):
        futures = [engine.submit(noise(4, self.size, seed)) for seed in range(12)]
        for future in futures[1::2]:
            future.cancel()
        for future in futures[::2]:
            future.result(LIMIT)
        assert self.works(engine)

    def test_a_timeout_in_asyncio_cancels_nothing_but_itself(self, engine):
        async def impatient():
            for _ in range(4):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.wrap_future(engine.submit(noise(8, self.size))), 0)
            return await asyncio.wrap_future(engine.submit(noise(1, self.size)))

        assert len(asyncio.run(asyncio.wait_for(impatient(), LIMIT)).logits_NK) == 1

    def test_close_waits_and_a_closed_engine_says_so_at_once(self, open_engine):
        engine = open_engine()
        futures = [engine.submit(noise(4, self.size)) for _ in range(6)]
        engine.close()
        assert all(future.done() for future in futures)
        assert all(future.exception() is None for future in futures)
        with pytest.raises(EngineError, match="closed"):
            engine.submit(noise(1, self.size)).result(LIMIT)
        engine.close()

    def test_a_forked_child_is_told_at_once(self, engine):
        assert self.works(engine)
        child = os.fork()
        if child == 0:
            error = engine.submit(noise(1, self.size)).exception(LIMIT)
            os._exit(0 if isinstance(error, EngineError) and "forked" in str(error) else 1)
        deadline = time.monotonic() + LIMIT
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
        if ended == (0, 0):
            os.kill(child, 9)
            os.waitpid(child, 0)
        assert ended == (child, 0)
        assert self.works(engine)

    def test_no_thread_is_left(self, open_engine):
        before = set(threading.enumerate())
        engine = open_engine()
        assert self.works(engine)
        engine.close()
        assert set(threading.enumerate()) <= before
