"""One frame of a video, decoded when it is opened. With `video`, the only file that uses PyAV, which is FFmpeg.

Frames are mostly asked for one after the other, so one decoder for each video goes on from frame to frame. What it
cannot give is decoded apart, from the key frame before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, dropwhile
from pathlib import Path
from threading import Condition
from typing import Any

import numpy as np

from eyeful.cpu import usable_cores
from eyeful.errors import ImageError, one_line
from eyeful.extras import require

REORDERED = 32
"""Packets within which a frame's place may differ from the order in the file."""
_NEAR = 0.1
"""Seconds by which a decoder's time may differ from a packet's: AVI has no times of frames."""
_BACK = 10.0
"""Seconds from one key frame to the next, mostly at most."""
_TURN = 5.0
"""Seconds for which a frame waits for its turn; it is then decoded apart."""
_MOST_THREADS = 8
_LENIENT = 19
"""The version of PyAV from which on metadata in another encoding than UTF-8 are no error."""
_FORMATS = "mov,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,flv,ogg,m4v,dv"


@dataclass(frozen=True, slots=True)
class Frame:
    """Which frame.

    Attributes:
        path: the video.
        stream: the place of its stream.
        pts: when it is shown, in the stream's units.
        key: the same for the key frame before it, from which it is decoded.
    """

    path: Path
    stream: int
    pts: int
    key: int


def opened(path: Path) -> Any:
    """A video as PyAV's container, a context manager; nothing else that FFmpeg can read, such as a list of files.

    Raises:
        MissingExtraError: PyAV is not installed.
        Exception: it cannot be opened.
    """
    av = require("av", "a video")
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    older = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < _LENIENT else {}
    return av.open(str(path.absolute()), options=options, **older)


def read_frame(frame: Frame) -> bytes:
    """One frame, upright, as a PPM file: pixels without compression.

    Raises:
        ImageError: `truncated`, where it cannot be decoded.
    """
    reason: object = "there is no frame at that time"
    for read in (_read_in_turn, _read_from_key_frame, _read_from_start):
        try:
            found = read(frame)
        except Exception as error:  # noqa: BLE001 - what is damaged raises more than FFmpeg's errors
            reason = getattr(error, "strerror", None) or error
        else:
            if found is not None:
                return found
    raise ImageError("truncated", f"this frame of the video cannot be decoded: {one_line(reason)}")


def _read_in_turn(frame: Frame) -> bytes | None:
    status = frame.path.stat()
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino, os.getpid())
    return _decoder(frame.path.resolve(), frame.stream, stamp).read(frame)


def _read_from_key_frame(frame: Frame, *, seek: bool = True) -> bytes | None:
    with opened(frame.path) as container:
        stream = _prepared(container, frame.stream, threads=1)
        if seek:
            found = _at(_from_key_frame(container, stream, frame.key), frame.pts, 0)
        else:
            found = _at(container.decode(stream), frame.pts, round(_NEAR / stream.time_base))
        return None if found is None else _ppm(found)


def _read_from_start(frame: Frame) -> bytes | None:
    return _read_from_key_frame(frame, seek=False)


@lru_cache(maxsize=4)
def _decoder(path: Path, stream: int, stamp: tuple[int, ...]) -> _Decoder:
    """The decoder of a video; the stamp tells one content from another, and one process from another."""
    del stamp
    return _Decoder(path, stream)


class _Decoder:
    """Goes through a video from frame to frame; of those who wait, who wants the earliest is served first.

    Args:
        path: the video.
        place: of its stream.
    """

    def __init__(self, path: Path, place: int) -> None:
        self._path = path
        self._place = place
        self._container: Any = None
        self._stream: Any = None
        self._frames: Iterator[Any] = iter(())
        self._shown: int | None = None
        self._change = Condition()
        self._waiting: list[int] = []
        self._busy = False

    def read(self, frame: Frame) -> bytes | None:
        """A frame; None where it is to be decoded apart."""
        with self._turn(frame.pts) as is_ours:
            if not is_ours:
                return None
            found = None
            try:
                if self._shown is None or not frame.key <= self._shown < frame.pts:
                    self._go_to(frame.key)
                found = _at(self._frames, frame.pts, 0)
            finally:
                self._shown = None if found is None else frame.pts
                if found is None:
                    self._container = None
            return None if found is None else _ppm(found)

    @contextmanager
    def _turn(self, pts: int) -> Iterator[bool]:
        with self._change:
            self._waiting.append(pts)
            is_ours = self._change.wait_for(lambda: not self._busy and min(self._waiting) == pts, _TURN)
            self._waiting.remove(pts)
            self._busy = self._busy or is_ours
        try:
            yield is_ours
        finally:
            with self._change:
                self._busy = self._busy and not is_ours
                self._change.notify_all()

    def _go_to(self, key: int) -> None:
        if self._container is None:
            self._container = opened(self._path)
            self._stream = _prepared(self._container, self._place, min(usable_cores(), _MOST_THREADS))
        self._frames = _from_key_frame(self._container, self._stream, key)


def _prepared(container: Any, place: int, threads: int) -> Any:
    """The stream, which will raise where it is damaged rather than guess what is missing."""
    stream = container.streams[place]
    stream.thread_type = "AUTO" if threads > 1 else "SLICE"
    stream.codec_context.thread_count = threads
    stream.codec_context.options = {"err_detect": "explode"}
    return stream


def _from_key_frame(container: Any, stream: Any, key: int) -> Iterator[Any]:
    """The frames from a key frame on, or an earlier one: formats without an index lead too far, or in between."""
    begin = stream.start_time or 0
    for target in (key, key - round(_BACK / stream.time_base), begin):
        container.seek(max(target, begin), stream=stream)
        frames = dropwhile(lambda frame: not frame.key_frame, container.decode(stream))
        first = next(frames, None)
        if first is not None and first.pts is not None and first.pts <= key:
            return chain((first,), frames)
    return iter(())


def _at(frames: Iterator[Any], pts: int, near: int) -> Any | None:
    """The frame of that time, or the next one if it is not later by more than `near`; None if there is none."""
    following, later = None, 0
    for frame in frames:
        at = frame.pts if frame.pts is not None else frame.dts
        if at is None or at < pts:
            continue
        if at == pts:
            return frame
        if following is None and at - pts <= near:
            following = frame
        later += 1
        if later > REORDERED:
            break
    return following


def _ppm(frame: Any) -> bytes:
    pixels_HWC = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
    height, width, _ = pixels_HWC.shape
    pixels: bytes = pixels_HWC.tobytes()
    return b"P6 %d %d 255\n" % (width, height) + pixels
