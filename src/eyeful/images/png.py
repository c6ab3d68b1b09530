"""Chunks of a PNG that Pillow does not keep."""

from typing import IO

_MOST_CHUNKS = 1000


def read_chunk(file: IO[bytes], name: bytes, length: int) -> bytes | None:
    """The first `length` bytes of a chunk before the pixels, or None. The file's position stays."""
    position = file.tell()
    try:
        file.seek(8)
        for _ in range(_MOST_CHUNKS):
            head = file.read(8)
            if len(head) < 8 or head[4:] == b"IDAT":
                return None
            if head[4:] == name:
                return file.read(length)
            file.seek(int.from_bytes(head[:4], "big") + 4, 1)
        return None
    finally:
        file.seek(position)
