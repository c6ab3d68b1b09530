"""Lists of images, in the forms that people have."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eyeful.errors import UsageError
from eyeful.sources import listing, open_source
from eyeful.types import Prediction
from helpers import fake_classifier, noise_image

IMAGES = ("samples/a.png", "samples/b.png", "set/c.png", "samples/Grün.png")
A, B = ("samples/a.png", "samples/b.png")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder to be in, with images in two folders."""
    monkeypatch.chdir(tmp_path)
    for name in IMAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        noise_image(0, 9, 9).save(tmp_path / name)
    return tmp_path


def write(name: str, text: str | bytes, encoding: str = "utf-8") -> str:
    Path(name).write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return name


def found(name: str, **options) -> list[tuple[str, dict | None]]:
    return [(item.filename, item.columns) for item in open_source(name, **options).items]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("no header, two columns.csv", f"{A},cat\n{B},dog\n", [(A, {"column_2": "cat"}), (B, {"column_2": "dog"})]),
        ("no header.csv", f"{A}\n{B}\n", [(A, None), (B, None)]),
        ("a label like a header.csv", f"{A},image\n{B},photo\n", [(A, {"column_2": "image"}), (B, {"column_2": "photo"})]),
        ("image_path.csv", f"id,image_path,label\n1,{A},x\n", [(A, {"id": "1", "label": "x"})]),
        ("img_path.csv", f"label,img_path\nx,{A}\n", [(A, {"label": "x"})]),
        ("capitals.csv", f"Label,Image Path\nx,{A}\n", [(A, {"Label": "x"})]),
        ("set/metadata.csv", "file_name,label\nc.png,x\n", [("set/c.png", {"label": "x"})]),
        ("set/relative.csv", "filename\nc.png\nnone.png\n", [("set/c.png", None), ("set/none.png", None)]),
        ("set/missing first.txt", "none.png\nc.png\n", [("set/none.png", None), ("set/c.png", None)]),
        ("semicolons.csv", f"id;path;share\n1;{A};0,5\n", [(A, {"id": "1", "share": "0,5"})]),
        ("semicolons, no header.csv", f"{A};x\n", [(A, {"column_2": "x"})]),
        ("tabs.tsv", f"image\tlabel\n{A}\ta b\n", [(A, {"label": "a b"})]),
        ("mxnet.lst", f"0\t3.0\t{A}\n", [(A, {"column_1": "0", "column_2": "3.0"})]),
        ("caffe.txt", f"{A} 3\n{B} 5\n", [(A, {"column_2": "3"}), (B, {"column_2": "5"})]),
        ("names.txt", f"{A}\n\nwith blank.png\n", [(A, None), ("with blank.png", None)]),
        ("commas in one column.csv", "filename\nwith, comma.png\n", [("with, comma.png", None)]),
        ("pandas.csv", f",image_path\n0,{A}\n", [(A, {"column_1": "0"})]),
        ("twice.csv", f"image_path,a,a\n{A},1,2\n", [(A, {"a": "1", "column_3": "2"})]),
        ("ragged.csv", f"a,file\n1,{A},more\n", [(A, {"a": "1", "column_3": "more"})]),
        ("two kinds of name.csv", f"filename,image_path\na.png,{A}\n", [(A, {"filename": "a.png"})]),
        ("windows.csv", "image_path\r\nsamples\\a.png\r\n", [(A, None)]),
        ("blanks.csv", f"id, path\n1, {A}\n", [(A, {"id": "1"})]),
        ("lines.csv", f'path,note\n{A},"a\nb"\n{B},c\n', [(A, {"note": "a\nb"}), (B, {"note": "c"})]),
        ("lines.jsonl", f'{{"file_name": "{A}", "n": 3, "l": [null]}}\n\n"{B}"\n', [(A, {"n": 3, "l": [None]}), (B, None)]),
        ("hugging face.jsonl", f'{{"image": {{"path": "{A}"}}, "label": 1}}\n', [(A, {"label": 1})]),
        ("not a number.jsonl", f'{{"file": "{A}", "v": NaN, "t": "\\ud800"}}\n', [(A, {"v": "NaN", "t": "\\ud800"})]),
        ("urls.csv", "url,n\nhttp://localhost/x.jpg,1\n", [("http://localhost/x.jpg", {"n": "1"})]),
    ],
)  # fmt: skip
def test_lists_as_people_have_them(name, text, expected):
    assert found(write(name, text)) == expected


