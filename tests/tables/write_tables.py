"""Writes tables of random columns as Parquet and Arrow files, in every codec, page form and container, and their rows.

    python write_tables.py SEED FOLDER

FOLDER then has NAME.parquet and NAME.arrow files, and expected.json: the rows of each file as JSON has them.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
WORDS = ["why", "so", "naïve", "½", "<b>", "\n", '"quoted"', "日本", "\U0001f426", "", "a,b;c\td"]


def text(draw):
    return " ".join(draw.choice(WORDS) for _ in range(draw.randrange(0, 12)))


def moment(ms):
    return (EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


# Of each kind of column: its type, how a value is drawn, and how JSON has it.
KINDS = {
    "string": (pa.string(), text, None),
    "large_string": (pa.large_string(), text, None),
    "bool": (pa.bool_(), lambda draw: draw.random() < 0.5, None),
    "int8": (pa.int8(), lambda draw: draw.randrange(-128, 128), None),
    "uint16": (pa.uint16(), lambda draw: draw.randrange(0, 65536), None),
    "int32": (pa.int32(), lambda draw: draw.randrange(-(2**31), 2**31), None),
    "int64": (pa.int64(), lambda draw: draw.randrange(-(2**53) + 1, 2**53), None),
    "float32": (pa.float32(), lambda draw: draw.randrange(-4000, 4000) / 8, None),
    "float64": (pa.float64(), lambda draw: draw.uniform(-1e6, 1e6), None),
    "timestamp": (pa.timestamp("ms"), lambda draw: draw.randrange(0, 2 * 10**12), moment),
    "list": (pa.list_(pa.string()), lambda draw: [text(draw) for _ in range(draw.randrange(0, 4))], None),
    "struct": (
        pa.struct([("text", pa.string()), ("n", pa.int32())]),
        lambda draw: {"text": text(draw), "n": draw.randrange(100)},
        None,
    ),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), lambda draw: draw.choice(["red", "green", "blue"]), None),
}


def table(draw, rows):
    """A table with an input and a label, and some of the other kinds; one value in eight is missing."""
    kinds = draw.sample(sorted(KINDS), draw.randrange(2, len(KINDS)))
    fields, columns, shown = [], {}, {}
    for name, kind, holes in [("input", "string", 0), ("label", "string", 0), *((f"{k} {i}", k, 0.125) for i, k in enumerate(kinds))]:
        kind_type, draw_value, as_json = KINDS[kind]
        values = [None if draw.random() < holes else draw_value(draw) for _ in range(rows)]
        fields.append((name, kind_type))
        columns[name] = values
        shown[name] = [value if value is None or as_json is None else as_json(value) for value in values]
    made = pa.Table.from_pydict(columns, schema=pa.schema(fields))
    return made, [dict(zip(shown, row)) for row in zip(*shown.values())]


def main():
    draw, folder = random.Random(int(sys.argv[1])), Path(sys.argv[2])
    expected = {}
    for number, codec in enumerate(["none", "snappy", "gzip", "brotli", "zstd", "lz4"] * 3):
        made, rows = table(draw, draw.choice([1, 7, 250]))
        name = f"{number}.{codec}.parquet"
        options = {
            "use_dictionary": draw.random() < 0.5,
            "data_page_version": draw.choice(["1.0", "2.0"]),
            "row_group_size": draw.choice([3, 64, 1000]),
            "data_page_size": draw.choice([64, 4096, 2**20]),
            "write_statistics": draw.random() < 0.5,
        }
        pq.write_table(made, folder / name, compression=codec, **options)
        expected[name] = rows
    for number, codec in enumerate(["uncompressed", "lz4", "zstd"] * 3):
        made, rows = table(draw, draw.choice([1, 7, 250]))
        name = f"{number}.{codec}.arrow"
        pa.feather.write_feather(made, folder / name, compression=codec, chunksize=draw.choice([1, 64, 1000]))
        expected[name] = rows
    for number in range(3):
        made, rows = table(draw, draw.choice([1, 7, 250]))
        name = f"{number}.stream.arrow"
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, made.schema) as writer:
            writer.write_table(made, max_chunksize=draw.choice([1, 64, 1000]))
        expected[name] = rows
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


main()
