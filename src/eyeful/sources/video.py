"""Videos: a frame every so often, called `clip.mp4#t=3.20`.

The packets' times are read first, without decoding; a frame is decoded when it is opened, in a decode worker. So
no frame waits in memory, and a run can go on in the middle.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from eyeful.errors import ImageError, UsageError, one_line
from eyeful.extras import require
from eyeful.sources.base import Search, Sized, SourceKind, refused
from eyeful.sources.glob import is_pattern
from eyeful.sources.video_frames import REORDERED, Frame, opened, read_frame
from eyeful.types import Item

EXTENSIONS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg"),
    *(".wmv", ".flv", ".3gp", ".ogv", ".mts", ".m2ts"),
)
"""What a video's name ends with."""

_EVERY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|sec|m|min|f|)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "": 1.0, "m": 60.0, "min": 60.0}
_MISSING = 2.0
"""Seconds that a video may end early, and still be whole."""


@dataclass(frozen=True, slots=True)
class Every:
    """How often a frame is taken: one of the two is there.

    Attributes:
        seconds: from one to the next, at least.
        frames: from one to the next.
    """

    seconds: float = 0.0
    frames: int = 0

    @staticmethod
    def of(text: str | float | None) -> Every:
        """What a user wrote: seconds, or "500ms", "2s", "1min", "10f" (frames); a second by default.

        Raises:
            UsageError: it is none of these.
        """
        match = _EVERY.fullmatch(str("1s" if text is None else text).strip())
        number, unit = (float(match[1]), match[2].lower()) if match else (0.0, "")
        if unit == "f" and number.is_integer() and number >= 1:
            return Every(frames=int(number))
        seconds = number * _SECONDS.get(unit, 0.0)
        if not 0 < seconds < math.inf:
            raise UsageError(f"--every {text} is no time between frames; write 1s, 0.5s, 500ms or 10f (frames)")
        return Every(seconds)


def is_video(path: str | Path) -> bool:
    """Whether a named file is a video, by its ending."""
    return str(path).lower().endswith(EXTENSIONS) and bool(Path(path).suffix) and not is_pattern(path)


def _items(text: str | Path, search: Search, _: Counter[str]) -> Iterator[Item]:
    """Frames, as far as they can be read; where a video is broken, an error row of its own says so.

    Raises:
        MissingExtraError: PyAV is not installed.
        UsageError: `search.every` is no time.
    """
    path, step = Path(text), Every.of(search.every)
    require("av", "a video")
    if not path.is_file() or not path.stat().st_size:
        yield Item(str(path), path)  # not there, no file, or empty: as any other
        return
    try:
        with opened(path) as container:
            stream = _stream_of(container)
            times = _Times(container, stream)
            for pts, key in _chosen(times.in_order(), step, float(stream.time_base)):
                yield _item(Frame(path, stream.index, pts, key), stream, times.seconds(pts), step)
            if times.broken_at is not None:
                fault = f"the video is damaged or cut off after {times.broken_at:.2f} s"
                yield refused(str(path), "truncated", fault)
    except ImageError as error:
        yield refused(str(path), error.kind, str(error))
    except Exception as error:  # noqa: BLE001 - what is damaged raises more than FFmpeg's errors
        reason = one_line(getattr(error, "strerror", None) or error)
        yield refused(str(path), "truncated", f"the video cannot be read to its end: {reason}")


def _stream_of(container: Any) -> Any:
    """The first stream that is no cover image.

    Raises:
        ImageError: `unsupported_format`, where there is none, or none that can be decoded.
    """
    streams = [one for one in container.streams.video if "attached_pic" not in str(one.disposition).lower()]
    if not streams:
        raise ImageError("unsupported_format", "there are no images in the video, only sound or text")
    if streams[0].codec_context is None:
        raise ImageError("unsupported_format", "the video's codec is not known to PyAV")
    return streams[0]


class _Times:
    """When a video's frames are shown.

    Args:
        container: what was opened.
        stream: the one whose frames are looked for.

    Attributes:
        broken_at: seconds after which something is missing; None as long as nothing is.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self._base = float(stream.time_base)
        self._start: int | None = None
        self._end = 0.0
        self._keys = (0, 0)
        self.broken_at: float | None = None

    def seconds(self, pts: int) -> float:
        """A frame's time, from the first one."""
        return (pts - (self._start or 0)) * self._base

    def in_order(self) -> Iterator[tuple[int, int]]:
        """The times of all frames and of the key frames before them, in the order in which they are shown.

        Both are in the stream's units.
        """
        waiting: list[tuple[int, int]] = []
        failure: Exception | None = None
        try:
            for packet in self._container.demux():
                pts = self._taken(packet)
                if pts is None:
                    continue
                if packet.is_keyframe:
                    self._keys = (self._keys[1], pts)
                heappush(waiting, (pts, self._keys[0] if pts < self._keys[1] else self._keys[1]))
                if len(waiting) > REORDERED:
                    yield self._first(waiting)
        except Exception as error:  # noqa: BLE001 - raised below, behind the frames that came before
            failure = error
        while waiting:
            yield self._first(waiting)
        if failure is not None:
            raise failure
        if self.broken_at is None:
            self.broken_at = 0.0 if self._start is None else self._missing()

    def _taken(self, packet: Any) -> int | None:
        """When a packet's frame is shown; None where it holds none of ours, or a broken one."""
        pts: int | None = packet.pts if packet.pts is not None else packet.dts
        if pts is None or packet.time_base is None:
            return None
        self._end = max(self._end, float((pts + (packet.duration or 0)) * packet.time_base))
        if packet.stream is not self._stream or packet.is_discard:
            return None
        if packet.is_corrupt:
            self.broken_at = self.seconds(pts) if self.broken_at is None else self.broken_at
            return None
        return pts

    def _first(self, waiting: list[tuple[int, int]]) -> tuple[int, int]:
        pts, key = heappop(waiting)
        if self._start is None:
            self._start = pts
        return pts, key

    def _missing(self) -> float | None:
        """Where the video ends, if it says that it ends later."""
        if not self._container.duration:
            return None
        declared = self._container.duration / 1e6
        end = self._end - (self._container.start_time or 0) / 1e6
        return end if declared - end > max(0.5, min(declared / 10, _MISSING)) else None


def _chosen(times: Iterator[tuple[int, int]], step: Every, base: float) -> Iterator[tuple[int, int]]:
    """The first frame, and from then on the first one at or after every step."""
    start: int | None = None
    due = 0.0
    for number, (pts, key) in enumerate(times):
        start = pts if start is None else start
        at = (pts - start) * base
        if step.frames:
            if number % step.frames == 0:
                yield pts, key
        elif at >= due - base / 2:
            yield pts, key
            due = (int((at + base / 2) / step.seconds) + 1) * step.seconds


def _item(frame: Frame, stream: Any, seconds: float, step: Every) -> Item:
    digits = 3 if step.frames or step.seconds < 0.05 else 2
    size = 3 * stream.width * stream.height + 32
    return Item(f"{frame.path}#t={seconds:.{digits}f}", Sized(size, partial(read_frame, frame)))


SOURCE = SourceKind(is_video, _items, priority=35, countable=False, heeds=("every",), divisible=False)
