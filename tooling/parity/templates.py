"""Fixtures for chat templates: the texts of transformers' Jinja, or that Jinja raises.

trl.json: the chat templates that TRL ships (Apache-2.0, The HuggingFace Team; the licence lies beside as
TRL-LICENSE), each with a dozen conversations: 12 hexadecimal digits of the SHA-256 of the prompt's text and of the
whole text, the answer up to the family's end of a turn, the places of `{% generation %}` blocks in the whole text, and the
assistant's tokens by these blocks, for the tokenizer of fixtures/trl/bytes (trl_runs.py).
A text is `null` when Jinja raises. An answer is `null` when the whole text does not begin with the prompt's text.

features.json: small templates (template_features.py) and random expressions with their texts, or `null`.

    python tooling/parity/templates.py
"""

import copy
import hashlib
import json
import random
import re
import shutil
import warnings
from datetime import datetime
from importlib import metadata
from pathlib import Path

import transformers.utils.chat_template_utils as chat_templates
import trl
from template_features import FEATURES, VARIABLES
from template_random import expressions
from transformers import AutoTokenizer

FOLDER = Path(__file__).parent / "fixtures" / "templates"
TOKENIZER = AutoTokenizer.from_pretrained(FOLDER.parent / "trl" / "bytes")
NOW = datetime(2026, 11, 8, 9, 5, 3)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


class FixedClock(datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat_templates.datetime = FixedClock
warnings.simplefilter("ignore")

WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a \"city\", in °C & <words>.",
           "parameters": {"type": "object", "properties": {
               "city": {"type": "string", "description": "Where.", "enum": ["Paris", "Zürich"]},
               "days": {"type": "integer", "default": 3}, "units": {"type": ["string", "null"]}},
               "required": ["city"]}}}
ADD = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {
       "type": "object", "properties": {"a": {"type": "number"}, "list": {"type": "array", "items": {"type": "string"}}}}}}


def call(name, arguments, identifier="call12345"):
    return {"type": "function", "id": identifier, "function": {"name": name, "arguments": arguments}}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


SYSTEM = {"role": "system", "content": "You are brief.\nBe kind."}
ASKED = user("How is the weather in Paris?")
CALLED = assistant("", tool_calls=[call("get_weather", {"city": "Paris", "days": 2})])
ANSWERED = {"role": "tool", "name": "get_weather", "tool_call_id": "call12345", "content": "sunny, 21 °C"}
PARTS = [{"type": "text", "text": "What is "}, {"type": "text", "text": "this?"}]

CONVERSATIONS = [
    {"prompt": [user("Name a colour.")], "answer": [assistant("Blue.")]},
    {"prompt": [SYSTEM, user("Hello."), assistant("Hello there."), user("  Name a colour.  ")], "answer": [assistant(" Blue. ")]},
    {"prompt": [ASKED, CALLED, ANSWERED], "answer": [assistant("It is sunny.")], "variables": {"tools": [WEATHER, ADD]}},
    {"prompt": [SYSTEM, ASKED], "answer": [CALLED], "variables": {"tools": [WEATHER]}},
    {"prompt": [ASKED], "answer": [assistant("I look it up.", tool_calls=[call("get_weather", '{"city": "Paris"}')])],
     "variables": {"tools": [WEATHER]}},
    {"prompt": [ASKED, assistant(None, tool_calls=[call("get_weather", {"city": "Paris"}), call("add", {"a": 1.5}, "call67890")]),
                ANSWERED, {**ANSWERED, "name": "add", "tool_call_id": "call67890", "content": "1.5"}],
     "answer": [assistant("Sunny; 1.5.")]},
    {"prompt": [user("Two and two?"), assistant("Four.", reasoning_content="2 + 2 = 4.", thinking="2 + 2 = 4."), user("And two more?")],
     "answer": [assistant("Six.", reasoning_content="4 + 2 = 6.\n", thinking="4 + 2 = 6.\n")]},
    {"prompt": [user("Two and two?"), assistant("<think>\n2 + 2\n</think>\n\nFour."), user("And two more?")],
     "answer": [assistant("<think>\n4 + 2 = 6.\n</think>\n\nSix.")]},
    {"prompt": [user("")], "answer": [assistant("")]},
    {"prompt": [user("Go on:\ndef four():")], "answer": [assistant("\n\n    return 4  \n\n")]},
    {"prompt": [user(PARTS)], "answer": [assistant([{"type": "text", "text": "A list."}])]},
    {"prompt": [user("Say: end of_turn |> 😀 é < & > \" ' \\ {{ x }} {% if %}")], "answer": [assistant("end")]},
    {"prompt": [SYSTEM, user("Quick: two and two?")], "answer": [assistant("Four.")],
     "variables": {"enable_thinking": False, "documents": [{"title": "Sums", "text": "2 + 2 = 4"}], "date_string": "1 May 2025"}},
    {"prompt": [user("Hello.")], "answer": [assistant("Go."), user("Name a colour."), assistant("No.")]},
    {"prompt": [user("Repeat the end.")], "answer": [assistant("<|im_end|> <|eot_id|> <end_of_turn> <|end|> </s> e")]},
]

