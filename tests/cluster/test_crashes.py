"""Images that crash the decoder, on two hosts: each is an error row, and no other image is lost with it."""

import random
import shutil
import textwrap

import pytest
from cluster_run import ClusterRun, predict, rows_of
from hosts import is_actor
from PIL import Image

pytestmark = pytest.mark.slow
CRASH = """
    import ctypes, os
    from PIL import PngImagePlugin
    load = PngImagePlugin.PngImageFile.load
    def bad(self):
        if self.size == (51, 50):
            with open(os.environ["DEATHS"], "a") as file:
                file.write(open("/proc/self/cmdline").read().replace("\\0", " ").strip() + "\\n")
            ctypes.string_at(0)  # a signal that is sent may meet another thread, and this one goes on
        return load(self)
    PngImagePlugin.PngImageFile.load = bad
"""


@pytest.fixture
def crashing(tmp_path) -> dict[str, str]:
    """An environment whose PNG decoder crashes on images of 51x50 pixels, and notes which process did."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(textwrap.dedent(CRASH))
    return {"PYTHONPATH": str(tmp_path / "site"), "DEATHS": str(tmp_path / "deaths")}


@pytest.mark.parametrize("seed", [16, 17])
def test_three_images_that_crash_the_decoder(seed, bare_hosts, crashing, many, tiny, tmp_path):
    images = tmp_path / "images"
    shutil.copytree(many, images)
    chance = random.Random(seed)  # noqa: S311 - repeatable
    bad = sorted(chance.sample(sorted(images.iterdir()), 3))
    for path in bad:
        path.unlink()
        Image.new("RGB", (51, 50)).save(path.with_suffix(".png"))
    plain = predict(images, tiny, tmp_path / "rows.parquet", **crashing)
    assert plain.returncode == 1, plain.stderr
    (tmp_path / "deaths").unlink()
    with bare_hosts() as hosts:
        for host, head in ((hosts.a, None), (hosts.b, hosts.a)):
            host.start_ray(head, env=crashing)
        with ClusterRun(hosts, images, tiny, tmp_path / "out", **crashing) as run:
            run.start()
            code, said = run.finish(200)
    assert code == 1, said
    rows = rows_of(tmp_path / "out")
    assert [row["filename"] for row in rows if row["error_kind"]] == [
        str(path.with_suffix(".png")) for path in bad
    ]
    assert rows == rows_of(tmp_path / "rows.parquet")
    deaths = (tmp_path / "deaths").read_text().splitlines()
    assert 1 <= sum(map(is_actor, deaths)) <= 3
