"""Writes rows in the shapes of published preference data, stored by Python's `datasets` and pyarrow, for packages/data to
open: rows.json, and a Parquet and an Arrow file of each shape.

Run: python tooling/parity/published.py   (needs `datasets` and `pyarrow`)
"""

import json
import shutil
import sys
from pathlib import Path

# The script's folder must not shadow the package `datasets`.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import datasets  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

OUT = Path(__file__).parent / "fixtures" / "published"


def turn(role, content, **others):
    return {"role": role, "content": content, **others}


def sharegpt(who, value):
    return {"from": who, "value": value}


CALL = {"id": "call_1", "type": "function", "function": {"name": "opening_hours", "arguments": '{"place": "library"}'}}
TOOL = {
    "type": "function",
    "function": {"name": "opening_hours", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}},
}

SHAPES = {
    "openai": [
        {
            "input": {
                "messages": [
                    turn("system", "You answer for the town hall."),
                    turn("user", "When does the library open?"),
                    turn("assistant", None, tool_calls=[CALL]),
                    turn("tool", "9 to 17", tool_call_id="call_1"),
                ],
                "tools": [TOOL],
                "parallel_tool_calls": True,
            },
            "preferred_output": [turn("assistant", "It opens at nine.")],
            "non_preferred_output": [turn("assistant", "In the morning, I think.")],
        }
    ],
    "sharegpt": [
        {
            "conversations": [sharegpt("human", "Name a river."), sharegpt("gpt", "The Aare."), sharegpt("human", "Where does it rise?")],
            "system": "You know the Alps.",
            "chosen": sharegpt("gpt", "At the Grimsel."),
            "rejected": sharegpt("gpt", "In the sea."),
        }
    ],
    "sharegpt_lists": [
        {
            "conversations": [sharegpt("human", "Name a river.")],
            "chosen": [sharegpt("gpt", "The Aare.")],
            "rejected": [sharegpt("gpt", "A river.")],
        }
    ],
    "orca": [
        {"system": "You are a pirate.", "question": "Name a colour.", "chosen": "Blue, arr.", "rejected": "Blue."},
        {"system": "", "question": "Name a fish.", "chosen": "A pike.", "rejected": "A cow."},
    ],
    "responses": [{"qid": 4, "question": "How do I undo a commit?", "response_j": "git revert HEAD", "response_k": "You cannot."}],
    "messages": [
        {
            "messages": [turn("user", "Two and two?")],
            "chosen": turn("assistant", "Four."),
            "rejected": turn("assistant", "Five."),
        }
    ],
    "alpaca": [
        {
            "instruction": "Translate into French.",
            "input": "Blue.",
            "system": "You are a translator.",
            "history": [["Translate into German: blue.", "Blau."]],
            "chosen": "Bleu.",
            "rejected": "I do not know.",
        }
    ],
    "nectar": [
        {
            "prompt": "\n\nHuman: Name a tree.\n\nAssistant: ",
            "answers": [
                {"answer": "An oak.", "model": "m1", "rank": 1.0},
                {"answer": "A tree.", "model": "m2", "rank": 2.0},
                {"answer": "A stone.", "model": "m3", "rank": 3.0},
            ],
            "turns": 1,
        }
    ],
    "helpsteer2": [
        {"prompt": "Name a bird.", "response": "A wren.", "helpfulness": 4, "verbosity": 1},
        {"prompt": "Name a bird.", "response": "A bat.", "helpfulness": 1, "verbosity": 1},
        {"prompt": "Name a lake.", "response": "Thun.", "helpfulness": 3, "verbosity": 0},
    ],
    "helpsteer3": [
        {"context": [turn("user", "Say hello.")], "response1": "No.", "response2": "Hello!", "overall_preference": 2},
        {"context": [turn("user", "Say bye.")], "response1": "Bye.", "response2": "Bye!", "overall_preference": 0},
    ],
    "distilabel": [
        {
            "instruction": "Name a metal.",
            "generations": ["Wood.", "Iron.", "Steel, which is an alloy."],
            "ratings": [1.0, 5.0, 3.0],
            "model_name": "m",
        }
    ],
    "distilabel_pairs": [
        {
            "system_prompt": "You are brief.",
            "instruction": "Name a metal.",
            "chosen": [turn("user", "Name a metal."), turn("assistant", "Iron.")],
            "rejected": [turn("user", "Name a metal."), turn("assistant", "Wood.")],
            "chosen_rating": 5.0,
            "rejected_rating": 1.0,
        }
    ],
    "binarized": [
        {
            "prompt": "Name a star.",
            "prompt_id": "a1",
            "messages": [turn("user", "Name a star."), turn("assistant", "Vega.")],
            "chosen": [turn("user", "Name a star."), turn("assistant", "Vega.")],
            "rejected": [turn("user", "Name a star."), turn("assistant", "The moon.")],
            "score_chosen": 8.5,
            "score_rejected": 3.0,
        }
    ],
    "arena": [
        {
            "conversation_a": [turn("user", "Name a day."), turn("assistant", "Blue.")],
            "conversation_b": [turn("user", "Name a day."), turn("assistant", "Monday.")],
            "winner": "model_b",
            "model_a": "x",
        },
        {
            "conversation_a": [turn("user", "Name a year."), turn("assistant", "1815.")],
            "conversation_b": [turn("user", "Name a year."), turn("assistant", "1291.")],
            "winner": "tie",
            "model_a": "x",
        },
    ],
    "safe_rlhf": [{"prompt": "May I eat it?", "response_0": "Yes.", "response_1": "What is it?", "better_response_id": 1}],
}

