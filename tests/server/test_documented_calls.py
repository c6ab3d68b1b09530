"""Every curl line of the documents, as it stands there, with photographs of more than a megabyte."""

import json
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from documents import PAGES, ROOT, RUN_BY, blocks, commands
from eyeful.sources.samples import write_samples
from test_documents import nearly

CALLS = [
    command
    for page, run in RUN_BY.items()
    if run.get("sh") in ("tests/server/test_documented_calls.py", "tests/test_teach_doc.py")
    for _, content in blocks(ROOT / page, "sh")
    for command in commands(content)
]
ANSWERS = re.findall(
    r"^```sh\n([^`]*?curl[^`]*?)^```\n\n```json\n(.*?)^```",
    (ROOT / "docs" / "serving.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the samples, and photographs as a camera makes them: a sample enlarged, with noise."""
    folder = tmp_path_factory.mktemp("calls")
    write_samples(folder / "samples")
    cat = Image.open(folder / "samples" / "cat.png").convert("RGB").resize((1804, 1200))
    pixels = np.asarray(cat) + np.random.default_rng(0).normal(0, 14, (1200, 1804, 3))
    for name in ("cat.jpg", "dog.jpg"):
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name, quality=92)
        assert (folder / name).stat().st_size > 1_000_000
    return folder


@pytest.fixture(scope="module")
def served(start, bundle):
    return start("--model", f"efficientnet_lite0={bundle}", "--precision", "fp32")


def run(command, served, place):
    script = f"set -o pipefail; {command.replace('localhost:8000', f'127.0.0.1:{served.port}')}"
    script = re.sub(r"\bcurl ", "curl --silent --show-error --fail-with-body ", script)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, (command, done.stdout[:500], done.stderr[:500])
    return json.loads(done.stdout)


def test_none_is_missed():
    others = [page for page in PAGES if page.parent.name != "tutorials"]  # which start a server of their own
    lines = [line for page in others for _, content in blocks(page) for line in content.splitlines()]
    assert len(CALLS) >= 10
    assert all(re.search(r"\bcurl ", call) for call in CALLS)
    assert len(ANSWERS) == 5
    assert sum(bool(re.search(r"\bcurl ", line)) for line in lines) == len(CALLS)


@pytest.mark.parametrize("command", CALLS)
def test_a_photograph_can_be_sent(served, place, command):
    answer = run(command, served, place)
    assert "cat" in json.dumps(answer)


@pytest.mark.parametrize(("command", "shown"), ANSWERS)
def test_the_answer_is_what_is_shown(served, place, command, shown):
    answer, shown = run(command, served, place), json.loads(shown)
    if "outputs" in shown:  # texts VALUE:INDEX:LABEL
        for output in (answer["outputs"][0], shown["outputs"][0]):
            output["data"] = [[float(text.split(":")[0]), *text.split(":")[1:]] for text in output["data"]]
    assert answer == nearly(shown)
