"""Videos: which frames, upright, exactly; broken ones; without PyAV."""

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eyeful import extras
from eyeful.errors import MissingExtraError, UsageError
from eyeful.images import open_item
from eyeful.runs import Output, run
from eyeful.sources import is_countable, open_source
from eyeful.sources.video import Every
from helpers import fake_classifier

av = pytest.importorskip("av")

RATE = 10
CODECS = {
    "a.mp4": "libx264",
    "a.mov": "libx264",
    "a.mkv": "libx264",
    "a.webm": "libvpx",
    "a.avi": "mpeg4",
    "a.flv": "flv1",
    "a.m2ts": "libx264",
    "a.wmv": "wmv2",
    "a.MP4": "libx265",
}
COLOURS = ("red", "green", "blue")


def film(path, seconds=4, codec="libx264", rotation=0, sound=False, **options):
    """A video that is red for a second, then green, blue, red ...; its upper left quarter is white."""
    with av.open(str(path), "w", format={"a.MP4": "mp4"}.get(path.name), options=options) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.gop_size = 12
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(int(seconds * RATE)):
            pixels_HWC = np.zeros((48, 64, 3), np.uint8)
            pixels_HWC[..., number // RATE % 3] = 255
            pixels_HWC[:24, :32] = 255
            frame = av.VideoFrame.from_ndarray(pixels_HWC, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def found(path, **options) -> list[tuple[str, str | None]]:
    rows = fake_classifier(workers=3).stream(open_source(str(path), **options))
    return [(row.filename.removeprefix(f"{path}#t="), row.label or row.error_kind) for row in rows]


@pytest.mark.parametrize("name", CODECS)
def test_a_frame_each_second(name, tmp_path):
    path = film(tmp_path / name, codec=CODECS[name])
    assert found(path) == [("0.00", "red"), ("1.00", "green"), ("2.00", "blue"), ("3.00", "red")]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.m2ts", "a.avi"])
def test_each_frame_is_that_of_a_decoder_that_goes_through_all(name, tmp_path):
    """Whatever the order in which they are asked for."""
    path = film(tmp_path / name, seconds=3, codec=CODECS[name])
    with av.open(str(path)) as container:
        expected = [hashlib.md5(frame.to_ndarray(format="rgb24")).digest() for frame in container.decode(video=0)]  # noqa: S324
    items = list(open_source(path, every="1f").items)
    with ThreadPoolExecutor(4) as pool:
        for order in (slice(None), slice(None, None, -1), slice(None, None, 7)):
            contents = pool.map(lambda item: item.content(), items[order])
            digests = [hashlib.md5(content.partition(b"255\n")[2]).digest() for content in contents]  # noqa: S324
            assert digests == expected[order]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("2s", ["0.00", "2.00"]),
        ("500ms", ["0.00", "0.50", "1.00", "1.50", "2.00", "2.50"]),
        ("0.45", ["0.00", "0.50", "0.90", "1.40", "1.80", "2.30", "2.70"]),
        (1.5, ["0.00", "1.50"]),
        ("1min", ["0.00"]),
        ("12f", ["0.000", "1.200", "2.400"]),
        ("10ms", [f"{n / 10:.3f}" for n in range(30)]),
    ],
)
def test_how_often(every, expected, tmp_path):
    assert [time for time, _ in found(film(tmp_path / "a.mp4", seconds=3), every=every)] == expected


@pytest.mark.parametrize("every", ["", "0", "-1s", "1h", "0f", "1.5f", "nan", "inf", "often"])
def test_what_is_no_time_is_refused(every):
    with pytest.raises(UsageError, match="is no time between frames; write 1s"):
        Every.of(every)
    with pytest.raises(UsageError, match="is no time"):
        open_source(["a.mp4", "b.mp4"], every=every)


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (1, 0)), (-90, (0, 1)), (180, (1, 1))])
def test_frames_are_upright(degrees, corner, tmp_path):
    """The white corner goes where a counter-clockwise turn takes it."""
    (item,) = open_source(film(tmp_path / "a.mp4", seconds=0.3, rotation=degrees)).items
    with open_item(item) as opened:
        pixels_HWC = np.asarray(opened.image)
    assert pixels_HWC.shape == ((64, 48, 3) if degrees in (90, -90) else (48, 64, 3))
    white = pixels_HWC[[4, 4, -4, -4], [4, -4, 4, -4]].min(1) > 200
    assert np.flatnonzero(white).tolist() == [2 * corner[0] + corner[1]]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.flv", "a.avi"])
