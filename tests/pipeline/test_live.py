"""A slow generator's rows come while it lets wait; a fast one's come in batches."""

import sqlite3
import threading
import time
from contextlib import closing

import pytest
from PIL import Image

from eyeful.errors import UsageError
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


def test_images_that_trickle_wait_no_longer_than_that():
    """None of them lets wait for 50 ms, but together they do."""
    come, delays = [], []

    def camera():
        for _ in range(20):
            time.sleep(0.02)
            come.append(time.monotonic())
            yield RED

    for row in fake_classifier(batch_size=1000).stream(camera()):
        assert row.ok
        delays.append(time.monotonic() - come[len(delays)])
    assert len(delays) == 20
    assert min(delays[:10]) < 0.2, "else all of them have come when the first row does, after 0.4 s"


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
            gate.wait(10)
            yield RED
        finally:
            closed.set()

    stream = fake_classifier().stream(camera())
    assert next(stream).ok
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 5
    gate.set()
    assert closed.wait(10), "the generator is closed when it comes back"