# The token that ends a turn, by the beginning of a template's name.
ENDS = {
    "cohere": ["<|END_OF_TURN_TOKEN|>"],
    "deepseek": ["<｜end▁of▁sentence｜>"],
    "diffusion_gemma": ["<turn|>"],
    "gemma4": ["<turn|>"],
    "gemma": ["<end_of_turn>"],
    "glm4moe": [],
    "gptoss": ["<|return|>", "<|call|>"],
    "idefics3": ["<end_of_utterance>"],
    "lfm2": ["<|im_end|>"],
    "llama3": ["<|eot_id|>", "<|eom_id|>"],
    "llava_next": ["</s>"],
    "muse_glimmer": ["<|eot|>", "<|eom|>"],
    "nemotron": ["<|im_end|>"],
    "phi3": ["<|end|>"],
    "qwen": ["<|im_end|>"],
}


def rendered(template, messages, add_generation_prompt, variables):
    """The text and the places of generation blocks; None when Jinja raises."""
    kwargs = {**TOKENS, "tools": None, "documents": None, **variables}
    try:
        texts, places = chat_templates.render_jinja_template(
            [messages], chat_template=template, return_assistant_tokens_mask=True, add_generation_prompt=add_generation_prompt, **kwargs
        )
    except Exception:
        return None, []
    return texts[0], places[0]


def assistant_mask(template, messages, variables):
    """The runs of tokens that transformers takes for the assistant's, as first token and token after the last."""
    kwargs = {**TOKENS, "documents": None, **variables}
    out = TOKENIZER.apply_chat_template(
        messages, chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True, **kwargs
    )
    mask = [0, *out["assistant_masks"], 0]
    changes = [i for i in range(len(mask) - 1) if mask[i] != mask[i + 1]]
    return {"tokens": len(out["input_ids"]), "mask": " ".join(f"{a}-{b}" for a, b in zip(changes[::2], changes[1::2], strict=True))}


def digest(text):
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def up_to_end(text, ends):
    """The text up to and with the last token that ends a turn."""
    cuts = [text.rindex(end) + len(end) for end in ends if end in text]
    return text[: max(cuts)] if cuts else text


def expected(template, ends, conversation):
    variables = conversation.get("variables", {})
    prompt, _ = rendered(template, conversation["prompt"], True, variables)
    whole, places = rendered(template, conversation["prompt"] + conversation["answer"], False, variables)
    both = prompt is not None and whole is not None and whole.startswith(prompt)
    answer = up_to_end(whole[len(prompt):], ends) if both else None
    marked = {"generations": places, **assistant_mask(template, conversation["prompt"] + conversation["answer"], variables)} if places else {}
    return {"prompt": digest(prompt), "whole": digest(whole), "answer": answer, **marked}


def shipped():
    folder = Path(trl.__file__).parent / "chat_templates"
    special = re.compile(r"<[|｜][^<>|｜\s]+[|｜]?>|<[a-z]+\|>|<(?:start|end)_of_[a-z]+>|</?s>")
    templates = {}
    for path in sorted(folder.glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        ends = next(tokens for family, tokens in ENDS.items() if path.stem.startswith(family))
        templates[path.stem] = {
            "template": source,
            "ends": ends,
            "special": sorted({*special.findall(source), *ends, *TOKENS.values()}),
            "expected": [expected(source, ends, conversation) for conversation in CONVERSATIONS],
        }
    return templates


def text_of(template):
    try:
        return chat_templates._compile_jinja_template(template).render(**copy.deepcopy(VARIABLES))
    except Exception:
        return None


def random_features(count):
    """Random templates that Jinja renders, and a fifth as many on which it raises."""
    pairs = [[template, text_of(template)] for template in expressions(random.Random(16), count)]
    # Texts with addresses in memory, or with whole numbers that JavaScript cannot hold exactly, are not compared. Methods of
    # escaped texts give plain texts in our engine.
    rendered_ones = [pair for pair in pairs if pair[1] is not None and not re.search(r"0x[0-9a-f]{6}|\d{16}|Markup", pair[1])]
    raising = [pair for pair in pairs if pair[1] is None]
    return rendered_ones + raising[: len(rendered_ones) // 5]


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, indent=0, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n", encoding="utf-8")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    licence = next(file for file in metadata.files("trl") if file.name == "LICENSE")
    shutil.copy(licence.locate(), FOLDER / "TRL-LICENSE")
    about = f"trl/chat_templates of TRL {trl.__version__}, Apache-2.0, see TRL-LICENSE"
    write("trl.json", {"source": about, "tokens": TOKENS, "conversations": CONVERSATIONS, "templates": shipped()})
    features = [[template, text_of(template)] for template in FEATURES]
    write("features.json", {"now": NOW.isoformat(), "variables": VARIABLES, "features": features, "random": random_features(1800)})


if __name__ == "__main__":
    main()
