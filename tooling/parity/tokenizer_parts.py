"""Fixtures for every part that a tokenizer.json may have, and for the ids after a prompt: tiny tokenizers of this script, with ids.

parts.json: `models`, a few small vocabularies; `texts`; `tokenizers`, by name: the parts of a tokenizer.json, its model by
name, the tokenizer_config.json, and of every text 8 hexadecimal digits of the SHA-256 of its ids joined by commas,
from transformers' AutoTokenizer, without special tokens around.
following.json: prompts, answers and, by tokenizer, for every prompt the ids of prompt + answer after the prompt's ids
(8 digits of their SHA-256), or dots when the ids of the whole text do not begin with the prompt's.

    python tooling/parity/tokenizer_parts.py
"""

import base64
import hashlib
import io
import json
import random
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

from tokenizer import CODE, ENGLISH, ODD, SCRIPTS, SENTENCES, SPLIT, lines

FOLDER = Path(__file__).parent / "fixtures" / "tokenizer-parts"
END = "<|end|>"
SPECIALS = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|user|>", "<|assistant|>", END]
TRAINING = (ENGLISH + CODE + SCRIPTS) * 3
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
ENDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
LEAD = r"[^\r\n\p{L}\p{N}]?"
BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = rf"{LEAD}{UPPER}*{LOWER}+{ENDS}|{LEAD}{UPPER}+{LOWER}*{ENDS}|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{BLANKS}"
TEKKEN = rf"{LEAD}{UPPER}*{LOWER}+|{LEAD}{UPPER}+{LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{BLANKS}"
QWEN = SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")
DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"

TEXTS = [
    "I'M here and I'LL say HELLO'S 12345 times", "don't DON'T we'Ve ΌΔΥΣΣΕΥΣ ΣΑΣ", "a  b   c\n\n\n  d\t e ", "naïve ÀÉ ǅ ß İ ŉ ﬀ",
    "<|assistant|>  \n hello <mask> word sword word. New news words", "word", "sword", "word_", "_word", "word1 word-word (word)",
    "<mask>", "  <mask>  ", "a <mask> b", "<mask><mask>", "<mask> \n\t <mask>", "wordword", "new <NEW> Ｎｅｗ ｗｏｒｄ", "<x><x>y<x>y z", "éword e\u0301word",
    "x\u200dword word\u200d x\u200bword", "\u00a0 nbsp \u00a0<mask>\u00a0 \u3000<mask>\u3000\u2028<mask>\u0085", "cost: $1.50 $& $1 $$",
    "line\r\nline\r\n\r\n  end\r", " " * 40 + "x" + " " * 40, "\n" * 20, "\t" * 9 + "x", "a" * 150 + " " + "é" * 60, "1" * 30 + "½³Ⅷ१二٣",
    "!!!???...,,, --- ___ «»“”‘’—", "+=<>|~^`$ ©™→∑", "x_y-z/path\\n http://a.b?c=d&e", "𠀀𫝀𪜀漢字かな", "ﾊﾝｶｸ ﾊﾞ ㍿ ㎏ ﷺ", "\ufefftext\ufeff", "\u0000\u0001a\u007f\u009f",
    "é é ñ ñ 각 각 ḍ̇ ḍ̇", "👩‍👩‍👧 🇩🇪 👍🏽 1️⃣", "▁a ▁▁b a▁", " ▁ ", "</s>", "a</s> b </s>", "<s>hi", "hi<s>", "Ａ～Ｂ ～", "a\u0300\u0301\u0302 \u0903 \u20dd",
    "日本語テキスト。한국어", "supercalifragilistic unbelievable", "UPPER lower Mixed cASE", "\u2581", "", " ", "\n", "tokenizer's o’clock",
]  # fmt: skip


def texts() -> list[str]:
    rng = random.Random(3)
    return list(dict.fromkeys(TEXTS + SCRIPTS + ODD + ENGLISH[:4] + CODE + SENTENCES[:24] + rng.sample(lines(), 120)))


def trained(model, trainer, pre=None, norm=None) -> dict:
    tokenizer = Tokenizer(model)
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    if norm is not None:
        tokenizer.normalizer = norm
    tokenizer.train_from_iterator(TRAINING, trainer)
    return json.loads(tokenizer.to_str())["model"]


