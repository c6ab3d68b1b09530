"""A run in pieces: its inputs cut into shards, and a part of rows for each, wherever it is made.

A part's name follows from its inputs, and it is there whole or not at all. So a shard may be made twice, by any
process or machine; what is done is what is listed. Nothing here knows who makes the shards.
"""

from eyeful.shards.parts import PartsSink, join, part_counts
from eyeful.shards.shard import SHARD_ROWS, Shard, cut
from eyeful.shards.storage import Storage, open_storage

__all__ = ["SHARD_ROWS", "PartsSink", "Shard", "Storage", "cut", "join", "open_storage", "part_counts"]
