"""A report that would replace a folder or an image is refused before anything is loaded."""

import pytest


@pytest.mark.parametrize(
    ("report", "says"),
    [
        ("folder/", "folder is a folder: --report names an .html file"),
        ("folder.html", "folder.html is a folder: --report names an .html file"),
        ("cat.png", "--report names an .html file, not cat.png"),
        ("new", "--report names an .html file, not new"),
    ],
)
def test_a_report_is_an_html_file(command, report, says, tmp_path):
    for folder in ("folder", "folder.html"):
        (tmp_path / folder).mkdir()
    (tmp_path / "cat.png").write_bytes(b"an image")
    before = sorted(tmp_path.iterdir())
    done = command("predict", "x.png", "--report", report, "--overwrite", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"eyeful: error: {says}\n")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "cat.png").read_bytes() == b"an image"


def test_a_report_that_exists_can_be_replaced(command, tmp_path):
    (tmp_path / "r.HTM").touch()
    done = command("predict", "x.png", "--report", "r.HTM", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "eyeful: error: r.HTM exists already: --overwrite replaces it\n",
    )


def test_a_review_page_is_a_report(command, samples, tmp_path):
    done = command("predict", samples, "--review", 3, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--review makes a page of the report: name its file too, --report review.html" in done.stderr
    done = command("predict", samples, "--report", "review.html", "--review", 3, cwd=tmp_path)
    assert done.returncode == 0
    assert "judge in a browser: review.html; then: eyeful evaluate --verdicts verdicts.csv" in done.stderr
    page = (tmp_path / "review.html").read_text()
    assert (page.count("<li>"), page.count("<img ")) == (3, 3), "read again from the folder, without thumbnails"
    command("predict", samples / "cat.png", "--report", "one.html", "--review", 3, cwd=tmp_path)
    assert (tmp_path / "one.html").read_text().count("<img ") == 1


@pytest.mark.parametrize("number", ["0", "1001", "many"])
def test_a_review_page_of_too_few_or_many(command, number):
    assert command("predict", "x.png", "--report", "r.html", "--review", number).returncode == 2