# Only some messages call tools, and the calls have different arguments.
TOOLS = [
    {
        "prompt": [
            turn("user", "Is it cold?"),
            turn("assistant", None, tool_calls=[{"type": "function", "function": {"name": "a", "arguments": {"city": "Bern"}}}]),
            turn("tool", "3 degrees", name="a"),
        ],
        "chosen": [turn("assistant", "Yes.")],
        "rejected": [turn("assistant", "", tool_calls=[{"type": "function", "function": {"name": "b", "arguments": {"days": 2}}}])],
    },
    {"prompt": [turn("user", "Hi")], "chosen": [turn("assistant", "Hello", name="me")], "rejected": [turn("assistant", "No")]},
]

PAIR = {"prompt": "Name a day.", "chosen": "Monday.", "rejected": "Blue."}
# Labels that are no texts, and columns that no row uses.
COLUMNS = {
    "labels": [
        {**PAIR, "id": 7.0, "source": ["sharegpt", "lmsys"]},
        {**PAIR, "id": float("nan"), "source": []},
    ],
    "label-objects": [{**PAIR, "id": True, "source": {"name": "hh", "part": 2}}],
    "unknown": [{"prompt": "Name a day.", "response_a": "Monday.", "response_b": "Blue.", "winner_model_a": 1}],
}


def write(name, rows):
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, OUT / f"{name}.parquet")
    with pa.ipc.new_file(OUT / f"{name}.arrow", table.schema) as file:
        file.write_table(table)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for name, rows in [*SHAPES.items(), *COLUMNS.items()]:
        write(name, rows)
    structs = datasets.Dataset.from_list(TOOLS)
    structs.save_to_disk(OUT / "tools-structs")
    structs.to_parquet(OUT / "tools-structs.parquet")
    text = datasets.Value("string")
    message = datasets.List({"role": text, "content": text, "name": text, "tool_calls": datasets.Json()})
    features = datasets.Features({"prompt": message, "chosen": message, "rejected": message})
    marked = datasets.Dataset.from_list(TOOLS, features=features)
    marked.save_to_disk(OUT / "tools-json")
    marked.to_parquet(OUT / "tools-json.parquet")
    marked.to_json(OUT / "tools-json.jsonl")
    mixed = datasets.Dataset.from_list(TOOLS, on_mixed_types="use_json")
    mixed.save_to_disk(OUT / "tools-mixed")
    (OUT / "rows.json").write_text(json.dumps({**SHAPES, "tools": TOOLS}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
