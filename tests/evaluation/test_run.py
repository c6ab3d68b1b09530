"""An evaluation: made through the ordinary run, resumed, read from rows of every format; errors are not scored."""

import json
import shutil
from dataclasses import replace

import pytest
from PIL import Image

import eyeful
from eyeful.errors import StoppedError, UsageError
from eyeful.evaluation.rows import is_rows, read_rows
from eyeful.runs import SignalHandler, open_output, run
from eyeful.sources import open_source
from helpers import FAKE_LABELS, FakeEngine, fake_classifier

FORMATS = ("rows.jsonl", "rows.csv", "rows.parquet", "parts/")
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


@pytest.fixture
def folder(tmp_path):
    """30 images of three colours in folders called so, one of which is wrong; two broken files; an unknown folder."""
    for number in range(30):
        name = list(COLOURS)[number % 3]
        (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
        colour = COLOURS["blue" if number == 0 else name]
        Image.new("RGB", (9, 9), colour).save(tmp_path / "photos" / name / f"{number:02d}.png")
    (tmp_path / "photos" / "red" / "broken.png").write_text("no image")
    (tmp_path / "photos" / "bleu").mkdir()
    (tmp_path / "photos" / "bleu" / "broken.png").write_text("no image")
    for number in range(2):
        Image.new("RGB", (9, 9), "blue").save(tmp_path / "photos" / "bleu" / f"{number}.png")
    return tmp_path / "photos"


def without_time(found):
    return found.to_dict() | {"seconds": None, "images_per_second": None}


def test_errors_are_counted_and_not_scored_and_an_unknown_folder_is_named(folder):
    found = eyeful.evaluate(fake_classifier(), folder)
    assert (found.truth, found.images, found.scored) == ("folders", 34, 30)
    assert (found.top1.right, found.top1.of) == (29, 30)
    assert found.errors == {"unidentified": 2}
    assert [(one.name, one.images, one.nearest) for one in found.unmatched] == [("bleu", 2, "blue")]
    assert [(one.label, one.answer, one.images) for one in found.confusions] == [("red", "blue", 1)]
    assert found.model == "fake"
    assert found.images_per_second > 0


def test_a_folder_gets_rows_json_and_a_page(folder, tmp_path):
    found = eyeful.evaluate(fake_classifier(), folder, output=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == found.to_dict()
    assert "<html" in (tmp_path / "out" / "report.html").read_text()
    rows = [json.loads(line) for line in (tmp_path / "out" / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 34
    red = next(row for row in rows if row["filename"].endswith("red/03.png"))
    assert red["columns"] == {"right": [0], "rank": 1, "right_prob": 1.0, "brier": red["columns"]["brier"]}
    assert [row["columns"] for row in rows if "bleu" in row["filename"]] == [{"right": []}] * 3
    with pytest.raises(
        UsageError, match="exists already: --resume goes on with its rows, --overwrite replaces it"
    ):
        eyeful.evaluate(fake_classifier(), folder, output=tmp_path / "out")
    again = eyeful.evaluate(fake_classifier(), folder, output=tmp_path / "out", overwrite=True)
    assert without_time(again) == without_time(found)


@pytest.mark.parametrize("done", [1, 17, 33])
def test_what_was_cut_off_is_gone_on_with(done, folder, tmp_path):
    whole = eyeful.evaluate(fake_classifier(), folder, output=tmp_path / "whole")
    stop = SignalHandler()

    def advance(rows):
        nonlocal done
        done -= rows
        if done <= 0:
            stop.signal = 15

    with pytest.raises(StoppedError):
        eyeful.evaluate(
            fake_classifier(workers=1, batch_size=1), folder, output=tmp_path / "cut", on_rows=advance, stop=stop
        )
    assert not (tmp_path / "cut" / "evaluation.json").exists()
    engine = FakeEngine()
    found = eyeful.evaluate(fake_classifier(engine), folder, output=tmp_path / "cut", resume=True)
    assert sum(engine.batches) < 32
    assert without_time(found) == without_time(whole)
    rows = [(tmp_path / name / "rows.jsonl").read_text() for name in ("whole", "cut")]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("name", FORMATS)
def test_rows_of_every_format_give_what_the_run_gave(name, folder, tmp_path):
    here = eyeful.evaluate(fake_classifier(), folder)
    rows = f"{tmp_path}/{name}"
    run(fake_classifier(), open_source(folder), output=open_output(rows))
    assert is_rows(rows)
    found = eyeful.evaluate(rows, labels=FAKE_LABELS)
    assert (found.seconds, found.images_per_second) == (None, None)
    assert found.to_dict()["provenance"] == here.to_dict()["provenance"]
    for field in ("truth", "images", "scored", "top1", "topk", "errors", "unmatched", "classes", "confusions"):
        assert getattr(found, field) == getattr(here, field)
    assert found.nll == pytest.approx(here.nll, abs=1e-6)
    assert found.brier == pytest.approx(here.brier, abs=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_rows_of_an_evaluation_say_all_that_it_knew_until_the_truth_is_another(name, folder, tmp_path):
    here = eyeful.evaluate(fake_classifier(topk=1), folder, output=tmp_path / "out")
    rows = f"{tmp_path}/{name}"
    run(_Saved(tmp_path / "out" / "rows.jsonl"), open_source(folder), output=open_output(rows))
    assert eyeful.evaluate(rows, labels=FAKE_LABELS).nll == here.nll is not None
    truth = tmp_path / "truth.csv"
    truth.write_text("filename,label\nred/00.png,blue\nred/03.png,red\n")
    other = eyeful.evaluate(rows, truth=truth, labels=FAKE_LABELS)
    assert (other.top1.right, other.top1.of) == (2, 2)
    assert [(one.name, one.images) for one in other.unmatched] == [("(not in truth.csv)", 30)]


class _Saved:
    """A classifier that has answered before."""

    def __init__(self, path):
        self._path = path
        self._classifier = fake_classifier()

    def __getattr__(self, name):
        return getattr(self._classifier, name)

    def stream(self, inputs, **_):
        for item, row in zip(inputs.items, read_rows(str(self._path)), strict=True):
            yield replace(row, item=item)


def test_another_model_on_the_same_images_and_images_of_no_label(folder, tmp_path):
    swapped = fake_classifier(FakeEngine(), topk=2)
    out = tmp_path / "out"
    shutil.copytree(folder / "bleu", tmp_path / "others")
    found = eyeful.evaluate(fake_classifier(), folder, against=swapped, outsiders=tmp_path / "others", output=out)
    assert (found.against.images, found.against.both_right, found.against.both_wrong) == (30, 29, 1)
    assert (found.outsiders.images, found.outsiders.labels[0].label) == (2, "blue")
    names = {path.name for path in out.glob("*.jsonl")}
    assert names == {"rows.jsonl", "rows-against.jsonl", "rows-outsiders.jsonl"}


def test_a_list_with_a_column_of_labels_is_its_own_truth(folder, tmp_path):
    (tmp_path / "list.csv").write_text("filename,label\nphotos/red/00.png,blue\nphotos/bleu/0.png,blue\n")
    found = eyeful.evaluate(fake_classifier(), tmp_path / "list.csv")
    assert (found.truth, found.top1.right, found.top1.of) == (str(tmp_path / "list.csv"), 2, 2)


def test_names_that_come_once_are_held(folder):
    names = (str(path) for path in sorted(folder.rglob("*.png")))
    assert eyeful.evaluate(fake_classifier(), names, truth="folders").top1.of == 30


def test_what_cannot_be_is_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="takes a classifier and images, or rows without images"):
        eyeful.evaluate(fake_classifier())
    with pytest.raises(UsageError, match="takes a classifier and images, or rows without images"):
        eyeful.evaluate("rows.jsonl", folder)
    rows = tmp_path / "rows.csv"
    run(fake_classifier(), open_source(folder), output=open_output(str(rows)))
    (tmp_path / "rows.csv.run.json").unlink()
    with pytest.raises(UsageError, match="does not say which model made it: --model NAME"):
        eyeful.evaluate(rows)
    rows.write_text(rows.read_text().replace("unidentified", "bad luck"))
    with pytest.raises(UsageError, match="row 3 is no row of eyeful's"):
        eyeful.evaluate(rows, labels=FAKE_LABELS)
    with pytest.raises(UsageError, match="is a file: an evaluation is a folder"):
        eyeful.evaluate(fake_classifier(), folder, output=rows)


def test_a_list_of_images_in_json_lines_is_no_rows(folder, tmp_path):
    (tmp_path / "list.jsonl").write_text('{"filename": "photos/red/03.png", "label": "red"}\n')
    assert not is_rows(str(tmp_path / "list.jsonl"))
    found = eyeful.evaluate(fake_classifier(), tmp_path / "list.jsonl")
    assert (found.truth, found.top1.right) == (str(tmp_path / "list.jsonl"), 1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"prob": float("nan")}, "row 1 is no row of eyeful's"),
        ({"prob": 5}, "row 1 is no row of eyeful's"),
        ({"prob": "0.5"}, "a number of an answer is none"),
        ({"index": "0"}, "a number of an answer is none"),
        ({"index": 9}, "is another model's: its label 9 is red, and this one has no such label"),
        ({"label": "rot"}, "is another model's: its label 0 is rot, and this one calls it red"),
    ],
)
def test_an_answer_that_no_model_of_these_labels_gave_is_refused(change, fault, folder, tmp_path):
    eyeful.evaluate(fake_classifier(), folder / "red", truth="folders", output=tmp_path / "out")
    path = tmp_path / "out" / "rows.jsonl"
    row = next(row for row in map(json.loads, path.read_text().splitlines()) if row["label"] == "red")
    row["top"][0] |= change
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(UsageError, match=fault):
        eyeful.evaluate(path, truth="folders", labels=FAKE_LABELS)


@pytest.mark.parametrize("change", [{"rank": 1}, {"rank": 10**20}, {"rank": 0}, {"brier": float("inf")}])
def test_columns_that_somebody_changed_are_not_believed(change, folder, tmp_path):
    whole = eyeful.evaluate(fake_classifier(), folder, output=tmp_path / "out")
    path = tmp_path / "out" / "rows.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if row["columns"].get("rank", 1) > 1:
            row["columns"] |= change
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = eyeful.evaluate(path, labels=FAKE_LABELS)
    assert (found.top1, found.brier is None) == (whole.top1, False)


def test_groups_that_rows_were_not_made_with_need_every_label(lite0, photos, tmp_path):
    images = sorted((photos / "labelled").iterdir())[:12]
    for name, topk in (("few.jsonl", 5), ("all.jsonl", 1000)):
        output = open_output(str(tmp_path / name))
        run(lite0.with_options(topk=topk, sure=0.9), open_source(images), output=output)
        output.close()
    for sure in (0.49, float("nan")):
        with pytest.raises(UsageError, match=r"is not between 0.5 and 1"):
            eyeful.evaluate(tmp_path / "few.jsonl", sure=sure)
    with pytest.raises(
        UsageError, match=r"were not made with sure 0.6, and hold 5 of 1000 labels: other groups need"
    ):
        eyeful.evaluate(tmp_path / "few.jsonl", sure=0.6)
    made = eyeful.evaluate(lite0, images, sure=0.6)
    assert eyeful.evaluate(tmp_path / "all.jsonl", sure=0.6).groups == made.groups
    assert eyeful.evaluate(tmp_path / "few.jsonl").groups.sure == 0.9
