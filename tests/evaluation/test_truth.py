"""The truth of an image: by names in any spelling, never by an order; what has no name that is known is named."""

import json
import random

import pytest

from eyeful.errors import UsageError
from eyeful.evaluation.label_names import LabelNames
from eyeful.evaluation.truth import truth_of
from eyeful.evaluation.truth_file import says_labels
from eyeful.models.labels import imagenet_labels
from eyeful.types import Labels

LABELS = imagenet_labels()
OWN = Labels(("001.Black_footed_Albatross", "crane", "crane", "tench, Tinca tinca", "3d printer"), (None,) * 5)


def spelled(index, random_):
    """One of many ways to call a label."""
    name, wnid = LABELS.names[index], LABELS.wnids[index]
    ways = (
        wnid,
        name,
        name.upper(),
        name.replace(" ", "_").replace("'", ""),
        name.replace(" ", "-").lower(),
        f"{index + 1:04d}.{name}",
        f"{wnid}-{name.replace(' ', '_')}",
        f"{index} - {name}",
    )
    return random_.choice(ways)


def unique(index):
    if LABELS.names[index] in ("crane", "maillot"):
        return False
    return sum(name.casefold() == LABELS.names[index].casefold() for name in LABELS.names) == 1


@pytest.mark.parametrize("seed", range(3))
def test_folders_shuffled_renamed_or_missing_leave_each_images_truth_as_it_was(seed):
    random_ = random.Random(seed)  # noqa: S311 - a test
    chosen = [index for index in random_.sample(range(1000), 300) if unique(index)]
    files = [(f"photos/{spelled(index, random_)}/{number}.jpg", index) for number, index in enumerate(chosen)]
    random_.shuffle(files)
    missing = files[: len(files) // 2]
    for some in (files, missing):
        truth = truth_of("auto", LABELS, (name for name, _ in some), ["photos"])
        assert truth.how == "folders"
        assert [truth.right(name) for name, _ in some] == [(index,) for _, index in some]


def test_a_folder_that_is_no_label_is_named_and_not_scored():
    files = ["photos/tench/1.jpg", "photos/tensch/2.jpg", "photos/n99999999/n01440764_3.jpg"]
    truth = truth_of("auto", LABELS, files, ["photos"])
    assert [truth.right(name) for name in files] == [(0,), (), ()]
    assert [truth.named(name) for name in files] == ["tench", "tensch", "n99999999"]
    names = LabelNames(LABELS)
    assert [names.nearest(name) for name in ("tensch", "golden retriver", "xyzzy")] == [
        "tench",
        "golden retriever",
        None,
    ]


def test_a_group_is_right_for_all_its_labels_and_a_label_goes_before_a_group():
    names = LabelNames(LABELS)
    dogs = names.positions("dog")
    assert len(dogs) > 100
    assert dogs == names.positions("Dogs") == names.positions("n02084071")
    assert LABELS.names.index("golden retriever") in dogs
    assert LABELS.names.index("tabby") not in dogs
    assert names.positions("gibbon") == (LABELS.names.index("gibbon"),)


def test_labels_of_ones_own_any_synonym_and_names_that_are_not_unique():
    names = LabelNames(OWN)
    for name in ("Black footed albatross", "001.black_footed_albatross", "black-footed-albatross"):
        assert names.positions(name) == (0,)
    assert names.positions("crane") == (1, 2)
    assert names.positions("Tinca_tinca") == names.positions("TENCH") == names.positions("n01440764-tench") == (3,)
    assert names.positions("3d printer") == (4,)
    assert names.positions("0") == names.positions("") == names.positions("'") == ()
    cardigans = LabelNames(LABELS).positions("cardigan")
    assert [LABELS.names[index].casefold() for index in cardigans] == ["cardigan", "cardigan"]


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("n01440764_tench.JPEG", 0),
        ("ILSVRC2012_val_00000293_n01440764.JPEG", 0),
        ("tench.17.jpg", 0),
        ("great_white_shark (2).png", 2),
        ("Great-White-Shark0012.webp", 2),
    ],
)
def test_names_of_files_tell_it_too(name, right):
    truth = truth_of("auto", LABELS, [f"photos/{name}", "photos/IMG_1.jpg"], ["photos"])
    assert truth.how == "names"
    assert truth.right(f"photos/{name}") == (right,)
    assert truth.right("photos/IMG_1.jpg") == ()
    assert truth.named("photos/IMG_1.jpg") == "img"


