"""The report of an evaluation: what it says, that nothing in it does harm, and how large it becomes."""

import html
import io
import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from evaluating import bare, whole
from eyeful.errors import OutputError
from eyeful.evaluation.report import render, write_report
from eyeful.evaluation.thumbnails import shown_filenames, thumbnails
from eyeful.types import Item, Labels
from judging import labels_of

HOSTILE = (
    "<script>alert(1)</script>",
    'a" onload="x',
    "a\nb",
    "\u202egnp.exe",
    "{{7*7}}",
    os.fsdecode(b"bad\xff"),
)


def text_of(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", page)
    return " ".join(html.unescape(body).split()).replace(" ,", ",")


def shares(evaluation) -> str:
    top1 = evaluation["top1"]
    share, low, high = (f"{100 * top1[key]:.1f}%".replace("100.0", "100") for key in ("share", "low", "high"))
    return f"{share} right {top1['right']} of {top1['of']}, between {low} and {high}"


def test_it_says_what_the_evaluation_holds():
    evaluation = whole()
    text = text_of(render(evaluation, {}))
    assert shares(evaluation) in text
    assert f"among its first 5 answers {100 * evaluation['topk']['share']:.1f}%" in text
    assert "The right labels are from the names of the folders." in text
    assert "4 images lie under names that are none of this model's labels." in text
    assert "dgo : 3 images, nearest label: dog" in text
    assert "1 image could not be classified: 1 damaged or cut off." in text
    assert f"Expected calibration error {evaluation['ece']:.4f}" in text
    assert f"negative log-likelihood {evaluation['nll']:.4f}" in text
    worst = evaluation["classes"][0]
    assert f"{worst['label']} {worst['images']} " in text
    pair = evaluation["confusions"][0]
    assert f"{pair['label']} taken for {pair['answer']} · {pair['images']} images" in text
    groups = evaluation["groups"]
    assert (
        f"answers {100 * groups['answered'] / 400:.1f}%, {100 * groups['right'] / groups['answered']:.1f}%" in text
    )
    assert f"only other {evaluation['against']['only_other']}" in text
    assert "60 images with none of its labels: every answer to them is wrong." in text
    assert f"AUROC {evaluation['outsiders']['auroc']:.2f}" in text
    assert 'input {"size": [224, 224]}' in text
    assert "It classified 32 images a second." in text


def test_what_was_not_asked_for_is_not_there():
    page = render(bare(), {})
    assert shares(bare()) in text_of(page)
    for part in ("left-out", "groups", "against", "outsiders", "distance", "suspicious"):
        assert f'id="{part}"' not in page
    assert "images a second" not in page


def test_without_a_scored_image_there_is_no_share():
    text = text_of(render(bare(0), {}))
    assert "Nothing to score None of 0 images has both an answer and a right label" in text
    assert "%" not in text


def test_what_plain_rows_do_not_tell_is_said():
    evaluation = {**bare(40, 5), "nll": None, "brier": None}
    assert "the others are not known" in text_of(render(evaluation, {}))


def test_all_right_confuses_nothing():
    page = render({**bare(40, 5), "confusions": [], "suspicious": []}, {})
    assert 'id="confusions"' not in page
    assert 'id="classes"' in page


def test_it_is_self_contained_and_escaped(tmp_path):
    names = [f"{HOSTILE[n % len(HOSTILE)]} {n}.jpg" for n in range(400)]
    labels = Labels(tuple(f"{name} {n}" for n, name in enumerate(HOSTILE * 3)), (None,) * 18)
    evaluation = whole(
        labels,
        names,
        model=HOSTILE[0],
        truth=HOSTILE[1],
        provenance={HOSTILE[0]: HOSTILE[1], "more": {"x": HOSTILE[0]}},
        against=(HOSTILE[0], []),
        unmatched=[],
    )
    evaluation |= {"unmatched": [{"name": name, "images": 1, "nearest": name} for name in HOSTILE]}
    write_report(evaluation, tmp_path / "deep" / "report.html", [image_item(name) for name in names])
    page = (tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert 'a" onload' not in page
    assert "\u202e" not in page
    assert "{{7*7}}" in page
    assert "bad\\xff" in page
    assert page.count("data:image/jpeg") == page.count('class="thumb"')
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r"\b(src|href)=\"(?!data:|#)", page)
    assert "default-src 'none'" in page
    json.dumps(evaluation)


def image_item(name: str, opened: list[str] | None = None, side: int = 40) -> Item:
    def read() -> bytes:
        if opened is not None:
            opened.append(name)
        file = io.BytesIO()
        noise = np.random.default_rng(len(name)).integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file, "PNG")
        return file.getvalue()

    return Item(name, read)


def test_only_what_is_shown_is_opened_and_no_further_than_needed():
    evaluation = whole()
    shown = shown_filenames(evaluation)
    assert 0 < len(shown) <= 120
    opened, listed = [], []

    def items():
        for number in range(400):
            listed.append(number)
            yield image_item(f"{number}.jpg", opened)
        pytest.fail("the listing goes on after the last image that is shown")

    found = thumbnails(items(), shown)
    assert sorted(opened) == sorted(found) == sorted(shown)
    assert max(listed) == max(int(name.removesuffix(".jpg")) for name in shown)
    assert thumbnails(items(), set()) == {}


def test_thumbnails_are_small_jpegs():
    found = thumbnails([image_item("large", side=1000)], {"large"})
    image = Image.open(io.BytesIO(found["large"]))
    assert (image.format, image.size) == ("JPEG", (240, 240))


def test_what_cannot_be_opened_any_more_has_a_placeholder(tmp_path):
    evaluation = whole()
    items = [Item(name, tmp_path / "gone.jpg") for name in shown_filenames(evaluation)]
    write_report(evaluation, tmp_path / "report.html", items)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    buttons = page.count('class="thumb"')
    assert buttons
    assert page.count("<span>no image</span>") == buttons
    assert "data:image" not in page


@pytest.mark.slow
def test_the_largest_page(tmp_path):
    """1,200 labels and images of noise, which no codec makes small."""
    labels = labels_of(1200)
    evaluation = dict(whole(labels, [f"{n}.jpg" for n in range(1000)]))
    (one,) = bare(5, 1)["classes"]
    evaluation["classes"] = [{**one, "label": f"label {n}"} for n in range(1200)]
    evaluation["unmatched"] = [{"name": f"folder {n}", "images": 2, "nearest": None} for n in range(900)]
    write_report(evaluation, tmp_path / "r.html", [image_item(f"{n}.jpg", side=400) for n in range(1000)])
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    text = text_of(page)
    assert "These are the worst 1,000 of 1,200." in text
    assert "and 860 more names" in text
    assert page.count("data:image/jpeg") <= 120
    assert len(page) < 8_000_000


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_report(bare(), tmp_path / "file" / "report.html")


def test_it_reads_what_json_holds():
    evaluation = whole()
    assert render(json.loads(json.dumps(evaluation)), {}) == render(evaluation, {})
