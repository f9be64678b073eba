"""Fixtures for reading GGUF: quantised blocks with the `gguf` package's float32, and a tiny Llama file.

blocks.json: for every type, random blocks (base64), and their numbers by `gguf.quants.dequantize`.
tiny-llama.gguf: random weights, written as llama.cpp's converter does (query and key rows reordered), with a byte-level
tokenizer; tiny-llama.json: the weights under their Hugging Face names (SHA-256 of their float32 bytes), and ids of a
few texts by the Python `tokenizers` library.

sentencepiece.gguf, sentencepiece-bare.gguf and word-piece.gguf: no weights, but tokenizers of the kinds "llama" (with and
without a space in front) and "bert" as llama.cpp's converter writes them; tokenizers.json: ids of many texts by the
`sentencepiece` package and by `tokenizers`.

    python tooling/parity/gguf_files.py
"""

import base64
import io
import json
import re
from hashlib import sha256
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
from gguf import GGMLQuantizationType as Type
from tokenizer import CODE, ENGLISH, ODD, SCRIPTS, SENTENCES, word_piece
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

FOLDER = Path(__file__).parent / "fixtures" / "gguf_files"

# The places of float16 numbers (scales and offsets) in a block; the other bytes may be any.
HALVES = {
    Type.F16: [0], Type.BF16: [], Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2],
    Type.Q8_0: [0], Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
}  # fmt: skip


def base64_of(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def blocks() -> dict:
    rng = np.random.default_rng(0)
    result = {}
    for kind, halves in HALVES.items():
        size, width = gguf.GGML_QUANT_SIZES[kind]
        count = 24 if size == 1 else 3
        data = rng.integers(0, 256, (count, width), dtype=np.uint8)
        if kind == Type.BF16:
            data = rng.standard_normal(count).astype(np.float32).view(np.uint8).reshape(count, 4)[:, 2:].copy()
        for at in halves:
            # Normal, large and subnormal float16 numbers of both signs.
            values = (rng.standard_normal(count) * 10.0 ** rng.integers(-7, 4, count)).astype(np.float16)
            data[:, at : at + 2] = values.view(np.uint8).reshape(count, 2)
        expected = gguf.quants.dequantize(data.reshape(1, -1), kind).astype(np.float32)
        result[kind.name] = {"type": int(kind), "bytes": base64_of(data), "expected": base64_of(expected)}
    return result


def reorder_rows(weight: np.ndarray, heads: int) -> np.ndarray:
    """Reorders query and key projections like llama.cpp's converter."""
    return (
        weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
    )


TEXTS = ["the cat sat", " on 2024 mats", "Hello, wörld! 12345\n\n  indented\tfin", "<|im_start|>user\nhi<|im_end|>\n", "日本語 🙂"]


def tiny_llama() -> None:
    width, heads, key_heads, hidden, layers, specials = 32, 4, 2, 64, 2, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(["the cat sat on the mat", "hello there, the other cats", "user and the rest"], trainer)
    described = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(described["vocab"], key=described["vocab"].get)
    vocab = len(tokens)

    rng = np.random.default_rng(1)
    head = width // heads
    shapes = {"model.embed_tokens": (vocab, width), "model.norm": (width,)}
    for layer in range(layers):
        shapes |= {
            f"model.layers.{layer}.{name}": shape
            for name, shape in {
                "input_layernorm": (width,),
                "self_attn.q_proj": (heads * head, width),
                "self_attn.k_proj": (key_heads * head, width),
                "self_attn.v_proj": (key_heads * head, width),
                "self_attn.o_proj": (width, heads * head),
                "post_attention_layernorm": (width,),
                "mlp.gate_proj": (hidden, width),
                "mlp.up_proj": (hidden, width),
                "mlp.down_proj": (width, hidden),
            }.items()
        }
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, layers)
    path = FOLDER / "tiny-llama.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(head)
    writer.add_vocab_size(vocab)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in specials else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in described["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}")
    weights = {}
    for name, shape in shapes.items():
        weight = rng.standard_normal(shape).astype(np.float32)
        tensor = weight
        kind = Type.F32
        if len(shape) == 2:
            kind = Type.Q8_0 if "mlp" in name else Type.F16 if "embed" in name else Type.Q4_1
            packed = gguf.quants.quantize(weight, kind)
            weight = gguf.quants.dequantize(packed, kind)
            turned = weight
            if "q_proj" in name or "k_proj" in name:
                # Whole rows of the matrix move, so the packed rows of blocks can be reordered.
                packed = reorder_rows(packed, heads if "q_proj" in name else key_heads)
                turned = reorder_rows(weight, heads if "q_proj" in name else key_heads)
            tensor = packed
            assert np.array_equal(gguf.quants.dequantize(packed, kind), turned)
        writer.add_tensor(f"{names.get_name(name)}.weight", tensor, raw_dtype=kind)
        weights[f"{name}.weight"] = {"shape": list(shape), "sha256": sha256(weight.astype("<f4").tobytes()).hexdigest()}
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    texts = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    (FOLDER / "tiny-llama.json").write_text(json.dumps({"weights": weights, "texts": texts}) + "\n")


