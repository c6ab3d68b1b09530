"""A slow generator's rows come while it lets wait; a fast one's come in batches."""

import sqlite3
import threading
from contextlib import closing
from itertools import islice
from queue import Empty

import pytest
from PIL import Image

from eyeful.errors import UsageError
from eyeful.pipeline.live import LONGEST_WAIT, in_time
from helpers import FakeEngine, fake_classifier

RED = Image.new("RGB", (9, 9), "red")


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_a_row_comes_before_the_next_image(batch_size):
    """The generator gives its next image only when the row of the last has come."""
    row_came = threading.Event()

    def camera():
        for number in range(5):
            yield RED
            if number >= 2:  # the first three come at once
                assert row_came.wait(10), "the row is held back"
                row_came.clear()

    rows = 0
    for row in fake_classifier(batch_size=batch_size).stream(camera()):
        assert row.label == "red"
        rows += 1
        if rows >= 3:
            row_came.set()
    assert rows == 5


class Trickle:
    """Gives an image each 20 ms, by a clock of its own."""

    now = 0.0

    def clock(self) -> float:
        return self.now

    def get(self, seconds: float) -> str:
        self.now += min(seconds, 0.02)
        if seconds < 0.02:
            raise Empty
        return "image"


@pytest.mark.parametrize(("batch_size", "together"), [(1, 100), (2, 100), (3, 5), (4, 3), (1000, 3)])
def test_images_that_trickle_wait_no_longer_than_that(batch_size, together):
    """None of them lets wait for 50 ms, but together they do; a full batch waits for nobody."""
    trickle = Trickle()
    following = islice(in_time(trickle.get, batch_size, trickle.clock), 99)
    assert 1 + len(list(following)) == together
    if together == 3:
        assert trickle.now == pytest.approx(LONGEST_WAIT)


def test_a_fast_generator_fills_batches():
    engine = FakeEngine()
    rows = list(fake_classifier(engine, batch_size=16).stream(RED for _ in range(160)))
    assert len(rows) == 160
    assert max(engine.batches) == 16
    assert len(engine.batches) < 40


def test_a_generator_that_fails_or_gives_what_is_no_image():
    def broken(value):
        yield RED
        if isinstance(value, Exception):
            raise value
        yield value

    for value, error in ((OSError("unplugged"), OSError), (7, UsageError)):
        rows = []
        with pytest.raises(error):
            rows.extend(fake_classifier().stream(broken(value)))
        stream = fake_classifier().stream(broken(value))
        assert next(stream).label == "red"
        with pytest.raises(error):
            next(stream)


def test_a_cursor_of_another_thread_says_so_and_a_list_of_it_is_the_way_out(tmp_path):
    RED.save(tmp_path / "red.png")
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table images (path text)")
        database.execute("insert into images values (?)", (str(tmp_path / "red.png"),))

        def paths():
            yield RED
            for (path,) in database.execute("select path from images"):
                yield path

        stream = fake_classifier().stream(paths())
        assert next(stream).label == "red", "what came before has its row"
        with pytest.raises(sqlite3.ProgrammingError, match="thread"):
            next(stream)
        assert [row.label for row in fake_classifier().stream(list(paths()))] == ["red", "red"]
        assert [row.label for row in fake_classifier().predict(paths())] == ["red", "red"]


def test_who_stops_early_waits_for_nobody():
    closed, gate = threading.Event(), threading.Event()

    def camera():
        try:
            yield RED
            yield RED
            gate.wait(60)
            yield RED
        finally:
            closed.set()

    stream = fake_classifier().stream(camera())
    assert next(stream).ok
    stream.close()
    assert not closed.is_set(), "the generator still waits"
    gate.set()
    assert closed.wait(10), "the generator is closed when it comes back"