def vocabularies() -> dict[str, dict]:
    byte = trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=SPECIALS),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    space = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    merges = trained(
        models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
        trainers.BpeTrainer(vocab_size=520, special_tokens=SPECIALS + BYTES, limit_alphabet=70),
        norm=space,
    )
    unknown = trained(
        models.BPE(unk_token="<unk>"),
        trainers.BpeTrainer(vocab_size=200, special_tokens=SPECIALS, limit_alphabet=50),
        norm=space,
    )
    pieces = trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=260, special_tokens=SPECIALS, unk_token="<unk>"),
        pre_tokenizers.Metaspace(),
    )
    with_bytes = {**pieces, "vocab": pieces["vocab"] + [[byte, 0.0] for byte in BYTES], "byte_fallback": True}
    words = trained(
        models.WordPiece(unk_token="<unk>"),
        trainers.WordPieceTrainer(vocab_size=420, special_tokens=SPECIALS, limit_alphabet=150),
        pre_tokenizers.BertPreTokenizer(),
    )
    level = trained(
        models.WordLevel(unk_token="<unk>"),
        trainers.WordLevelTrainer(vocab_size=200, special_tokens=SPECIALS),
        pre_tokenizers.Whitespace(),
    )
    return {
        "bytes": byte, "bytes-ignore-merges": {**byte, "ignore_merges": True}, "merges": merges, "unknown": unknown,
        "unknown-fused": {**unknown, "fuse_unk": True}, "pieces": pieces, "pieces-bytes": with_bytes, "words": words, "level": level,
    }  # fmt: skip


def charsmap() -> str:
    """A small SentencePiece table of normalisation: some letters, a cluster, blanks."""
    rules = {"ﬁ": "fi", "Ａ": "A", "ä": "ae", "e\u0301": "é", "\u3000": " ", "㍿": "株式会社", "\u200b": "", "½": "1/2", "ﾊ\uff9e": "バ"}
    table = "".join("{}\t{}\n".format(" ".join(f"{ord(c):X}" for c in k), " ".join(f"{ord(c):X}" for c in v)) for k, v in rules.items())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.tsv").write_text(table)
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(ENGLISH), model_writer=out, vocab_size=90, normalization_rule_tsv=f"{folder}/rules.tsv", minloglevel=2
        )
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = proto.ModelProto()
    model.ParseFromString(out.getvalue())
    return base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()


def described(part) -> dict:
    return json.loads(part.__getstate__())


