"""The peers' side of the data benchmark: one task in a process of its own. Prints the numbers as a line of JSON."""

import json
import platform
import resource
import sys
import time


def convert(source, folder):
    """JSON lines to Arrow by the `datasets` library with an empty cache, the usual way."""
    import datasets

    start = time.perf_counter()
    rows = datasets.load_dataset("json", data_files=source, cache_dir=folder, split="train")
    return {"seconds": time.perf_counter() - start, "rows": len(rows), "versions": {"datasets": datasets.__version__}}


def iterate(path):
    """All rows of an Arrow file, as Python strings."""
    import datasets

    start = time.perf_counter()
    rows = datasets.Dataset.from_file(path)
    opening = time.perf_counter()
    units = 0
    for row in rows:
        units += len(row["prompt"]) + len(row["chosen"]) + len(row["rejected"])
    return {"seconds": time.perf_counter() - opening, "openSeconds": opening - start, "units": units}


def pyarrow_convert(source, path):
    """JSON lines to Arrow by pyarrow alone, which reads in threads."""
    import pyarrow as pa
    import pyarrow.json

    start = time.perf_counter()
    table = pyarrow.json.read_json(source)
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return {"seconds": time.perf_counter() - start, "rows": table.num_rows, "versions": {"pyarrow": pa.__version__}}


def tokenise(source, folder, rows):
    """Encodes texts by Hugging Face's tokenizers on all cores."""
    import tokenizers

    texts = []
    with open(source, encoding="utf-8") as file:
        for line, _ in zip(file, range(int(rows))):
            row = json.loads(line)
            texts += [row["prompt"], row["chosen"], row["rejected"]]
    tokenizer = tokenizers.Tokenizer.from_file(folder + "/tokenizer.json")
    start = time.perf_counter()
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    seconds = time.perf_counter() - start
    tokens = sum(len(encoding.ids) for encoding in encoded)
    return {"seconds": seconds, "tokens": tokens, "versions": {"tokenizers": tokenizers.__version__}}


def main():
    task, *arguments = sys.argv[1:]
    tasks = {"convert": convert, "pyarrow-convert": pyarrow_convert, "iterate": iterate, "tokenise": tokenise}
    result = tasks[task](*arguments)
    unit = 1 if sys.platform == "darwin" else 1024
    usage = resource.getrusage(resource.RUSAGE_SELF)
    resources = {"peakRssBytes": usage.ru_maxrss * unit, "cpuSeconds": usage.ru_utime + usage.ru_stime}
    versions = {"Python": platform.python_version(), **result.pop("versions", {})}
    print(json.dumps({**result, **resources, "versions": versions}))


if __name__ == "__main__":
    main()
