"""Fixtures for tokenizers: five small ones trained on the spot, with ids and decoded texts of a few hundred lines.

NAME.tokenizer.json: what the Python `tokenizers` library writes. lines.json: the texts. NAME.json: for each line its
ids without special tokens, the ids that special tokens add around it, and the text decoded again where it differs
from the line.

    python tooling/parity/tokenizer.py
"""

import json
import random
from pathlib import Path

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

FOLDER = Path(__file__).parent / "fixtures" / "tokenizer"

ENGLISH = """
The film opens on a quiet street at dawn, and for twenty minutes nobody speaks.
Don't let that put you off: it's the best thing I've seen this year, and they'll say so too.
We'd hoped for more. The second half drags, the jokes don't land, and the ending wasn't earned.
"Why now?" she asked. "Because," he said, "there is no later."
In 1987 about 3,500 people lived here; by 2024 there were 12 left.
Prices rose 4.5% to $1,299.99 (see p. 12), while costs fell by 1/3.
A preferred answer is short, honest and kind; a dispreferred one is none of these.
The model assigns a higher probability to the answer that people preferred.
I can't recommend it to anyone who's seen the original, but children will love it.
Visit https://example.org/path?q=a+b&lang=en#top or write to someone@example.org.
""".strip().split("\n")

CODE = """
def add(a: int, b: int = 0) -> int:
    return a + b  # sum
for (let i = 0; i < 10; i++) { console.log(`row ${i}`); }
if (x != null && x.y >= 3.14e-5) { throw new Error("bad\\tvalue"); }
\tconst values = new Float32Array(4 * 1024);
SELECT name, count(*) FROM rows WHERE id IN (1, 22, 333) GROUP BY name;
{"prompt": "Hi", "chosen": ["a", "b"], "score": -0.5}
<div class="note">&nbsp;text</div>
#include <stdio.h>
snake_case_name camelCaseName CONSTANT_NAME kebab-case-name
""".strip("\n").split("\n")

SCRIPTS = """
Привет, мир! Сегодня 5 октября.
Η γρήγορη καφέ αλεπού.
你好，世界。今天是2024年1月1日。
こんにちは、世界！カタカナとひらがな。
안녕하세요 세계
مرحبا بالعالم ١٢٣
שלום עולם
नमस्ते दुनिया १२३
สวัสดีชาวโลก
Tiếng Việt có dấu
naïve café résumé Ångström ﬁne ﬂow
e\u0301tude and étude
🙂🙃 👩‍👩‍👧 🏳️‍🌈 ok
𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 ½ ² ③ Ⅷ
zero\u200bwidth, no\u00a0break, line\u2028separator
“quotes” — dashes … and • bullets ™
""".strip().split("\n")

ODD = [
    "", " ", "  ", "\n", "\t", " \n \n", "a", " a", "a ", "  two  spaces  ", "tabs\t\there", "line\nbreak\n\nparagraph",
    "carriage\r\nreturn", "trailing newline\n", "DON'T SHOUT, I'LL HEAR YOU'VE", "it's'll've", "12345678901234567890",
    "a1b22c333", "???!!!...", "_____", "-- --- ----", "x" * 100, "ab" * 40, "\x00\x01\x7f", "\ufffd\ufeff",
    "<s>not special</s>", "<|end|>", "before <|end|> after", "<|end|><|end|>x", "text<|end|>", " <|end|> ", "[CLS] a [SEP]",
]  # fmt: skip


def lines() -> list[str]:
    rng = random.Random(0)
    words = [word for line in ENGLISH + CODE + SCRIPTS for word in line.split()]
    mixed = [
        rng.choice(["", " ", "  "])
        + "".join(rng.choice(words) + rng.choice([" ", " ", " ", "  ", "\n", "", "\t"]) for _ in range(rng.randint(1, 7)))
        for _ in range(150)
    ]
    ranges = [(32, 126), (32, 126), (0xA0, 0x24F), (0x370, 0x52F), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0x1F300, 0x1F64F)]
    noise = [
        "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 12))) for _ in range(100)
    ]
    return ENGLISH + CODE + SCRIPTS + ODD + mixed + noise


END = "<|end|>"
TRAINING = (ENGLISH + CODE + SCRIPTS) * 3
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(cut) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TRAINING,
        trainers.BpeTrainer(vocab_size=450, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[END]),
    )
    return tokenizer


def smollm() -> Tokenizer:
    return byte_level([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])


def llama3() -> Tokenizer:
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False)
    tokenizer = byte_level([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END} $A", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return tokenizer


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.train_from_iterator(
        TRAINING, trainers.UnigramTrainer(vocab_size=400, special_tokens=["<unk>", "</s>", END], unk_token="<unk>")
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))]
    )
    return tokenizer


def sentencepiece_bpe() -> Tokenizer:
    """As Llama 2's: merges over pieces with U+2581 for spaces, bytes for what has no piece."""
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    # Whole lines are one word here; single characters that are rare stay without a piece.
    trained.train_from_iterator(
        [line for line in ENGLISH + CODE], trainers.BpeTrainer(vocab_size=550, special_tokens=specials, limit_alphabet=70)
    )
    described = json.loads(trained.to_str())
    described["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.add_special_tokens([AddedToken(END, normalized=False, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", END]
    tokenizer.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=500, special_tokens=specials))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = lines()
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    (FOLDER / "lines.json").write_text(json.dumps(texts) + "\n")
    for make in (smollm, llama3, unigram, sentencepiece_bpe, word_piece):
        tokenizer = make()
        name = make.__name__.replace("_", "-")
        rows = []
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            decoded = tokenizer.decode(ids, skip_special_tokens=False)
            rows.append([ids] if decoded == text else [ids, decoded])
        around = tokenizer.encode("a").ids
        (FOLDER / f"{name}.tokenizer.json").write_text(
            json.dumps(json.loads(tokenizer.to_str()), **compact) + "\n", encoding="utf-8"
        )
        (FOLDER / f"{name}.json").write_text(json.dumps({"a": around, "rows": rows}, **compact) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
