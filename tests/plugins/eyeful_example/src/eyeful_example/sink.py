"""A sink, `-o rows.tsv`: one row, one line of cells in JSON between tabs. A run can be resumed from it."""

import json

from eyeful.errors import OutputError
from eyeful.filenames import original_name
from eyeful.sinks import ExistingRow, cut_last_line, holds_something, open_text

COLUMNS = ("filename", "filename_b64", "label", "prob", "abstained", "error_kind", "error")


class TsvSink:
    """Writes each row as it comes; see `eyeful.sinks.RowSink`."""

    suffix = ".tsv"
    wants_thumbnails = False
    rows_in_hand = 0

    def __init__(self, path, *, resume=False, record=None):
        self._path, self._mode = path, "a" if resume else "w"

    @staticmethod
    def exists(path):
        return holds_something(path)

    @staticmethod
    def written(path):
        cut_last_line(path, quoted=False)
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    row = dict(zip(COLUMNS, map(json.loads, line.split("\t")), strict=True))
                except ValueError as error:
                    raise OutputError(
                        f"{path}: line {number} is no row of ours: --overwrite starts anew"
                    ) from error
                name = original_name(row["filename"], row["filename_b64"])
                yield ExistingRow(name, row["error_kind"], row["abstained"])

    def __enter__(self):
        self._file = open_text(self._path, self._mode)
        return self

    def append(self, prediction):
        row = prediction.to_dict()
        cells = (json.dumps(row.get(column), ensure_ascii=False) for column in COLUMNS)
        self._file.write("\t".join(cells) + "\n")
        self._file.flush()

    def __exit__(self, kind, error, trace):
        self._file.close()
