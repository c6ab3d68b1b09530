"""JSON, base64 and tensors: in a thread when they are long, and in pieces that change nothing."""

import asyncio
import base64
import json
import threading

import numpy as np
import pytest

from eyeful.server import parsing
from eyeful.server.errors import BadRequestError
from eyeful.server.parsing import decoded, json_of
from eyeful.server.pixels import _numbers
from eyeful.server.service import InferenceService
from eyeful.server.settings import ServerSettings
from helpers import fake_classifier


def test_a_long_body_is_parsed_in_a_thread_and_a_short_one_at_once():
    """REVIEW 17."""

    async def scene():
        service = InferenceService({"m": fake_classifier()}, ServerSettings())
        here = threading.get_ident()
        assert await service.parse(b"x" * 100, lambda _: threading.get_ident()) == here
        assert await service.parse(b"x" * 100_000, lambda _: threading.get_ident()) != here
        await service.close()

    asyncio.run(scene())


@pytest.mark.parametrize("size", [0, 1, 2, 3, 29, 30, 31, 1000])
@pytest.mark.parametrize("write", [base64.b64encode, base64.encodebytes])
def test_base64_in_pieces_is_what_it_is_in_one(monkeypatch, size, write):
    monkeypatch.setattr(parsing, "_PIECE", 10)
    content = np.random.default_rng(size).bytes(size)
    text = write(content).decode()
    assert decoded(text, "x") == content
    assert decoded(text.replace("\n", "\r\n"), "x") == content
    assert decoded(f"data:image/png;base64,{text}", "x") == content


@pytest.mark.parametrize("text", ["A", "AAAAA", "AA==AAAA", "AAAAAAAAAAA=AAAA", "AAA*", "A A=", "=", "é", 3])
def test_what_is_not_base64_is_refused_wherever_it_is_cut(monkeypatch, text):
    for piece in (4, 8, 10, 1000):
        monkeypatch.setattr(parsing, "_PIECE", piece)
        with pytest.raises(BadRequestError):
            decoded(text, "x")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b'"\\ud800"'])
def test_what_is_not_json_is_refused(body):
    with pytest.raises(BadRequestError, match="not JSON"):
        json_of(body)


@pytest.mark.parametrize("shape", [(3,), (1000,), (1, 700, 3), (300, 5, 3), (2, 400, 3)])
def test_numbers_in_pieces_are_what_they_are_in_one(shape):
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    assert (_numbers(json.loads(json.dumps(values.tolist())), np.float32) == values.ravel()).all()


def test_numbers_of_unlike_shapes_are_refused():
    with pytest.raises(ValueError):
        _numbers([[0.5] * 3] * 600 + [[0.5] * 4] * 600, np.float32)
