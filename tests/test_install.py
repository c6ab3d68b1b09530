"""What pip installs, each in an environment of its own: the core, and what each extra adds to it.

An extra is installed by the very command that eyeful prints where it is missing.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image

from buckets import s3
from documents import ROOT
from eyeful.models import ModelRequest
from eyeful.prepare import export
from helpers import noise_image

sys.path.append(str(ROOT / "bench"))

from install import EXTRAS, Environment, built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # botocore's, aiohttp's
]
HEAVY = {"torch", "torchvision", "timm", "matplotlib", "onnxruntime", "scikit-learn", "nncf"}
ACTIONS = {
    "models": ("predict 00.png", ["models"]),
    "lite": ("predict 00.png --model efficientnet_lite1", ["models", "lite"]),
    "figures": ("predict 00.png --model bundle --figures figures", ["figures"]),
    "samples": ("samples samples", ["samples"]),
    "onnx": ("predict 00.png --model onnx", ["onnx"]),
    "int8": ("predict many --model bundle --precision int8 -o int8.jsonl", ["int8"]),
    "parquet": ("predict 00.png --model bundle -o rows.parquet", ["parquet"]),
    "heif": ("predict a.heic --model bundle", ["heif"]),
    "video": ("predict a.mp4 --model bundle", ["video"]),
    "cloud": ("predict s3://images/00.png --model bundle", ["cloud"]),
    "cluster": ("predict 00.png 01.jpg --model bundle --cluster local -o parts/", ["cluster"]),
    "serve": ("serve --port 0 --model m=bundle", ["serve"]),
    "explain": ("explain 00.png -o explained.png", ["explain"]),
    "page": ("page --port 0 --no-open --model bundle", ["page"]),
    "teach": ("teach labelled --model bundle -o taught", ["teach"]),
}
"""The smallest action of each extra, and what has to be installed for it one after the other."""


def test_every_extra_has_an_action():
    assert {*ACTIONS, "core", "all"} == set(EXTRAS)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return built(tmp_path_factory.mktemp("wheel"))


def with_core(folder, package):
    environment = Environment(folder)
    try:
        environment.install(package)
    except subprocess.CalledProcessError as failed:
        if "No matching distribution found" in failed.stderr:
            pytest.skip("no package index can be reached")
        raise AssertionError(failed.stderr) from failed
    return environment


@pytest.fixture(scope="module")
def place(tmp_path_factory, images, bundle):
    """A folder with what the actions name."""
    import av
    import pillow_heif

    folder = tmp_path_factory.mktemp("place")
    for name in ("00.png", "01.jpg"):
        (folder / name).symlink_to(images / name)
    (folder / "bundle").symlink_to(bundle)
    export(ModelRequest("efficientnet_lite0"), folder / "onnx", "onnxruntime")
    for name in ("labelled/red", "labelled/green", "many"):
        (folder / name).mkdir(parents=True)
    for seed in range(5):
        Image.new("RGB", (64, 48), (250 - seed, 0, 0)).save(folder / "labelled" / "red" / f"{seed}.png")
        Image.new("RGB", (64, 48), (0, 250 - seed, 0)).save(folder / "labelled" / "green" / f"{seed}.png")
    for seed in range(60):
        noise_image(seed, 64, 48).save(folder / "many" / f"{seed}.png")
    pillow_heif.from_pillow(noise_image(1)).save(folder / "a.heic")
    with av.open(folder / "a.mp4", "w") as video:
        stream = video.add_stream("libx264", rate=2)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        video.mux([*stream.encode(frame), *stream.encode(None)])
    return folder


@pytest.fixture(scope="module")
def bucket(place):
    import s3fs

    with s3("images") as server:
        s3fs.S3FileSystem().put(str(place / "00.png"), "images/00.png")
        yield server.environment


def eyeful(environment, command, place, variables):
    run = [environment.scripts / "eyeful", *command.split()]
    return subprocess.run(run, cwd=place, env=variables, capture_output=True, text=True, timeout=600)


def answers(environment, command, place, variables):
    """Whether a server starts, answers, and ends when it is asked to."""
    run = [environment.scripts / "eyeful", *command.split()]
    with subprocess.Popen(run, cwd=place, env=variables, stderr=subprocess.PIPE, text=True) as process:
        address = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+:\d+", line)))
        path = "/v2/health/ready" if command.startswith("serve") else "/"
        with urllib.request.urlopen(address + path, timeout=60) as reply:  # noqa: S310 - of 127.0.0.1
            assert reply.status == 200
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    return process.returncode == 0


def remedy(extra):
    return f'pip install "eyeful[{extra}]"'


@pytest.mark.parametrize("extra", ACTIONS)
def test_an_extra_is_missing_then_installed_by_the_line_that_says_so(extra, wheel, place, bucket, tmp_path):
    environment = with_core(tmp_path / "environment", wheel)
    variables = {
        **{name: value for name, value in bucket.items() if name != "PYTHONPATH"},
        "PATH": f"{environment.scripts}{os.pathsep}{os.environ['PATH']}",
        "EYEFUL_HOME": str(tmp_path / "home"),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
    }
    command, missing = ACTIONS[extra]
    for one in missing:
        done = eyeful(environment, command, place, variables)
        assert done.returncode in (1, 2)
        said = done.stdout.replace('\\"', '"') + done.stderr
        assert remedy(one) in said
        assert "Traceback" not in said
        subprocess.run(remedy(one), shell=True, check=True, capture_output=True, env=variables)  # noqa: S602
    if command.startswith(("serve", "page")):
        assert answers(environment, command, place, variables)
    else:
        done = eyeful(environment, command, place, variables)
        assert done.returncode == 0, done.stdout + done.stderr
    done = eyeful(environment, "doctor", place, variables)
    assert done.returncode == 0, done.stdout
    assert remedy(missing[-1]) not in done.stdout


@pytest.mark.parametrize("package", ["wheel", "sdist", "checkout"])
def test_the_core_alone_runs_a_bundle(package, wheel, tmp_path, images, bundle, lite0, taught):
    made = {"wheel": wheel, "checkout": ROOT}
    environment = with_core(tmp_path / "core", made.get(package) or built(tmp_path, "sdist"))
    installed = environment.packages()
    assert "openvino" in installed
    assert not set(installed) & HEAVY
    variables = {"PATH": os.environ["PATH"], "EYEFUL_HOME": str(tmp_path / "home")}
    done = eyeful(environment, "--version", tmp_path, variables)
    assert done.stdout == f"eyeful {installed['eyeful']}\n"
    image = images / "01.jpg"
    done = eyeful(environment, f"predict {image} --model {bundle}", tmp_path, variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == lite0.predict(image).label
    done = eyeful(environment, f"predict {image} --model {taught}", tmp_path, variables)
    assert json.loads(done.stdout)["label"] == "green", "a model that was taught, without scikit-learn"
    assert eyeful(environment, "doctor", tmp_path, variables).returncode == 0


def test_all_misses_nothing(wheel, place, tmp_path):
    environment = Environment(tmp_path / "all")
    environment.install(wheel, "all")
    variables = {"PATH": os.environ["PATH"], "EYEFUL_HOME": str(tmp_path / "home")}
    done = eyeful(environment, "doctor", place, variables)
    assert done.returncode == 0, done.stdout
    assert "not installed" not in done.stdout
