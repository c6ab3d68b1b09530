"""Labels of a user's own: folders and files say them in the user's words, and what cannot be taught is refused."""

import json
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest

import eyeful
from eyeful.errors import OutputError, UsageError
from eyeful.teaching.checks import check_output
from eyeful.teaching.label_of import HIDDEN, LOOSE
from eyeful.teaching.labelled import labelled_images, labelled_test
from eyeful.types import Item

LABELS = {"cat": 5, "dog": 6}


def make(root: Path, images_of: dict[str, int]) -> Path:
    """Files with different content, called like images: nothing here is decoded."""
    root.mkdir(parents=True, exist_ok=True)
    for folder, number in images_of.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for place in range(number):
            (root / folder / f"{place}.jpg").write_bytes(f"{folder} {place}".encode())
    return root


def test_the_first_folder_is_the_label(tmp_path):
    root = make(tmp_path / "mine", {"Weiße Katze": 5, "dog/monday": 3, "dog/tuesday/late": 3, "犬": 5})
    found = labelled_images(root)
    assert found.labels == ("Weiße Katze", "dog", "犬")
    assert found.images_of == {"Weiße Katze": 5, "dog": 6, "犬": 5}
    assert len(found) == 16
    for item, place in zip(found.items, found.label_N, strict=True):
        assert f"/{found.labels[place]}/" in item.filename
    assert (found.truth, found.roots, found.left_out) == ("folders", (str(root),), {})


def test_labels_are_not_those_of_imagenet(tmp_path):
    found = labelled_images(make(tmp_path, {"tabby": 5, "n02123045": 5, "dog": 5}))
    assert found.labels == ("dog", "n02123045", "tabby")


def test_what_systems_leave_is_no_label_and_loose_images_are_counted(tmp_path):
    root = make(tmp_path / "mine", LABELS | {".git": 5, "@eaDir": 5, "__MACOSX": 5, ".thumbs": 6})
    (root / "beside.jpg").write_bytes(b"beside")
    (root / ".idea").mkdir()
    found = labelled_images(root)
    assert found.labels == ("cat", "dog")
    assert found.left_out == {LOOSE: 1, HIDDEN: 6}


def test_several_folders_of_labels_and_folders_that_are_labels(tmp_path):
    one, other = make(tmp_path / "a", LABELS), make(tmp_path / "b", {"cat": 5, "hen": 5})
    assert labelled_images([one, other]).images_of == {"cat": 10, "dog": 6, "hen": 5}
    assert labelled_images([one / "cat", one / "dog"]).images_of == LABELS
    assert labelled_images(f"{one}/*").images_of == LABELS
    assert labelled_images([one, other / "hen"]).images_of == LABELS | {"hen": 5}


def test_archives_with_and_without_a_folder_around_them(tmp_path):
    root = make(tmp_path / "mine", LABELS)
    for around in ("", "mine/", "data/mine/"):
        path = tmp_path / "mine.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in root.rglob("*.jpg"):
                archive.write(file, around + str(file.relative_to(root)))
        assert labelled_images(path).images_of == LABELS


def test_a_list_says_the_labels(tmp_path):
    root = make(tmp_path / "mine", {"x": 12})
    rows = [(f"x/{place}.jpg", "cat" if place < 5 else "dog, small") for place in range(11)]
    table = root / "labels.csv"
    table.write_text("filename,label\n" + "".join(f'{name},"{label}"\n' for name, label in rows))
    lines = root / "labels.jsonl"
    lines.write_text("".join(json.dumps({"file": name, "label": label}) + "\n" for name, label in rows))
    expected = {"cat": 5, "dog, small": 6}
    assert labelled_images(table).images_of == expected
    assert labelled_images(lines).images_of == expected
    found = labelled_images(root, truth=table)
    assert found.images_of == expected
    assert found.left_out == {"not in labels.csv": 1}
    assert found.truth == str(table)


def test_a_list_of_images_in_folders(tmp_path):
    root = make(tmp_path / "mine", LABELS)
    (tmp_path / "list.txt").write_text("\n".join(str(path) for path in sorted(root.rglob("*.jpg"))))
    with pytest.raises(UsageError, match=r"nothing says the labels of .*list.txt.*--truth folders"):
        labelled_images(tmp_path / "list.txt")
    assert labelled_images(tmp_path / "list.txt", "folders").images_of == LABELS


