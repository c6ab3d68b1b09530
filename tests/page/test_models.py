"""Which models the page offers, and when it lets go of one."""

import threading

import pytest

from eyeful.errors import ModelError, UsageError
from eyeful.page.models import MOST_LOADED, Models
from helpers import FakeEngine, fake_classifier


class Engine(FakeEngine):
    closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def engines():
    return {}


@pytest.fixture
def models(engines, monkeypatch):
    """Two that were given, five that are here."""

    class Entry:
        def __init__(self, name):
            self.name = name

    monkeypatch.setattr("eyeful.page.models.list_models", lambda local: [Entry(name) for name in "abcde"])

    def load(name):
        if name == "e":
            raise ModelError("it is broken")
        assert name not in engines or engines[name].closed  # never twice at once
        engines[name] = Engine()
        return fake_classifier(engines[name])

    return Models({"mine": fake_classifier(Engine()), "a": fake_classifier(Engine())}, load)


def test_names_are_those_given_first(models):
    assert models.names == ["mine", "a", "b", "c", "d", "e"]
    assert models.default == "mine"
    assert Models({"mine": fake_classifier()}, None).names == ["mine"]


def test_the_longest_unused_is_closed_and_what_was_given_stays(models, engines, monkeypatch):
    monkeypatch.setattr("eyeful.page.models.MOST_LOADED", 2)
    for name in ("mine", "a", "b", "c", "b", "d"):
        with models.use(name) as classifier:
            assert not classifier.predictor.engine.closed
    assert {name: engine.closed for name, engine in engines.items()} == {"b": False, "c": True, "d": False}
    with models.use("c"):
        pass
    models.close()
    assert all(engine.closed for engine in engines.values())
    with models.use("mine") as classifier:
        assert not classifier.predictor.engine.closed


def test_a_model_in_use_is_never_closed(models, engines, monkeypatch):
    monkeypatch.setattr("eyeful.page.models.MOST_LOADED", 1)
    with models.use("b"):
        with models.use("c"):
            pass
        assert not engines["b"].closed
        assert engines["c"].closed
    assert not engines["b"].closed


def test_one_visitor_at_a_time(models):
    inside, most = 0, 0
    lock = threading.Lock()

    def visit():
        nonlocal inside, most
        with models.use("b"):
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_broken_model_says_so_each_time(models):
    for _ in range(2):
        with pytest.raises(ModelError, match="broken"), models.use("e"):
            pass


def test_a_made_up_name_is_refused(models):
    """Another model's answer would bear its name."""
    with pytest.raises(UsageError, match="this page has no model 'nope'"), models.use("nope"):
        pass


def test_a_comparison_fits():
    assert MOST_LOADED == 3