def test_the_nearest_folder_below_what_was_named_counts():
    below = ["pets/cat/tabby/1.jpg", "pets/cat/others/2.jpg", "pets/odd/3.jpg", "pets/n01443537/images/4.jpg"]
    truth = truth_of("folders", LABELS, below, ["pets"])
    assert truth.right(below[0]) == (LABELS.names.index("tabby"),)
    assert truth.right(below[1]) == ()  # which cats are others?
    assert truth.named(below[1]) == "others"
    assert truth.right(below[2]) == ()
    assert truth.right(below[3]) == (1,)
    inside = "dog/odd/1.jpg"
    assert truth_of("auto", LABELS, [inside, "dog/tench/2.jpg"], ["dog"]).right(inside) == ()


def test_a_folder_that_is_no_label_is_not_scored_as_what_is_around_it():
    """Neither as an animal nor, in `train`, as a bullet train."""
    for around in ("train", "animals", "val/animals"):
        files = [f"photos/{around}/raccoon/1.jpg", f"photos/{around}/cat/1.jpg", f"photos/{around}/1.jpg"]
        for how in ("auto", "folders"):
            truth = truth_of(how, LABELS, files, ["photos"])
            assert (truth.right(files[0]), truth.named(files[0])) == ((), "raccoon")
            assert truth.right(files[1]) == LabelNames(LABELS).positions("cat")
            assert truth.right(files[2]) == (() if around == "train" else LabelNames(LABELS).positions("animal"))
    days = ["photos/cat/monday/1.jpg", "photos/dog/tuesday/train/1.jpg", "photos/raccoon/monday/1.jpg"]
    truth = truth_of("auto", LABELS, days, ["photos"])
    assert [len(truth.right(name)) for name in days] == [7, 118, 0]
    own = truth_of("auto", Labels(("train", "bus"), (None,) * 2), ["photos/train/1.jpg"], ["photos"])
    assert own.right("photos/train/1.jpg") == (0,)


def test_two_labels_that_imagenet_calls_the_same_are_both_meant():
    names = LabelNames(LABELS)
    assert {name: len(names.positions(name)) for name in ("crane", "maillot", "crane bird", "n03126707")} == {
        "crane": 2,
        "maillot": 2,
        "crane bird": 1,
        "n03126707": 1,
    }


def test_one_folder_is_called_like_a_label_by_chance_only():
    phone = ["DCIM/Camera/IMG_1.jpg", "DCIM/Camera/IMG_2.jpg"]
    with pytest.raises(UsageError, match="--truth folders says that all are Camera; --truth FILE"):
        truth_of("auto", LABELS, phone, ["DCIM/Camera"])
    assert len(truth_of("folders", LABELS, phone, ["DCIM/Camera"]).right(phone[0])) > 1
    two = truth_of("auto", LABELS, ["tench/1.jpg", "hen/2.jpg"], ["tench", "hen"])
    assert (two.how, two.right("hen/2.jpg")) == ("folders", (8,))
    with pytest.raises(UsageError, match="no folder has a label's name"):
        truth_of("folders", LABELS, ["train/1.jpg"], ["train"])