def special(content: str, **flags) -> dict:
    base = {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {**base, **flags}


def tokenizers() -> dict[str, dict]:
    """The tokenizers by name: model, the parts that they have, added tokens besides SPECIALS, tokenizer_config.json."""
    bl, sp = pre_tokenizers.ByteLevel, pre_tokenizers.Split
    raw = bl(add_prefix_space=False, use_regex=False)
    gpt2 = bl(add_prefix_space=False)
    seq = pre_tokenizers.Sequence
    all_bytes = {
        "byte-level": gpt2, "byte-level-prefix": bl(add_prefix_space=True), "byte-level-whole": raw,
        "llama3": seq([sp(Regex(SPLIT), "isolated"), raw]), "qwen": seq([sp(Regex(QWEN), "isolated"), raw]),
        "o200k": seq([sp(Regex(O200K), "isolated"), raw]), "tekken": seq([sp(Regex(TEKKEN), "isolated"), raw]),
        "deepseek": seq([sp(Regex(r"\p{N}{1,3}"), "isolated"), sp(Regex("[一-龥\u3040-ゟ゠-ヿ]+"), "isolated"), sp(Regex(DEEPSEEK), "isolated"), raw]),
        "bloom": seq([sp(Regex(BLOOM), "isolated"), raw]),
        "digits": seq([pre_tokenizers.Digits(individual_digits=True), gpt2]),
        "digits-together": seq([pre_tokenizers.Digits(individual_digits=False), gpt2]),
        "digits-prefix": seq([pre_tokenizers.Digits(individual_digits=True), bl(add_prefix_space=True)]),
        "whitespace-split": seq([pre_tokenizers.WhitespaceSplit(), raw]), "whitespace": seq([pre_tokenizers.Whitespace(), raw]),
        "bert-cut": seq([pre_tokenizers.BertPreTokenizer(), raw]), "delimiter": seq([pre_tokenizers.CharDelimiterSplit("-"), raw]),
        "fixed-length": seq([pre_tokenizers.FixedLength(3), raw]),
        **{f"punctuation-{b}": seq([pre_tokenizers.Punctuation(b), gpt2]) for b in ("isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next")},
        **{f"split-{b}{'-invert' * i}": seq([sp(Regex(r"\p{L}+|\d"), b, invert=bool(i)), raw]) for b in ("isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next") for i in (0, 1)},
        "split-text": seq([sp(" ", "merged_with_next"), raw]), "split-empty": seq([sp(Regex(r"(?=\p{Lu})"), "isolated"), raw]),
        "split-dialect": seq([sp(Regex(r"[[:alpha:]&&[^aeiou]]++|\h{2}|\w+?\b|[^\S\n]+"), "isolated"), raw]),
    }  # fmt: skip
    variants = {name: {"model": "bytes", "pre_tokenizer": described(part)} for name, part in all_bytes.items()}
    variants["ignore-merges"] = {"model": "bytes-ignore-merges", "pre_tokenizer": described(gpt2)}
    norms = {
        "nfc": normalizers.NFC(), "nfd": normalizers.NFD(), "nfkc": normalizers.NFKC(), "nfkd": normalizers.NFKD(),
        "lowercase": normalizers.Lowercase(), "nfkc-lower": normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]),
        "strip": normalizers.Strip(), "strip-left": normalizers.Strip(left=True, right=False), "strip-right": normalizers.Strip(left=False, right=True),
        "strip-accents": normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]),
        "strip-replace": normalizers.Sequence([normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]),
        "replace-dollar": normalizers.Replace("word", "$&$1"), "replace-pattern": normalizers.Replace(Regex(r"\s+"), " "),
        "prepend": normalizers.Prepend("x"), "nmt": normalizers.Nmt(),
        "bert": normalizers.BertNormalizer(), "bert-cased": normalizers.BertNormalizer(lowercase=False),
        "bert-accents": normalizers.BertNormalizer(lowercase=False, strip_accents=True),
        "bert-plain": normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, lowercase=True, strip_accents=False),
    }  # fmt: skip
    for name, part in norms.items():
        variants[f"normalizer-{name}"] = {"model": "bytes", "normalizer": described(part), "pre_tokenizer": described(gpt2)}
    variants["normalizer-bytes"] = {"model": "bytes", "normalizer": {"type": "ByteLevel"}}
    precompiled = {"type": "Precompiled", "precompiled_charsmap": charsmap()}
    variants["normalizer-precompiled"] = {"model": "bytes", "normalizer": precompiled, "pre_tokenizer": described(gpt2)}
    variants["t5"] = {
        "model": "pieces",
        "normalizer": {"type": "Sequence", "normalizers": [precompiled, described(normalizers.Replace(Regex(" {2,}"), "▁"))]},
        "pre_tokenizer": described(pre_tokenizers.Metaspace()),
        "decoder": described(decoders.Metaspace()),
    }

    for scheme in ("always", "first", "never"):
        for split in (True, False):
            part = described(pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split))
            decoder = described(decoders.Metaspace(prepend_scheme=scheme))
            suffix = f"{scheme}-{'split' if split else 'whole'}"
            fallback = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, decoder]}
            variants[f"metaspace-bpe-{suffix}"] = {"model": "merges", "pre_tokenizer": part, "decoder": fallback}
            variants[f"metaspace-unigram-{suffix}"] = {"model": "pieces-bytes", "pre_tokenizer": part, "decoder": fallback}
    variants["metaspace-unknown"] = {"model": "unknown", "pre_tokenizer": described(pre_tokenizers.Metaspace())}
    variants["metaspace-unknown-fused"] = {"model": "unknown-fused", "pre_tokenizer": described(pre_tokenizers.Metaspace())}
    variants["unigram-unknown"] = {"model": "pieces", "pre_tokenizer": described(pre_tokenizers.Metaspace())}
    llama = described(decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]))
    prepend = described(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]))
    replace = described(normalizers.Replace(" ", "▁"))
    variants["llama-prepend"] = {"model": "merges", "normalizer": prepend, "decoder": llama}
    variants["gemma-replace"] = {
        "model": "merges", "normalizer": replace, "pre_tokenizer": described(sp(" ", "merged_with_previous")),
        "decoder": described(decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])),
    }  # fmt: skip
    bert = described(normalizers.BertNormalizer())
    variants["word-piece"] = {"model": "words", "normalizer": bert, "pre_tokenizer": described(pre_tokenizers.BertPreTokenizer()), "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}}  # fmt: skip
    variants["word-level"] = {"model": "level", "pre_tokenizer": described(pre_tokenizers.Whitespace())}

    flags = {
        "plain": {}, "single": {"single_word": True}, "lstrip": {"lstrip": True}, "rstrip": {"rstrip": True},
        "both": {"lstrip": True, "rstrip": True}, "single-both": {"single_word": True, "lstrip": True, "rstrip": True},
    }  # fmt: skip
    for name, flag in flags.items():
        for normalized in (False, True):
            tokens = [special(c, normalized=normalized, special=s, **flag) for c, s in (("word", False), ("<mask>", True), ("New", False), ("<x>", True), ("<x>y", False))]
            for kind, base in (("bytes", variants["normalizer-nfkc-lower"]), ("prepend", variants["llama-prepend"]), ("first", variants["metaspace-bpe-first-split"])):
                variants[f"added-{name}{'-normalized' * normalized}-{kind}"] = {**base, "added": tokens}
    decoder = {"420": special("<mask>", lstrip=True), "421": special("word", single_word=True, special=False, normalized=True)}
    variants["config-flags"] = {**variants["byte-level"], "added": [special("<mask>"), special("word", special=False)], "config": {"added_tokens_decoder": decoder}}
    variants["config-named"] = {
        **variants["metaspace-bpe-always-split"], "unlisted": ["</s>", END],
        "config": {"eos_token": {"__type": "AddedToken", "content": "</s>", "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}, "extra_special_tokens": [END]},
    }  # fmt: skip
    return variants


def tokenizer_json(parts: dict, vocabulary: dict) -> dict:
    model = vocabulary[parts["model"]]
    vocab = model["vocab"]
    ids = {piece: i for i, (piece, _) in enumerate(vocab)} if isinstance(vocab, list) else vocab
    added = [{"id": ids[content], **special(content)} for content in SPECIALS if content not in parts.get("unlisted", ())]
    size = max(ids.values()) + 1
    for token in parts.get("added", ()):
        added.append({"id": ids.get(token["content"], size), **token})
        size = max(size, added[-1]["id"] + 1)
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": parts.get("normalizer"),
        "pre_tokenizer": parts.get("pre_tokenizer"), "post_processor": None, "decoder": parts.get("decoder", {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}), "model": model,
    }  # fmt: skip


def opened(parts: dict, vocabulary: dict):
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **parts.get("config", {})}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokenizer.json").write_text(json.dumps(tokenizer_json(parts, vocabulary)))
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        return AutoTokenizer.from_pretrained(folder)


def digits(ids: list[int]) -> str:
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:8]


