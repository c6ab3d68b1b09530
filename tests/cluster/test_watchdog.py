"""A worker that hangs ends; one that is slow, or has nothing to do, does not."""

import threading
import time

from eyeful.cluster.watchdog import Watchdog


def test_silence_ends_it_and_rows_do_not():
    ended = threading.Event()
    watchdog = Watchdog(0.4, ended.set)
    watchdog.start()
    assert not ended.wait(0.8), "nothing is awaited"
    with watchdog.watching() as on_rows:
        for _ in range(8):
            time.sleep(0.1)
            on_rows(1)
        assert not ended.is_set()
        assert ended.wait(2)