def test_in_python_a_mapping_of_anything(tmp_path):
    root = make(tmp_path, {"c": 5})
    arrays = [np.full((4, 4, 3), value, np.uint8) for value in range(5)]
    found = labelled_images({"cat": [root / "c", root / "c" / "1.jpg"], "Dog": arrays})
    assert found.labels == ("Dog", "cat")
    assert found.label_N == [0] * 5 + [1] * 5
    assert len({item.filename for item in found.items}) == 10


def test_an_image_that_is_named_twice_counts_once(tmp_path):
    root = make(tmp_path, LABELS)
    assert labelled_images([root, root]).images_of == LABELS
    table = root / "labels.csv"
    lines = [f"{path},{path.parent.name}" for path in sorted(root.rglob("*.jpg"))]
    table.write_text("\n".join(["filename,label", *lines, lines[0], ""]))
    assert labelled_images(table).images_of == LABELS


def test_files_of_one_name_under_two_labels_are_told_apart(tmp_path):
    make(tmp_path, LABELS)
    images = {
        label: [Item(f"{number}.jpg", path) for number, path in enumerate(sorted((tmp_path / label).iterdir()))]
        for label in LABELS
    }
    found = labelled_images(images)
    assert found.images_of == LABELS
    assert len({item.filename for item in found.items}) == sum(LABELS.values())


REFUSED = {
    "one label": ({"cat": 5}, "two labels or more, and there is one: cat"),
    "one folder too high": ({"images/cat": 5, "images/dog": 5}, "has one folder, images.*eyeful teach .*/images$"),
    "few images": ({"cat": 5, "dog": 4, "hen": 1}, "a label needs 5 images, better 20: dog has 4, hen has 1;"),
    "an empty folder": ({"cat": 5, "dog": 5, "hen": 0}, "hen has 0"),
    "none of these": ({"cat": 5, "None of  these": 5}, "cannot be called 'None of  these'.*--outsiders"),
    "none_of_these": ({"cat": 5, "None_of-these": 5}, "cannot be called 'None_of-these'"),
    "wide letters": ({"cat": 5, "\uff4eone of these": 5}, "cannot be called"),
    "an unseen character": (
        {"dog": 5, "d\u200bog": 5},
        "differ in characters that cannot be seen, .* only: 'dog' and",
    ),
    "only unseen characters": ({"dog": 5, "\u200b": 5}, "which is no name"),
    "a blank name": ({"cat": 5, " ": 5}, "a label is called ' ', which is no name"),
    "case": ({"cat": 5, "Cat": 5}, "differ in small and capital letters only: 'Cat' and 'cat'"),
    "blanks": ({"a cat": 5, "a  cat": 5}, "differ in blanks only"),
    "accents": (
        {unicodedata.normalize(form, "café"): 5 for form in ("NFC", "NFD")},
        "differ in how Unicode writes an accent only",
    ),
    "a data set": ({"train/cat": 5, "train/dog": 5, "val/cat": 5}, "eyeful teach (.*)/train --test \\1/val$"),
    "a data set with test": ({"Train/cat": 5, "Train/dog": 5, "test/cat": 5}, "/Train --test .*/test$"),
    "loose images": ({".": 12}, "lie in no folders, so that nothing says their labels: put .*--truth FILE.csv"),
}


@pytest.mark.parametrize("folders", REFUSED)
def test_what_cannot_be_taught_is_one_line(tmp_path, folders):
    images_of, said = REFUSED[folders]
    with pytest.raises(UsageError, match=said) as refused:
        labelled_images(make(tmp_path / "mine", images_of))
    assert "\n" not in str(refused.value)


def test_labels_may_be_called_train_and_test(tmp_path):
    assert labelled_images(make(tmp_path, {"train": 5, "test": 5})).labels == ("test", "train")


def test_the_same_file_under_two_labels_is_named(tmp_path):
    root = make(tmp_path, LABELS)
    (root / "dog" / "9.jpg").write_bytes((root / "cat" / "3.jpg").read_bytes())
    (root / "cat" / "again.jpg").write_bytes((root / "cat" / "1.jpg").read_bytes())  # one label: no harm
    with pytest.raises(
        UsageError, match=r"two labels.*cat/3.jpg \(cat\) and .*dog/9.jpg \(dog\); leave it under one"
    ):
        labelled_images(root)
    (root / "dog" / "8.jpg").symlink_to(root / "cat" / "4.jpg")
    with pytest.raises(UsageError, match="and 1 more such pair;"):
        labelled_images(root)


