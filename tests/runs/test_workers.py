"""The number of decode threads changes no byte of the rows: same machine, same settings, same answers."""

import pytest

from eyeful.runs import open_output, run
from eyeful.sources import open_source


@pytest.fixture(scope="module")
def written(lite0, images, tmp_path_factory):
    """Rows of 48 images of unlike sizes, and so of unlike times to decode, by the number of workers."""
    place = tmp_path_factory.mktemp("rows")
    files = [str(path) for path in sorted(images.iterdir())] * 4

    def rows(workers):
        output = open_output(str(place / f"{workers}.jsonl"))
        assert run(lite0.with_options(workers=workers), open_source(files), output=output).rows == 48
        return (place / f"{workers}.jsonl").read_bytes()

    return {workers: rows(workers) for workers in (1, 2, 8)}


def test_rows_are_equal_to_the_byte(written):
    assert written[1] == written[2] == written[8]


def test_every_image_has_one_answer_wherever_it_stands(written):
    """In whatever batch, beside whatever images."""
    lines = written[8].splitlines()
    assert lines[:12] == lines[12:24] == lines[24:36] == lines[36:]
    assert len(set(lines)) == 12
