"""One budget of memory: first come, first served, without a ring of threads that wait for each other."""

import threading
from contextlib import ExitStack

import pytest

from eyeful.images import MemoryBudget


class Worker:
    """A thread that holds a share until it is told to let go."""

    def __init__(self, hold, size: int, order: list[str] | None = None, name: str = ""):
        self.holds, self._leave = threading.Event(), threading.Event()

        def work():
            with hold(size):
                if order is not None:
                    order.append(name)
                self.holds.set()
                assert self._leave.wait(10)

        self.thread = threading.Thread(target=work)
        self.thread.start()

    def end(self) -> None:
        self._leave.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


def until_waiting(budget: MemoryBudget, worker: Worker) -> None:
    while not budget.is_waiting(worker.thread.ident):
        assert worker.thread.is_alive()


@pytest.mark.parametrize("part", ["hold_encoded", "hold_decoding"])
def test_small_requests_do_not_overtake_a_large_one(part):
    budget = MemoryBudget(400)
    hold = getattr(budget, part)
    most = 100 if part == "hold_encoded" else 300
    order: list[str] = []
    first = Worker(hold, most // 2)
    assert first.holds.wait(5)
    large = Worker(hold, most, order, "large")
    until_waiting(budget, large)
    small = Worker(hold, 1, order, "small")  # it would fit
    until_waiting(budget, small)
    first.end()
    assert large.holds.wait(5)
    assert not small.holds.is_set()
    large.end()
    assert small.holds.wait(5)
    small.end()
    assert order == ["large", "small"]
    assert not budget.is_waiting(small.thread.ident)


def test_more_than_there_is_is_let_in_alone():
    budget = MemoryBudget(100)
    first = Worker(budget.hold_decoding, 1000)
    assert first.holds.wait(5)
    second = Worker(budget.hold_decoding, 1)
    until_waiting(budget, second)
    first.end()
    assert second.holds.wait(5)
    second.end()


def test_whoever_holds_encoded_bytes_waits_for_decoding_only():
    """Eight images whose encoded bytes fill their part, and whose decoding each fills the other one."""
    budget = MemoryBudget(400)
    done = []

    def work():
        with budget.hold_encoded(50), budget.hold_decoding(300):
            done.append(threading.get_ident())

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(done) == 8


def test_an_image_opened_while_the_same_thread_has_one_open_does_not_wait_for_itself():
    budget = MemoryBudget(100)
    ended = threading.Event()

    def work():
        with ExitStack() as stack:
            stack.enter_context(budget.hold_decoding(75))
            stack.enter_context(budget.hold_encoded(25))
            stack.enter_context(budget.hold_decoding(75))
        ended.set()

    threading.Thread(target=work, daemon=True).start()
    assert ended.wait(10)
    other = Worker(budget.hold_decoding, 75)
    assert other.holds.wait(5), "everything was given back"
    other.end()


def test_a_request_that_is_broken_off_leaves_the_queue():
    budget = MemoryBudget(100)
    with pytest.raises(KeyError), budget.hold_decoding(75):
        raise KeyError
    with budget.hold_decoding(75):
        pass