@pytest.mark.parametrize("text", ["", "filename,label\n"])
def test_a_list_without_names_has_no_images(text):
    with pytest.raises(UsageError, match="no images found in "):
        found(write("l.csv", text))
    assert len(list(open_source([write("l.csv", text), A]).items)) == 1


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize(("name", "between"), [("l.csv", ","), ("l.csv", ";"), ("l.tsv", "\t"), ("l.txt", ",")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings(encoding, name, between, end):
    text = end.join(
        [f"image_path{between}größe", f"samples/Grün.png{between}weiß", f"samples/a.png{between}x", ""]
    )
    if encoding == "utf-32":
        text = "\ufeff" + text
    assert found(write(name, text, encoding.replace("utf-32", "utf-32-le"))) == [
        ("samples/Grün.png", {"größe": "weiß"}),
        ("samples/a.png", {"größe": "x"}),
    ]


def test_a_name_that_is_no_utf8_is_found_by_its_bytes():
    name = os.fsdecode(b"samples/bad\xff.png")
    Path(name).write_bytes(b"x")
    write("l.txt", os.fsencode(f"{name}\n"))
    assert found("l.txt") == [(name, None)]


def test_every_line_has_its_row():
    """Empty cells, lines that are too short, and what is no JSON."""
    rows = fake_classifier().predict(write("l.csv", f'n,file\n1,{A}\n2,\n3\n4,"  "\n5,{B}\n'))
    assert [(row.filename, row.error_kind) for row in rows] == [
        (A, None),
        ("l.csv:3", "not_found"),
        ("l.csv:4", "not_found"),
        ("l.csv:5", "not_found"),
        (B, None),
    ]
    assert [row.columns["n"] for row in rows] == list("12345")
    assert rows[1].error == "line 3 of the list names no image"
    lines = [
        json.dumps({"file": A}),
        "{",
        "[1]",
        json.dumps({"file": 3}),
        json.dumps({"x": 3}),
        json.dumps({"file": "\ud800"}),
    ]
    rows = fake_classifier().predict(write("l.jsonl", "\n".join(lines)))
    assert [row.filename for row in rows] == [A, *(f"l.jsonl:{n}" for n in (2, 3, 4, 5)), "\\ud800"]
    assert [row.error_kind for row in rows] == [None, *["not_found"] * 5]


@pytest.mark.parametrize(
    ("name", "text", "column", "said"),
    [
        ("l.csv", "foo,bar\na.png.txt,1\n", None, "l.csv begins with neither an image nor a column of them (foo, bar): --column"),
        ("l.jsonl", '{"foo": 1}', None, "l.jsonl has no column of images (foo): --column"),
        ("l.jsonl", "[1]", None, "line 1 is no JSON object"),
        ("l.csv", "foo,path\na.png,1\n", "baz", "has no column 'baz'; it has foo, path"),
        ("l.jsonl", '{"foo": 1}', "baz", "has no column 'baz'; it has foo"),
        ("l.csv", f'path,b\n{A},"open\n{B},x\n', None, "l.csv, line 2: its quotation marks do not match"),
        ("l.csv", b"\x89PNG\0\0\0x\0\0", None, "is not text"),
        ("l.parquet", "PAR1", None, "lists in .parquet are not read; save it as .csv"),
        ("l.xlsx", "PK", None, "lists in .xlsx are not read"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_and_named(name, text, column, said):
    write(name, text)
    with pytest.raises(UsageError) as caught:
        found(name, column=column)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    rows = fake_classifier().predict([A, name, A]) if column is None else []
    assert {row.error_kind for row in rows[1:-1]} <= {None, "unreadable"}
    assert all(row.ok for row in (*rows[:1], *rows[-1:]))


def test_a_list_that_is_no_regular_file_is_refused_and_not_waited_for():
    os.mkfifo("l.txt")
    with pytest.raises(UsageError, match="is no regular file; `-` reads names"):
        found("l.txt")


@pytest.mark.parametrize("column", ["foo", "FOO", " Foo "])
def test_a_column_by_name(column):
    write("l.csv", f"path,foo\nx,{A}\n")
    assert found("l.csv", column=column) == [(A, {"path": "x"})]
    write("l.jsonl", json.dumps({"path": 1, "foo": A}))
    assert found("l.jsonl", column=column) == [(A, {"path": 1})]


def test_a_column_of_a_list_without_header():
    write("l.csv", f"{B};{A}\n")
    assert found("l.csv", column="column_2") == [(A, {"column_1": B})]


def test_names_beside_metadata_come_before_names_from_here(here):
    """The same name may be in both places; elsewhere the one from here is meant, as if it had been typed."""
    noise_image(1, 9, 9).save("c.png")
    write("set/metadata.csv", "file_name\nc.png\n")
    write("set/other.csv", "file_name\nc.png\n")
    assert found("set/metadata.csv") == [("set/c.png", None)]
    assert found("set/other.csv") == [("c.png", None)]


def test_a_run_over_a_list_can_be_resumed_after_its_images_were_deleted(here):
    write("set/l.csv", "filename\nc.png\nd.png\ne.png\n")
    noise_image(0, 9, 9).save("set/e.png")
    before = found("set/l.csv")
    Path("set/c.png").unlink()
    assert found("set/l.csv") == before


PIECES = st.sampled_from(
    ["a.png", "samples/a.png", "path", "filename", ",", ";", "\t", " ", '"', "\n", "\r", "\r\n", "\0", "\\", "{", "}",
     '{"path": "a.png"}', '{"x": {"path": 1}}', "[", ":", "ü", "\ud800", "\udcff", "http://x/", "s3://", "\ufeff", "#", "-"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=14)), st.sampled_from(listing.ENDINGS))
@example(b'" "', ".csv")
@settings(max_examples=200, deadline=None)
def test_whatever_a_list_holds_gives_items_or_is_refused(content, ending):
    if isinstance(content, list):
        content = "".join(content).encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"l{ending}"
        path.write_bytes(content)
        items = []
        with suppress(UsageError):
            items = list(open_source(path).items)
    for item in items:
        json.dumps(Prediction(item.filename, columns=item.columns).to_dict(), ensure_ascii=False).encode()
