"""Writes Arrow files with a column of every type by pyarrow, for packages/data to open.

Run: python tooling/parity/arrow_types.py   (needs `pyarrow` and `numpy`)
"""

import datetime
import decimal
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import ipc

OUT = Path(__file__).parent / "fixtures" / "arrow_types"
ROWS = 6
DAY = datetime.date(2020, 1, 1)


def every_type():
    kinds = pa.array([0, 1] * (ROWS // 2), pa.int8())
    halves = pa.array([i // 2 for i in range(ROWS)], pa.int32())
    parts = [pa.array(range(ROWS)), pa.array(["s"] * ROWS)]
    columns = {
        "prompt": pa.array([f"q{i} é" for i in range(ROWS)]),
        "chosen": pa.array([f"good {i // 2}" for i in range(ROWS)]).dictionary_encode(),
        "rejected": pa.array([f"a rejected answer, number {i}" for i in range(ROWS)], pa.string_view()),
        "source": pa.array(["x", None, "y"] * (ROWS // 3)).dictionary_encode(),
        "null": pa.nulls(ROWS),
        "bool": pa.array([True, None] * (ROWS // 2)),
        "float16": pa.array(np.arange(ROWS).astype("float16")),
        "large_string": pa.array(["s"] * ROWS, pa.large_string()),
        "binary": pa.array([b"x"] * ROWS),
        "large_binary": pa.array([b"x"] * ROWS, pa.large_binary()),
        "binary_view": pa.array([b"more than twelve bytes"] * ROWS, pa.binary_view()),
        "fixed_binary": pa.array([b"abc"] * ROWS, pa.binary(3)),
        "date32": pa.array([DAY] * ROWS),
        "date64": pa.array([DAY] * ROWS, pa.date64()),
        "timestamp": pa.array([datetime.datetime(2020, 1, 1)] * ROWS, pa.timestamp("us", "UTC")),
        "time32": pa.array([1] * ROWS, pa.time32("s")),
        "time64": pa.array([1] * ROWS, pa.time64("us")),
        "duration": pa.array([1] * ROWS, pa.duration("s")),
        "decimal128": pa.array([decimal.Decimal("1.5")] * ROWS),
        "decimal256": pa.array([decimal.Decimal("1.5")] * ROWS, pa.decimal256(40, 2)),
        "interval": pa.array([pa.MonthDayNano([1, 2, 3])] * ROWS),
        "list": pa.array([[1, 2], None, []] * (ROWS // 3)),
        "large_list": pa.array([["a"]] * ROWS, pa.large_list(pa.string())),
        "fixed_list": pa.array([[1.0, 2.0, 3.0], None] * (ROWS // 2), pa.list_(pa.float32(), 3)),
        "struct": pa.array([{"a": 1, "b": "x"}, None] * (ROWS // 2)),
        "map": pa.array([[("k", 1)], []] * (ROWS // 2), pa.map_(pa.string(), pa.int32())),
        "dictionaries": pa.array([["a", "b"]] * ROWS, pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        "sparse_union": pa.UnionArray.from_sparse(kinds, parts),
        "dense_union": pa.UnionArray.from_dense(kinds, halves, parts),
    }
    for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64(), pa.float32(), pa.float64()):
        columns[str(kind)] = pa.array(range(ROWS), kind)
    return pa.table(columns)


def write():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    table = every_type()
    for codec in (None, "lz4", "zstd"):
        options = ipc.IpcWriteOptions(compression=codec, emit_dictionary_deltas=True)
        with ipc.new_file(OUT / f"file-{codec or 'plain'}.arrow", table.schema, options=options) as writer:
            writer.write_table(table)
    # Slices, whose offsets do not begin with 0 in memory.
    with ipc.new_stream(OUT / "stream-sliced.arrow", table.schema) as writer:
        for start in range(0, ROWS, 4):
            writer.write_table(table.slice(start, 4))

    # A dictionary that another one replaces in the middle of a stream.
    schema = pa.schema([("prompt", pa.string()), ("chosen", pa.dictionary(pa.int32(), pa.string())), ("rejected", pa.string())])
    with ipc.new_stream(OUT / "replaced.arrow", schema) as writer:
        for k in range(3):
            chosen = pa.array([f"good {k}a", f"good {k}b"]).dictionary_encode()
            writer.write_batch(pa.record_batch([pa.array([f"q{k}"] * 2), chosen, pa.array(["bad"] * 2)], schema=schema))


if __name__ == "__main__":
    write()