@pytest.mark.parametrize("share", [0.5, 0.7])
def test_a_video_that_is_cut_off_gives_the_rows_so_far_and_an_error(name, share, tmp_path):
    options = {"movflags": "faststart"} if name == "a.mp4" else {}
    path = film(tmp_path / name, seconds=8, codec=CODECS[name], **options)
    whole, content = found(path), path.read_bytes()
    begin = max(0, content.find(b"mdat"), content.find(b"movi"))  # what stands before the frames is left whole
    path.write_bytes(content[: begin + int(share * (len(content) - begin))])
    *rows, last = found(path)
    assert last == (str(path), "truncated")
    assert 1 <= len(rows) <= 8
    assert rows == whole[: len(rows)]


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (None, "not_found", "no such file"),
        (b"", "empty", "empty"),
        (b"no video at all" * 99, "truncated", "cannot be read"),
        (b"#EXTM3U\n#EXTINF:1,\nother.mp4\n", "truncated", "cannot be read"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "truncated", "cannot be read"),
    ],
)
def test_what_is_no_video(content, kind, said, tmp_path):
    film(tmp_path / "other.mp4", seconds=1)
    if content is not None:
        (tmp_path / "a.mp4").write_bytes(content)
    (row,) = fake_classifier().predict(tmp_path / "a.mp4")
    assert row.error_kind == kind
    assert said in row.error


def test_sound_alone(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (row,) = fake_classifier().predict(tmp_path / "a.mp4")
    assert row.error_kind == "unsupported_format"
    assert "only sound" in row.error


def test_damage_in_the_middle_costs_rows_and_changes_none(tmp_path):
    path = film(tmp_path / "a.mp4", seconds=8)
    whole, content = dict(found(path)), bytearray(path.read_bytes())
    for place in range(len(content) // 3, len(content) // 2, 40):
        content[place] ^= 0x55
    path.write_bytes(content)
    rows = dict(found(path))
    assert "truncated" in rows.values()
    assert all(rows[time] in (whole[time], "truncated") for time in rows.keys() & whole.keys())


def test_videos_are_taken_when_named_or_matched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "a.mp4", seconds=1)
    (tmp_path / "list.csv").write_text("filename,n\na.mp4,1\n")
    with pytest.raises(UsageError, match=r"only other files \((\.csv 1|, |\.mp4 1){3}\)"):
        fake_classifier().predict(".")
    assert [row.filename for row in fake_classifier().predict("*.mp4")] == ["a.mp4#t=0.00"]
    (row,) = fake_classifier().predict("list.csv")
    assert (row.error_kind, row.columns) == ("unsupported_format", {"n": "1"})
    assert "name it by itself" in row.error
    assert not is_countable("a.mp4")


def test_a_run_over_a_video_is_resumed(tmp_path):
    path = film(tmp_path / "a.mp4")
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    run(fake_classifier(), open_source(path), output=Output(str(whole)))
    run(fake_classifier(), open_source(path), output=Output(str(cut)))
    cut.write_bytes(b"".join(cut.read_bytes().splitlines(keepends=True)[:2]))
    run(fake_classifier(), open_source(path), output=Output(str(cut), resume=True))
    assert cut.read_bytes() == whole.read_bytes()


def test_without_pyav_the_install_command_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "av" else sys.modules.get(name))
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    with pytest.raises(MissingExtraError, match=r'pip install "eyeful\[video\]"'):
        fake_classifier().predict(path)
    rows = fake_classifier().predict([path, path])
    assert ["eyeful[video]" in row.error for row in rows] == [True, True]