def write(folder, text, name="truth.csv"):
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "filename,label\na/1.jpg,tench|hen\nb/1.jpg,n01440764\nb/2.jpg,Dog\n"),
        ("t.csv", "File Name;Labels\na/1.jpg;tench|hen\nb/1.jpg;tench\n./b/2.jpg;dogs\n"),
        ("t.tsv", "image\twnid\na/1.jpg\tn01440764; n01514859\nb/1.jpg\tn01440764\nb/2.jpg\tn02084071\n"),
        ("t.csv", "a/1.jpg,tench\na/1.jpg,hen\nb/1.jpg,TENCH\nb/2.jpg,dog\n"),
        ("t.csv", "ImageId,PredictionString\na/1,n01440764 1 2 3 4|n01514859\nb/1,n01440764\nb/2,n02084071\n"),
        ("t.csv", "\ufefffilename,score,class_name\na/1.jpg,1,tench;hen\nb/1.jpg,2,tench\nb/2.jpg,3,dog\n"),
    ],
)
def test_a_file_says_one_or_several_right_labels(name, text, tmp_path):
    truth = truth_of(write(tmp_path, text, name), LABELS, ["photos/a/1.jpg"])
    assert truth.right("photos/a/1.jpg") == (0, 8)
    assert truth.right("/elsewhere/b/1.jpg") == (0,)
    assert len(truth.right("b/2.jpg")) > 100
    assert truth.right("1.jpg") == ()  # a/1.jpg or b/1.jpg?
    assert truth.named("1.jpg") == f"(more than once in {name})"
    assert truth.right("c/1.jpg") == ()
    assert truth.named("c/1.jpg") == f"(not in {name})"


def test_a_file_of_json_lines(tmp_path):
    rows = [{"file_name": "1.jpg", "labels": ["tench", "hen"]}, {"file_name": "2.jpg", "labels": "frog"}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)), "metadata.jsonl")
    truth = truth_of(path, LABELS, ["photos/1.jpg"])
    assert truth.right("photos/1.jpg") == (0, 8)
    assert len(truth.right("2.jpg")) == 3
    assert says_labels(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("filename,colour,size\n1.jpg,x,y\n", r"has no column of right labels \(colour, size\): call it label"),
        ("filename\n1.jpg\n", "has no column of right labels beside the names"),
        ("filename,label\n", "says what is right of no image: it is empty"),
        ("", "says what is right of no image: it is empty"),
        ("a,b\nx,y\n", "has no column of images: its first line shall be filename,label"),
        ("1.jpg,3\n", r"means none of the model's labels: 3 \(a number is no name\)"),
        ("1.jpg,tensh\n", r"means none of the model's labels: tensh; is it tench\?"),
        ("2.jpg,tench\n", "names none of the images; the first is 1.jpg"),
        ('1.jpg,"tench\n', "quotation marks do not match"),
    ],
)
def test_a_file_that_says_nothing_is_refused_in_one_line(text, fault, tmp_path):
    with pytest.raises(UsageError, match=fault) as error:
        truth_of(write(tmp_path, text), LABELS, ["1.jpg"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("folder", "--truth folder: it is auto, folders, names, or a .csv or .jsonl file"),
        ("none.csv", "none.csv cannot be read: No such file"),
        (
            "folders",
            r"no folder has a label's name \(pets\): --truth FILE.csv, with the columns filename and label",
        ),
        ("names", r"no image has a label's name \(img\)"),
        ("auto", r"neither the folders of the images \(pets\) nor their names \(img\) are names of labels"),
    ],
)
def test_where_nothing_is_known_the_error_says_what_to_do(how, fault):
    with pytest.raises(UsageError, match=fault):
        truth_of(how, LABELS, ["odd/pets/IMG_1.jpg"], ["odd"])


def test_a_number_that_differs_makes_another_name_and_a_number_alone_makes_none():
    euros = LabelNames(Labels(("1 euro", "2 euro"), (None, None)))
    assert euros.positions("5 euro") == euros.positions_in_file_name("5_euro_0001") == ()
    assert euros.positions("01_euro") == euros.positions_in_file_name("1_euro_0012") == (0,)
    assert euros.positions("euro") == (0, 1)
    digits = Labels(tuple("0123456789"), (None,) * 10)
    assert LabelNames(digits).positions("7") == (7,)
    assert LabelNames(digits).positions("7_5") == ()
    with pytest.raises(UsageError, match="are names of labels"):
        truth_of("auto", digits, [f"photos/{number}.png" for number in range(20)], ["photos"])