TABLES = {
    "filename,label\nx/0.jpg,cat\nx/0.jpg,dog\n": "says that .*x/0.jpg is cat and dog: an image has one label",
    "filename,label\nx/0.jpg,cat\nx/1.jpg,\n": "has no label for .*x/1.jpg: fill it in",
    "filename,label\nx/0.jpg,cat\nx/1.jpg,  \n": "has no label for",
    "filename,size,width\nx/0.jpg,cat,4\n": r"has no column of right labels \(size, width\): call it label",
    "what,label\nnothing,cat\n": "has no column of images: its first line shall be filename,label",
    "filename,label\ny/7.jpg,cat\n": "names none of the images; the first is .*x/0.jpg",
    "filename,label,index,prob\nx/0.jpg,cat,281,0.9\n": "holds a model's answers",
    "": "it is empty",
}


@pytest.mark.parametrize("text", TABLES)
def test_a_file_that_does_not_say_the_labels_is_one_line(tmp_path, text):
    root = make(tmp_path / "mine", {"x": 12})
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UsageError, match=TABLES[text]) as refused:
        labelled_images(root, truth=tmp_path / "labels.csv")
    assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="--truth names: it is auto, folders, or a"):
        labelled_images(root, truth="names")


def test_a_test_has_the_labels_that_were_taught(tmp_path):
    taught = labelled_images(make(tmp_path / "mine", {"ape": 5, **LABELS}))
    test = make(tmp_path / "test", {"dog": 2, "cat": 1})
    for number, path in enumerate(test.rglob("*.jpg")):
        path.write_bytes(f"not taught {number}".encode())
    found = labelled_test(test, taught)
    assert found.labels == ("ape", "cat", "dog")
    assert found.label_N == [1, 2, 2]
    assert labelled_test(found, taught) is found
    (tmp_path / "of mine.csv").write_text("filename,label\nmine/cat/0.jpg,cat\n")
    assert labelled_test(test, taught, truth=tmp_path / "of mine.csv").label_N == [1, 2, 2]
    table = tmp_path / "test.csv"
    table.write_text("filename,label\ntest/cat/0.jpg,dog\ntest/dog/0.jpg,ape\n")
    assert labelled_test(table, taught, truth=tmp_path / "labels of mine.csv").label_N == [2, 0]
    with pytest.raises(UsageError, match=r"what is not taught: Dog, hen \(taught are ape, cat, dog\)"):
        labelled_test(make(tmp_path / "other", {"Dog": 2, "cat": 1, "hen": 1}), taught)
    (test / "cat" / "8.jpg").write_bytes((test / "dog" / "0.jpg").read_bytes())
    with pytest.raises(UsageError, match=r"one image under two labels.*test/cat/8.jpg \(cat\) and .*dog/0.jpg"):
        labelled_test(test, taught)
    (test / "cat" / "8.jpg").unlink()
    (test / "cat" / "9.jpg").write_bytes((tmp_path / "mine" / "dog" / "3.jpg").read_bytes())
    with pytest.raises(
        UsageError, match=r"image of the test is taught.*test/cat/9.jpg is .*mine/dog/3.jpg; a test"
    ):
        labelled_test(test, taught)


def test_where_a_model_can_be_written(tmp_path):
    root = make(tmp_path / "mine", LABELS)
    assert check_output(tmp_path / "model", [str(root)], overwrite=False) == tmp_path / "model"
    assert not (tmp_path / "model").exists()
    with pytest.raises(UsageError, match=r"model lies in .*mine, among the images"):
        check_output(root / "dog" / "model", [str(root)], overwrite=True)
    with pytest.raises(UsageError, match="among the images"):
        check_output(root, [str(root)], overwrite=True)
    with pytest.raises(UsageError, match="holds the images"):
        check_output(tmp_path, [str(root)], overwrite=True)
    with pytest.raises(UsageError, match=r"holds 0\.jpg, which is no part of a bundle"):
        check_output(root / "cat", [], overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        check_output(tmp_path / "file", [str(root)], overwrite=True)
    with pytest.raises(OutputError, match="cannot write"):
        check_output("/proc/model", [str(root)], overwrite=True)


def test_an_unreadable_folder_is_named(tmp_path):
    root = make(tmp_path, LABELS)
    assert isinstance(eyeful.UsageError, type)
    (root / "hen").mkdir(mode=0)
    try:
        if (root / "hen").stat().st_mode and _is_root():
            pytest.skip("this user may read everything")
        with pytest.raises(UsageError, match="hen cannot be read"):
            labelled_images(root)
    finally:
        (root / "hen").chmod(0o755)


def _is_root() -> bool:
    import os

    return os.geteuid() == 0