def tokenizer_file(name: str, kind: str, tokens: list, types: list, scores: list | None, ids: dict) -> None:
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", "llama")
    writer.add_tokenizer_model(kind)
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores is not None:
        writer.add_token_scores(scores)
    for key, value in ids.items():
        (writer.add_bool if isinstance(value, bool) else writer.add_uint32)(f"tokenizer.ggml.{key}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def sentencepiece_file(name: str, prefix: bool, symbols: list) -> list:
    """Tokenizers like Llama 2's (with a space in front) and Gemma's (without a space, with symbols that are never cut)."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter((ENGLISH + CODE + SCRIPTS) * 3), model_writer=model, model_type="bpe", vocab_size=700,
        character_coverage=0.98, byte_fallback=True, split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=prefix, allow_whitespace_only_pieces=True,
        user_defined_symbols=symbols, minloglevel=2,
    )  # fmt: skip
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    count = range(processor.get_piece_size())
    kinds = [
        6 if processor.is_byte(i) else 2 if processor.is_unknown(i) else 3 if processor.is_control(i)
        else 4 if processor.id_to_piece(i) in symbols else 1
        for i in count
    ]  # fmt: skip
    ids = dict(bos_token_id=1, eos_token_id=2, unknown_token_id=0, add_space_prefix=prefix)
    tokenizer_file(name, "llama", [processor.id_to_piece(i) for i in count], kinds, list(processor.get_score(list(count))), ids)
    # Texts with the names of special tokens are left out, since sentencepiece takes the names for text.
    texts = [text for text in ENGLISH + CODE + SCRIPTS + SENTENCES + ODD if not re.search(r"</?s>|<unk>", text)]
    if symbols:
        texts += [f"{symbols[0]}user Hi{symbols[0]}", f"a{symbols[1]}b"]
    return [[text, processor.encode(text)] for text in texts]


def word_piece_file(name: str) -> list:
    tokenizer = word_piece()
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]
    special = {"[PAD]": 3, "[UNK]": 2, "[CLS]": 3, "[SEP]": 3, "<|end|>": 3}
    # llama.cpp marks the beginnings of words instead of their continuations.
    turned = [t if t in special else t[2:] if t.startswith("##") else "\u2581" + t for t in tokens]
    at = {token: tokens.index(token) for token in special}
    ids = dict(
        cls_token_id=at["[CLS]"], seperator_token_id=at["[SEP]"], padding_token_id=at["[PAD]"],
        unknown_token_id=at["[UNK]"],
    )  # fmt: skip
    tokenizer_file(name, "bert", turned, [special.get(token, 1) for token in tokens], None, ids)
    return [[text, tokenizer.encode(text).ids] for text in ENGLISH + CODE + SCRIPTS + SENTENCES]


def tokenizers() -> dict:
    return {
        "sentencepiece": sentencepiece_file("sentencepiece", True, []),
        "sentencepiece-bare": sentencepiece_file("sentencepiece-bare", False, ["<start_of_turn>", "\n\n"]),
        "word-piece": word_piece_file("word-piece"),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "blocks.json").write_text(json.dumps(blocks(), indent=1) + "\n")
    tiny_llama()
    (FOLDER / "tokenizers.json").write_text(json.dumps(tokenizers(), separators=(",", ":")) + "\n")
