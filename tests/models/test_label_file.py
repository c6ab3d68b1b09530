"""Label files: every form of docs/models.md, and those that are unclear."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eyeful.bundle import read_bundle
from eyeful.errors import UsageError
from eyeful.models import ModelRequest
from eyeful.models.label_file import labels_of_text, read_label_file

DOCS = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
FLOWERS = ("rose", "tulip", "daisy")


def table(column: str) -> list[tuple[str, str, str]]:
    """The rows of the table of docs/models.md whose last column is called so."""
    found = DOCS.split(f"| file | content | {column} |\n|---|---|---|\n")[1].split("\n\n")[0]
    cells = [[cell.strip().strip("`") for cell in line.strip("| ").split(" | ")] for line in found.split("\n")]
    return [(file, content.replace("⏎", "\n").replace("→", "\t"), last) for file, content, last in cells]


def written(folder: Path, file: str, content: str | bytes) -> Path:
    path = folder / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(("file", "content", "expected"), table("labels"))
def test_documented_forms(tmp_path, file, content, expected):
    labels = read_label_file(written(tmp_path, file, content))
    pairs = [
        re.fullmatch(r"(.+?)(?: \((n\d{8})\))?", one)
        for one in re.split("; " if ";" in expected else ", ", expected)
    ]
    assert labels.names == tuple(pair[1] for pair in pairs)
    assert labels.wnids == tuple(pair[2] for pair in pairs)


@pytest.mark.parametrize(("file", "content", "reason"), table("because"))
def test_documented_rejections(tmp_path, file, content, reason):
    with pytest.raises(UsageError, match=re.escape(reason)) as caught:
        read_label_file(written(tmp_path, file, content))
    assert "\n" not in str(caught.value)
    assert "is clear" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.txt", "\ufeffrose\r\ntulip\r\n\r\ndaisy\r\n"),
        ("a.txt", "rose\t1\ntulip\t2\ndaisy\t3"),
        ("a.txt", "2. tulip\n1. rose\n3. daisy"),
        ("a.txt", "'rose': 0,\n'tulip': 1,\n'daisy': 2,"),
        ("a.txt", '1 "tulip"\n0 "rose"\n2 "daisy"'),
        ("a.txt", "('rose', 'tulip', 'daisy')"),
        ("a.txt", "index,name\n1,tulip\n0,rose\n2,daisy"),
        ("a.names", "rose = 0\ndaisy = 2\ntulip = 1"),
        ("a.csv", "name\nrose\ntulip\ndaisy"),
        ("a.csv", ",label\n0,rose\n1,tulip\n2,daisy"),
        ("a.csv", "rose,0\ndaisy,2\ntulip,1"),
        ("a.csv", "label;class_name\n1;rose\n3;daisy\n2;tulip"),
        ("a.csv", "klasse,nummer\nrose,1\ntulip,2\ndaisy,3"),
        ("a.csv", "name,label\nrose,1\ndaisy,3\ntulip,2"),
        ("a.csv", "index,name,count\n0,rose,2\n1,tulip,0\n2,daisy,1"),
        ("a.csv", "ClassId,Description,Label\n1,red,tulip\n0,pink,rose\n2,white,daisy"),
        ("a.json", '{"classes": ["rose", "tulip", "daisy"], "version": 2}'),
        ("a.json", '{"class_to_idx": {"daisy": 2, "rose": 0, "tulip": 1}}'),
        (
            "a.json",
            '{"categories": [{"id": 1, "name": "rose"}, {"id": 2, "name": "tulip"}, {"id": 3, "name": "daisy"}]}',
        ),
        ("a.json", '{"rose": "0", "tulip": "1", "daisy": "2"}'),
        ("a.json", '[[2, "daisy"], [0, "rose"], [1, "tulip"]]'),
    ],
)
def test_other_forms_of_three_flowers(tmp_path, file, content):
    assert read_label_file(written(tmp_path, file, content)).names == FLOWERS


@pytest.mark.parametrize(
    "content",
    [
        "747\n737\nA380",
        "Acura 2012\nBMW 2012\nAudi 1994",
        "type 2\ntype 1\ntype 3",
        "0\n1\n10\n2",
        "class_0\nclass_1\nclass_10\nclass_2",
        "001.Albatross\n002.Auklet",
        "tench, Tinca tinca\ngoldfish, Carassius auratus",
        "1 cent\n2 cent\n5 cent\n1 euro\n2 euro",
        "(a) rose\n(b) tulip",
        "(0) rose\n(1) tulip",
        "Boeing 707-320\nBoeing 717-200",
        "3D printer\nprinter",
    ],
)
def test_numbers_that_belong_to_names_stay(tmp_path, content):
    assert read_label_file(written(tmp_path, "a.txt", content)).names == tuple(content.split("\n"))


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.json", b"[]", "empty"),
        ("a.json", b'["rose", ""]', "index 1 has no name"),
        ("a.txt", "rose\n".encode("utf-16"), "not UTF-8"),
        ("a.pth", b"PK\x03\x04", "not read"),
        ("a.json", b'"rose"', "holds no names"),
        ("a.json", b'["rose", 3]', "a name is a text, not 3"),
        ("a.json", b'{"0": "rose", "0": "tulip"}', "a key is there twice"),
        ("a.txt", b"{0: 'rose', 0: 'tulip'}", "a key is there twice"),
        ("a.json", b'{"rose": "red"}', "neither its keys nor its values"),
        ("a.json", b"[" * 100_000, "unclear"),
        ("a.txt", b"cat 1\ncat 2\ndog 3\ndog 4", "more than once"),
        ("a.txt", b"(2) daisy\n(0) rose\n(1) tulip", "not in their order"),
        ("a.txt", b"id=2: daisy\nid=0: rose\nid=1: tulip", "not in their order"),
        ("a.txt", b"rose\tred\ntulip\tblue", "more than text"),
        ("a.txt", b"rose\x1b[31m\ntulip", "more than text"),
        ("a.json", b'["rose\\ud800", "tulip"]', "more than text"),
        ("a.txt", b"a" + b" " * 100_000 + b"b", "more than 1000 characters"),
        ("a.csv", b"index,name\n0,rose\n1", "same number of columns"),
        ("a.csv", b"index,id,name\n0,1,rose\n1,0,tulip", "two columns that could be the index"),
        ("a.csv", b"klasse,nummer\nrose,1\ndaisy,3\ntulip,2", "is its column nummer the index"),
        ("a.csv", b"wnid,rank\nn01443537,1\nn01440764,0", "is its column rank the index"),
        ("a.csv", b"name,text\n1,one\n0,zero", "is its column name the index"),
        ("a.csv", b",name\n1,rose\n0,tulip", "is its column 1, which has no name, the index"),
        ("a.csv", b"name,count,rank\nrose,1,2\ntulip,0,1", "is its column count the index"),
        ("a.txt", b"0\trose\tred\n1\ttulip\tblue", "more columns"),
    ],
)
def test_one_line_for_what_is_unclear(tmp_path, file, content, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        read_label_file(written(tmp_path, file, content))
    assert "\n" not in str(caught.value)


def test_one_wordnet_id_among_names(tmp_path):
    assert read_label_file(written(tmp_path, "a.txt", "n02123045\ncat")).wnids == ("n02123045", None)


def test_what_would_never_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (read_label_file, lambda path: ModelRequest("resnet18", labels=path)):
        with pytest.raises(UsageError, match="no regular file"):
            read(tmp_path / "pipe")


def test_no_such_file(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_label_file(path)


NAME = (
    st.text(st.sampled_from("abcdefgäßéжñ ."), min_size=1, max_size=9)
    .map(str.strip)
    .filter(lambda n: n.strip("."))
)
FORMS = {
    "first": ("a.txt", lambda rows: [f"{index} {name}" for index, name in rows]),
    "last": ("a.txt", lambda rows: [f"{name}\t{index}" for index, name in rows]),
    "colon": ("a.txt", lambda rows: [f"{index + 1}: '{name}'" for index, name in rows]),
    "table": ("a.csv", lambda rows: ["name,id", *(f'"{name}",{index}' for index, name in rows)]),
    "python": ("a.txt", lambda rows: [str(dict(rows))]),
    "by name": ("a.json", lambda rows: [json.dumps({name: index for index, name in rows})]),
    "by index": ("a.json", lambda rows: [json.dumps({"id2label": {str(index): name for index, name in rows}})]),
}


@pytest.mark.parametrize("form", FORMS)
@given(names=st.lists(NAME, min_size=2, max_size=12, unique=True), data=st.data())
def test_names_in_any_order_of_their_indices(form, names, data):
    file, written_as = FORMS[form]
    rows = data.draw(st.permutations(list(enumerate(names))))
    labels = labels_of_text("\n".join(written_as(rows)), Path(file).suffix)
    assert labels.names == tuple(
        " ".join(name.split()) if file == "a.json" or form == "python" else name for name in names
    )


def test_lines_of_the_development_kit_are_put_in_the_order_of_their_own_indices(tmp_path):
    labels = read_label_file(
        written(tmp_path, "a.txt", "n02100735 2 setter\nn02119789 1 kit_fox\nn02096294 3 terrier")
    )
    assert labels.names == ("kit_fox", "setter", "terrier")
    assert labels.wnids == ("n02119789", "n02100735", "n02096294")


def test_a_bundle_has_labels(bundle):
    assert read_label_file(bundle) == read_bundle(bundle).manifest.labels
