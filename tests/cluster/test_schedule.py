"""Which worker makes which shard, and makes it again: without Ray, by a clock of the test's own."""

import random

import pytest

from eyeful.cluster.schedule import MAX_ASSIGNED, Schedule, Task
from eyeful.errors import ClusterError
from eyeful.shards import Shard
from eyeful.sources import Search
from eyeful.types import Item


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def tasks(count):
    return (Task(Shard(number, (Item(f"{number}.png", b""),), Search())) for number in range(count))


def numbers(schedule, worker):
    found = []
    while (task := schedule.next_for(worker)) is not None:
        found.append(task)
    return found


def test_each_worker_has_the_next_two():
    schedule = Schedule(tasks(5))
    first, second = numbers(schedule, "a"), numbers(schedule, "b")
    assert [task.shard.number for task in first] == [0, 1]
    assert [task.shard.number for task in second] == [2, 3]
    assert schedule.next_for("a") is None
    assert schedule.mark_made(first[1], "a")
    assert schedule.next_for("a").shard.number == 4
    assert not schedule.is_finished


def test_shards_are_taken_from_the_source_as_they_are_handed_out():
    taken = []
    schedule = Schedule(taken.append(task.shard.number) or task for task in tasks(100))
    numbers(schedule, "a")
    assert taken == [0, 1]


def test_an_idle_worker_repeats_the_oldest_shard_of_another_after_a_while():
    clock = Clock()
    schedule = Schedule(tasks(3), clock)
    slow = numbers(schedule, "slow")
    (own,) = numbers(schedule, "idle")
    assert schedule.mark_made(own, "idle")
    assert schedule.next_for("idle") is None, "it may be ready in a moment"
    clock.now = 2.5
    again = schedule.next_for("idle")
    assert again is slow[0]
    assert schedule.next_for("third") is slow[1], "two make one shard, never three"
    assert schedule.next_for("fourth") is None
    assert schedule.mark_made(again, "idle")
    assert not schedule.mark_made(again, "slow"), "counted once"
    assert schedule.mark_made(slow[1], "third")
    assert schedule.is_finished


def test_a_worker_that_does_not_reply_gets_no_more():
    clock = Clock()
    schedule = Schedule(tasks(9), clock)
    cut_off = numbers(schedule, "cut off")
    for _ in range(9):
        clock.now += 3
        for task in numbers(schedule, "idle"):
            schedule.mark_made(task, "idle")
    assert schedule.is_finished
    assert schedule.next_for("cut off") is None
    assert [task.shard.number for task in cut_off] == [0, 1]


def test_a_failed_shard_comes_first_and_the_fourth_failure_ends_the_run():
    schedule = Schedule(tasks(4))
    bad, other = numbers(schedule, "w0")
    for attempt in range(1, 4):
        schedule.mark_death(bad, f"w{attempt - 1}", "killed")
        assert bad.deaths == attempt
        assert schedule.next_for(f"w{attempt}") is bad
    with pytest.raises(ClusterError, match=r"0\.png .* failed 4 times, lastly: killed"):
        schedule.mark_death(bad, "w3", "killed")
    assert other.deaths == 0


def test_a_shard_that_another_made_meanwhile_has_not_failed():
    clock = Clock()
    schedule = Schedule(tasks(1), clock)
    (task,) = numbers(schedule, "cut off")
    clock.now = 3
    assert schedule.next_for("idle") is task
    assert schedule.mark_made(task, "idle")
    schedule.mark_death(task, "cut off", "its node died")
    assert schedule.is_finished
    assert numbers(schedule, "idle") == []


@pytest.mark.parametrize("seed", range(20))
def test_whatever_dies_every_shard_is_made_and_counted_once(seed):
    chance, clock = random.Random(seed), Clock()  # noqa: S311
    schedule = Schedule(tasks(60), clock)
    workers, in_hand, made, born = {"w0", "w1", "w2"}, [], [], 3
    while not schedule.is_finished:
        clock.now += 0.5
        for worker in sorted(workers):
            in_hand += [(worker, task) for task in numbers(schedule, worker)]
        assert all(sum(w == worker for w, _ in in_hand) <= MAX_ASSIGNED for worker in workers)
        if not in_hand:
            continue
        worker, task = in_hand.pop(chance.randrange(len(in_hand)))
        if chance.random() < 0.05 and task.deaths < 2:
            for lost in [task, *(t for w, t in in_hand if w == worker)]:
                schedule.mark_death(lost, worker, "killed")
            in_hand = [(w, t) for w, t in in_hand if w != worker]
            workers = (workers - {worker}) | {f"w{born}"}
            born += 1
        elif schedule.mark_made(task, worker):
            made.append(task.shard.number)
    assert sorted(made) == list(range(60))


def test_a_part_that_cannot_be_written_waits_and_goes_to_another_first():
    clock = Clock()
    schedule = Schedule(tasks(1), clock)
    (task,) = numbers(schedule, "bad disk")
    schedule.mark_failed_write(task, "bad disk", "no space")
    assert task.deaths == 0, "its images are not to blame"
    assert schedule.next_for("other") is None
    clock.now = 1.0
    assert schedule.next_for("bad disk") is None
    assert schedule.next_for("other") is task
    schedule.mark_failed_write(task, "other", "no answer")
    clock.now = 13.1
    assert schedule.next_for("bad disk") is task, "where there is nobody else"
    schedule.mark_failed_write(task, "bad disk", "no space")
    clock.now = 60
    assert schedule.next_for("other") is task
    with pytest.raises(ClusterError, match="failed 4 times, lastly: no answer"):
        schedule.mark_failed_write(task, "other", "no answer")
