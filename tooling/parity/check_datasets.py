"""Checks that Python's `datasets` and `dpo data convert` open what the other writes, with equal rows.

    python tooling/parity/check_datasets.py

Needs `datasets` (datasets-requirements.txt) and the packages built (`npm run build`). `.ci/run` runs it. Folders of
`save_to_disk`, a DatasetDict, text and chat rows go in; folders, JSON lines and Arrow files, plain and compressed, come
out and are opened by `datasets` and pyarrow. Exit code 1 when rows differ.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

# The script's folder has a file with the name of the package.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import datasets  # noqa: E402
import pyarrow as pa  # noqa: E402

DPO = Path(__file__).parents[2] / "apps" / "cli" / "dist" / "bundle" / "main.js"


def text_rows(count, word):
    return [
        {
            "prompt": f"{word} {i}: naïve “quotes” 🙂\nsecond line",
            "chosen": f" good {i} " + "long " * (i % 50),
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
            "prompt": [turn("system", "Be brief."), turn("user", f"question {i}")],
            "chosen": [turn("assistant", f"good {i} 你好")],
            "rejected": [turn("assistant", f"bad {i}")],
            "source": "made up",
        }
        for i in range(count)
    ]


def convert(source, target, *options):
    command = ["node", str(DPO), "data", "convert", str(source), str(target), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")


def read(path):
    """The rows in Python, by the library with which users open such a file or folder."""
    if path.suffix == ".arrow":
        return pa.ipc.open_file(path).read_all().to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return datasets.load_from_disk(path).to_list()


def present(rows):
    """The rows without empty values, since an empty column need not be written."""
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def main():
    datasets.disable_progress_bars()
    compared, problems = 0, []
    cases = {
        "text": ({"train": text_rows(1000, "train"), "test": text_rows(300, "test")}, ("train", "test")),
        "chat": ({"train": chat_rows(200)}, ("train",)),
    }
    with tempfile.TemporaryDirectory() as temporary:
        for name, (splits, names) in cases.items():
            source = Path(temporary) / name
            datasets.DatasetDict({key: datasets.Dataset.from_list(rows) for key, rows in splits.items()}).save_to_disk(source)
            for split in names:
                for kind, options in (
                    ("folder", ()),
                    ("plain.arrow", ()),
                    ("lz4.arrow", ("--compression", "lz4")),
                    ("zstd.arrow", ("--compression", "zstd")),
                    ("rows.jsonl", ()),
                ):
                    target = Path(temporary) / f"{name}-{split}-{kind}"
                    convert(source, target, "--split", split, *options)
                    # And once more, from the file that we wrote.
                    again = Path(temporary) / f"again-{name}-{split}-{kind}"
                    convert(target, again, *options)
                    for place in (target, again):
                        compared += 1
                        if present(read(place)) != present(splits[split]):
                            problems.append(f"{place.name}: the rows differ")
    for problem in problems:
        print(problem)
    print(f"{compared} places compared by datasets {datasets.__version__} and pyarrow {pa.__version__}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