def test_a_split_of_a_data_set_is_no_label_but_where_a_label_is_called_so():
    files = ["data/train/tensch/1.jpg", "data/train/tench/2.jpg", "data/train/3.jpg"]
    truth = truth_of("auto", LABELS, files, ["data"])
    assert [truth.right(name) for name in files] == [(), (0,), ()]
    assert truth.named(files[0]) == "tensch"
    vehicles = Labels(("train", "car"), (None, None))
    truth = truth_of("auto", vehicles, files := ["data/train/1.jpg", "data/train/bus/2.jpg"], ["data"])
    assert [truth.right(name) for name in files] == [(0,), ()]


def test_a_line_that_may_mean_two_images_says_nothing_of_them(tmp_path):
    path = write(tmp_path, "filename,label\n1.jpg,tench\n2.jpg,hen\n")
    truth = truth_of(path, LABELS, ["a/1.jpg", "b/1.jpg", "b/2.jpg", "b/2.jpg"])
    assert truth.right("a/1.jpg") == truth.right("b/1.jpg") == ()
    assert truth.named("a/1.jpg") == "(more than one is meant by its line in truth.csv)"
    assert truth.right("b/2.jpg") == (8,)
    with pytest.raises(UsageError, match=r"says of no image what is right: a/1.jpg \(more than one is meant"):
        truth_of(path, LABELS, ["a/1.jpg", "b/1.jpg"])


def test_of_an_id_and_a_label_the_id_counts(tmp_path):
    path = write(tmp_path, "filename,label,wnid\n1.jpg,crane,n02012849\n2.jpg,crane,\n")
    bird, machine = LABELS.names.index("crane bird"), LABELS.names.index("crane")
    truth = truth_of(path, LABELS, ["1.jpg"])
    assert (truth.right("1.jpg"), truth.right("2.jpg")) == ((bird,), (machine, bird))
    own = Labels(("crane",), (None,))
    assert truth_of(path, own, ["1.jpg"]).right("1.jpg") == (0,)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_spreadsheets_text_is_read_and_an_accent_may_be_written_in_two_ways(encoding, tmp_path):
    (tmp_path / "truth.csv").write_bytes("filename,label\nph\u00f3tos/1.jpg,tench\n".encode(encoding))
    truth = truth_of(str(tmp_path / "truth.csv"), LABELS, ["pho\u0301tos/1.jpg"])
    assert truth.right("pho\u0301tos/1.jpg") == (0,)


def test_answers_are_no_truth(tmp_path):
    path = write(tmp_path, "filename;status;index;label;prob\n1.jpg;ok;0;tench;0.9\n")
    with pytest.raises(UsageError, match="it holds a model's answers, and does not say what is right"):
        truth_of(path, LABELS, ["1.jpg"])
    with pytest.raises(UsageError, match=r"1.jpg \(no label in truth.csv\)"):
        truth_of(write(tmp_path, "filename,label\n1.jpg,\n"), LABELS, ["1.jpg"])


def test_a_file_called_like_a_group_is_one_only_where_names_are_asked_for():
    files = ["vid/clip.mp4", "vid/dog_01.jpg", "vid/tench_2.jpg"]
    truth = truth_of("auto", LABELS, files, ["vid"])
    assert [bool(truth.right(name)) for name in files] == [False, False, True]
    assert truth_of("names", LABELS, files, ["vid"]).right("vid/dog_01.jpg")


def test_folders_and_files_that_say_different_things_are_asked_about():
    files = ["p/tench/1.jpg", *(f"p/odd/hen_{number}.jpg" for number in range(9))]
    with pytest.raises(UsageError, match=r"folders of 1 images .* files of 9: which is right, --truth folders or"):
        truth_of("auto", LABELS, files, ["p"])