PROMPTS = [
    "Question: Name a colour.\nAnswer:", "Question: Name a colour.\nAnswer:\n", "The sky is", "Say: ", "a\n\n", "word", "12", "  two  ",
    "e", "日本", "👩", "done.</s>", "He said \"", "x = (", "Mixed C",
    "<|user|>\nHi</s>\n<|assistant|>\n", "<s>[INST] Hi [/INST]", "<s>[INST] Hi [/INST] ", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Say </s> twice<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", "<|user|> Hi <|assistant|>",
]  # fmt: skip
ANSWERS = [
    " Blue.", "Blue.", "\nFour", "\n\n- a\n- b\n", "  two spaces", "ing", "345", "\u0301x", " </s>", "Yes.</s>", "Yes.<|im_end|>\n", " ", "-blue",
    "語です", "\tcode {\r\n}", "<|im_end|>", "\n", "</s> after", "I would rather not say. It's 12,345", "👧 ok", "s", ")",
]  # fmt: skip
FOLLOWING = [
    "byte-level", "llama3", "qwen", "o200k", "deepseek", "digits", "normalizer-nfc", "byte-level-prefix", "normalizer-strip", "llama-prepend",
    "gemma-replace", "word-piece", "word-level", "t5", "unigram-unknown", "added-both-bytes", "added-single-both-normalized-prepend", "added-lstrip-first",
    *(f"metaspace-{kind}-{scheme}-{split}" for kind in ("bpe", "unigram") for scheme in ("always", "first", "never") for split in ("split", "whole")),
]  # fmt: skip


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    vocabulary, samples, variants = vocabularies(), texts(), tokenizers()
    compact = {"ensure_ascii": True, "separators": (",", ":")}
    following = {}
    for name, parts in variants.items():
        tokenizer = opened(parts, vocabulary)
        ids = lambda text: tokenizer.encode(text, add_special_tokens=False)
        parts["hashes"] = "".join(digits(ids(text)) for text in samples)
        if name not in FOLLOWING:
            continue
        rows = []
        for prompt in PROMPTS:
            before = ids(prompt)
            wholes = [ids(prompt + answer) for answer in ANSWERS]
            rows.append("".join(digits(w[len(before):]) if w[: len(before)] == before else "." * 8 for w in wholes))
        following[name] = rows
    variants = {name: {"json": {k: v for k, v in tokenizer_json(parts, vocabulary).items() if k != "model"}, **{k: parts[k] for k in ("model", "config", "hashes") if k in parts}} for name, parts in variants.items()}
    (FOLDER / "parts.json").write_text(json.dumps({"models": vocabulary, "texts": samples, "tokenizers": variants}, **compact) + "\n")
    (FOLDER / "following.json").write_text(json.dumps({"prompts": PROMPTS, "answers": ANSWERS, "tokenizers": following}, **compact) + "\n")


if __name__ == "__main__":
    main()
