"""Writes small dataset folders and files with Python's `datasets` and pyarrow, for packages/data to open.

Run: python tooling/parity/datasets.py   (needs `datasets` and `pyarrow`)
Check a folder of ours: python tooling/parity/datasets.py check FOLDER
"""

import json
import shutil
import sys
from pathlib import Path

# The script's folder must not shadow the package of the same name.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import datasets  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

OUT = Path(__file__).parent / "fixtures" / "datasets"


def text_rows(count, word):
    return [
        {
            "prompt": f"{word} {i}: naïve “quotes” 🙂",
            "chosen": f" good {i}",
            "rejected": f" bad {i}",
            "id": None if i % 3 == 0 else f"{word}-{i}",
            "chosen_score": i / 4,
            "rejected_score": None if i % 2 else -i / 8,
        }
        for i in range(count)
    ]


def chat_rows(count):
    def turn(role, content):
        return {"role": role, "content": content}

    return [
        {
            "chosen": [turn("user", f"question {i}"), turn("assistant", f"good {i}")],
            "rejected": [turn("user", f"question {i}"), turn("assistant", f"bad {i}")],
            "source": "made up",
        }
        for i in range(count)
    ]


def write():
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "shapes").mkdir(parents=True)
    train, test = text_rows(7, "train"), text_rows(3, "test")

    datasets.Dataset.from_list(train).save_to_disk(OUT / "plain", num_shards=2)
    splits = {"train": datasets.Dataset.from_list(train), "test": datasets.Dataset.from_list(test)}
    datasets.DatasetDict(splits).save_to_disk(OUT / "splits")
    datasets.Dataset.from_list(chat_rows(4)).save_to_disk(OUT / "chat")

    large = pa.table(
        {
            "prompt": pa.array([row["prompt"] for row in train], pa.large_string()),
            "chosen": pa.array([row["chosen"] for row in train]).dictionary_encode(),
            "rejected": pa.array([row["rejected"] for row in train], pa.large_string()),
            "id": pa.array(range(len(train)), pa.int64()),
            "chosen_score": pa.array([row["chosen_score"] for row in train], pa.float32()),
        }
    )
    with pa.ipc.new_file(OUT / "large.arrow", large.schema) as file:
        file.write_table(large, max_chunksize=3)
    with pa.ipc.new_stream(OUT / "stream.arrow", large.schema) as stream:
        stream.write_table(large, max_chunksize=3)
    long = pa.Table.from_pylist([{**row, "prompt": row["prompt"] * 40} for row in train])
    with pa.ipc.new_file(OUT / "compressed.arrow", large.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(large)
    with pa.ipc.new_file(OUT / "lz4.arrow", long.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file:
        file.write_table(long, max_chunksize=3)
    with pa.ipc.new_stream(OUT / "zstd-stream.arrow", long.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(long, max_chunksize=3)
    ranked = pa.table(
        {"prompt": ["p"], "responses": [["a", "b", "c"]], "scores": pa.array([[3, 2.5, -1]], pa.list_(pa.float32()))}
    )
    with pa.ipc.new_file(OUT / "ranked.arrow", ranked.schema) as file:
        file.write_table(ranked)

    pq.write_table(pa.Table.from_pylist(train), OUT / "plain.parquet", row_group_size=3, compression="snappy")
    pq.write_table(pa.Table.from_pylist(chat_rows(4)), OUT / "chat.parquet", compression="zstd")

    write_shapes()
    broken = pa.Table.from_pylist([{**train[0], "chosen": chosen} for chosen in ("yes", "", None, "no")])
    with pa.ipc.new_file(OUT / "broken-rows.arrow", broken.schema) as file:
        file.write_table(broken, max_chunksize=2)

    rows = {"train": train, "test": test, "chat": chat_rows(4)}
    (OUT / "rows.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def write_shapes():
    """Pairs in their published shapes, as Parquet files and as a folder of `datasets`."""

    def turn(role, content):
        return {"role": role, "content": content}

    shapes = {
        "instruction": [
            {"instruction": "Name a colour.", "input": "A warm one.", "output_1": "Blue", "output_2": "Red", "preference": 2},
            {"instruction": "Add.", "input": "", "output_1": "3", "output_2": "4", "preference": 1},
        ],
        "ultrafeedback": [
            {
                "source": "evol",
                "instruction": f"Task {i}",
                "models": ["a", "b", "c"],
                "completions": [
                    {"model": "a", "response": f"fair {i}", "overall_score": 6.0, "fine-grained_score": 3.5},
                    {"model": "b", "response": f"best {i}", "overall_score": 5.0, "fine-grained_score": 4.5},
                    {"model": "c", "response": f"worst {i}", "overall_score": 8.0, "fine-grained_score": 1.25},
                ],
            }
            for i in range(3)
        ],
        "binarized": [
            {
                "prompt": "Hi",
                "chosen": [turn("user", "Hi"), turn("assistant", f"Hello {i}")],
                "rejected": [turn("user", "Hi"), turn("assistant", "No")],
                "score_chosen": 8.5,
                "score_rejected": 2.0 + i,
            }
            for i in range(2)
        ],
        "kto": [
            {"prompt": "p", "completion": "good", "label": True},
            {"prompt": "q", "completion": "bad", "label": False},
        ],
    }
    for name, rows in shapes.items():
        pq.write_table(pa.Table.from_pylist(rows), OUT / "shapes" / f"{name}.parquet")
        folder = OUT / "shapes" / name
        shutil.rmtree(folder, ignore_errors=True)
        datasets.Dataset.from_list(rows).save_to_disk(folder)


def check(folder):
    """Prints the rows of a folder or an Arrow file as JSON lines."""
    rows = pa.ipc.open_file(folder).read_all().to_pylist() if folder.endswith(".arrow") else datasets.load_from_disk(folder)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    check(sys.argv[2]) if sys.argv[1:2] == ["check"] else write()
