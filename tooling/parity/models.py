"""Writes a tiny model of each architecture, and transformers' results with it, into fixtures/models/.

    python tooling/parity/models.py [NAME...]

Needs torch and transformers. The weights are stored as bfloat16 to keep the files small; everything is computed in
float32 from the stored weights, with eager attention. With names, only these models are made anew.

A new architecture is a function and a line of MODELS: the tests take every folder in fixtures/models/.
"""

import json
import math
import shutil
import sys
import zlib
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTJConfig,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

OUT = Path(__file__).parent / "fixtures" / "models"
VOCABULARY = 96
POSITIONS = 64


def gpt2(**settings):
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=32, n_layer=2, n_head=4, resid_pdrop=0.0,
                   embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0, **settings)
    )


def llama(**settings):
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=POSITIONS, bos_token_id=0,
                    eos_token_id=0, **settings)
    )


def small(model_type, **settings):
    """Three layers of width 16, four query heads that share two heads of keys and values."""
    base = dict(vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2, max_position_embeddings=POSITIONS, bos_token_id=0, eos_token_id=0,
                tie_word_embeddings=False)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **{**base, **settings}))


def neox(**settings):
    return small("gpt_neox", num_attention_heads=2, **settings)


def gptj(**settings):
    base = dict(vocab_size=48, n_positions=POSITIONS, n_embd=16, n_layer=3, n_head=2, bos_token_id=0, eos_token_id=0)
    return AutoModelForCausalLM.from_config(GPTJConfig(**{**base, **settings}))


def gemma(model_type, **settings):
    # torch gives the padding token's embedding no gradient, so there is no padding token.
    base = dict(head_dim=6, query_pre_attn_scalar=5, sliding_window=4, tie_word_embeddings=True, pad_token_id=None)
    return small(model_type, **{**base, **settings})


def rope(rope_type="default", rope_theta=10000.0, **settings):
    return {"rope_parameters": {"rope_type": rope_type, "rope_theta": rope_theta, **settings}}


MODELS = {
    "gpt2": lambda: gpt2(),
    "gpt2-untied": lambda: gpt2(tie_word_embeddings=False, activation_function="gelu", n_inner=40),
    "llama": lambda: llama(tie_word_embeddings=True, **rope()),
    "llama-untied": lambda: llama(
        tie_word_embeddings=False, attention_bias=True, mlp_bias=True, head_dim=12, rms_norm_eps=1e-5,
        **rope(rope_theta=100000.0),
    ),
    "llama-linear": lambda: small("llama", **rope("linear", factor=4.0)),
    # Texts are longer than the model's 8 positions.
    "llama-dynamic": lambda: small("llama", max_position_embeddings=8, **rope("dynamic", factor=4.0)),
    "llama-llama3": lambda: small(
        "llama", **rope("llama3", 500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                        original_max_position_embeddings=32),
    ),
    # Windows are shorter than the texts.
    "mistral": lambda: small("mistral", sliding_window=4),
    "mistral-tied": lambda: small("mistral", sliding_window=None, tie_word_embeddings=True, head_dim=6),
    "qwen2": lambda: small("qwen2", tie_word_embeddings=True, **rope(rope_theta=1000000.0)),
    "qwen2-window": lambda: small("qwen2", use_sliding_window=True, sliding_window=3, max_window_layers=1),
    "qwen2-yarn": lambda: small("qwen2", head_dim=12, **rope("yarn", 100.0, factor=4.0, original_max_position_embeddings=16)),
    "qwen3": lambda: small("qwen3", head_dim=10, **rope(rope_theta=1000000.0)),
    "qwen3-tied": lambda: small(
        "qwen3", head_dim=4, tie_word_embeddings=True, attention_bias=True, use_sliding_window=True, sliding_window=5,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    ),
    "olmo2": lambda: small("olmo2", attention_bias=True, pad_token_id=None, **rope(rope_theta=500000.0)),
    "phi3": lambda: small("phi3", sliding_window=4, pad_token_id=None, **rope(partial_rotary_factor=0.5)),
    "phi3-tied": lambda: small("phi3", tie_word_embeddings=True, num_key_value_heads=4, pad_token_id=None, **rope()),
    # Texts stay within the original length; longer texts have other factors.
    "phi3-longrope": lambda: small(
        "phi3", original_max_position_embeddings=32, pad_token_id=None,
        **rope("longrope", short_factor=[1.0, 1.5], long_factor=[2.0, 5.0], original_max_position_embeddings=32),
    ),
    "smollm3": lambda: small(
        "smollm3", tie_word_embeddings=True, no_rope_layer_interval=2, pad_token_id=None, **rope(rope_theta=5000000.0)
    ),
    "smollm3-window": lambda: small(
        "smollm3", no_rope_layers=[0, 1, 1], use_sliding_window=True, sliding_window=3, attention_bias=True,
        mlp_bias=True, pad_token_id=None, **rope(rope_theta=1000.0),
    ),
    "gpt-neox": lambda: neox(rope_parameters={"rope_theta": 10000.0, "partial_rotary_factor": 0.5}),
    "gpt-neox-sequential": lambda: neox(
        use_parallel_residual=False, attention_bias=False, hidden_act="gelu_new", tie_word_embeddings=True,
        rope_parameters={"rope_theta": 1000.0, "partial_rotary_factor": 1.0},
    ),
    # Caps that have an effect: scores and logits of these models reach several units.
    "gemma2": lambda: gemma("gemma2", attn_logit_softcapping=2.0, final_logit_softcapping=3.0, attention_bias=True),
    "gemma2-untied": lambda: gemma(
        "gemma2", tie_word_embeddings=False, attn_logit_softcapping=None, final_logit_softcapping=None,
        layer_types=["full_attention", "sliding_attention", "sliding_attention"],
    ),
    "gemma3": lambda: gemma(
        "gemma3_text",
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        },
    ),
    "gptj": lambda: gptj(rotary_dim=4),
    "gptj-tied": lambda: gptj(rotary_dim=8, n_head=2, n_inner=20, tie_word_embeddings=True),
}

# These models share one stream of random numbers; every other model has its own, by its name.
FIRST = ["gpt2", "gpt2-untied", "llama", "llama-untied"]


def spread(model):
    """Sets weights so large that every part counts, norms and biases included."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn_like(weight)
            # 1 for norms that begin with ones, else 0.
            start = float(weight.dim() == 1 and name.endswith("weight") and bool((weight == 1).all()))
            weight.copy_(start + 0.2 * noise)


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def tokens(low, high, vocabulary):
    return torch.randint(0, vocabulary, (int(torch.randint(low, high + 1, ())),)).tolist()


def fresh(model):
    """Makes a model with dynamic rotary positions forget the longest text so far."""
    with torch.no_grad():
        model(torch.tensor([[0]]))
    return model


def sequence_logp(model, prompt, answer):
    ids = torch.tensor([prompt + answer])
    logp = fresh(model)(ids).logits[0, :-1].log_softmax(-1)
    return logp.gather(1, ids[0, 1:, None])[-len(answer):, 0].sum()


def greedy(model, prompt, count):
    ids = torch.tensor([prompt])
    out = fresh(model).generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=count, do_sample=False, eos_token_id=None,
        pad_token_id=0,
    )  # fmt: skip
    return out[0, len(prompt):].tolist()


def fingerprint(gradient):
    """The norm, and sums weighted by cos(i), cos(2i) and cos(3i), which tell any two gradients apart."""
    flat = gradient.double().flatten()
    index = torch.arange(len(flat), dtype=torch.float64)
    return [float(flat.norm())] + [float((flat * torch.cos(k * index)).sum()) for k in (1, 2, 3)]


# Weights whose names in transformers and in the files differ.
RENAMED = {"gpt_neox": {"lm_head.weight": "embed_out.weight"}}


def expected(model):
    vocabulary = model.config.vocab_size
    names = RENAMED.get(model.config.model_type, {})
    ids = tokens(10, 10, vocabulary)
    answers = [{"prompt": tokens(1, 9, vocabulary), "answer": tokens(1, 9, vocabulary)} for _ in range(6)]
    prompts = [tokens(n, n, vocabulary) for n in (1, 4, 9)]
    with torch.no_grad():
        out = {
            "ids": ids,
            "logits": fresh(model)(torch.tensor([ids])).logits[0].tolist(),
            "answers": [{**a, "logp": float(sequence_logp(model, **a))} for a in answers],
            "greedy": [{"prompt": p, "tokens": greedy(model, p, 12)} for p in prompts],
        }
    (-sequence_logp(model, **answers[0])).backward()
    gradients = {names.get(name, name): fingerprint(weight.grad) for name, weight in model.named_parameters()}
    return {**out, "loss": -out["answers"][0]["logp"], "gradients": gradients}


def frequencies():
    """The rotary frequencies of the scalings, from the model's module."""
    base = dict(hidden_size=64, num_attention_heads=2, max_position_embeddings=512)
    settings = [
        {"rope_type": "default", "rope_theta": 10000.0},
        {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
        {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": 256},
        {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 128},
        {"rope_type": "yarn", "rope_theta": 500000.0, "factor": 16.0, "original_max_position_embeddings": 512,
         "beta_fast": 8.0, "beta_slow": 2.0, "truncate": False},
    ]
    return [
        {"rope_parameters": s,
         "frequencies": LlamaRotaryEmbedding(LlamaConfig(**base, rope_parameters=dict(s))).inv_freq.tolist()}
        for s in settings
    ]


def write(name):
    model = MODELS[name]()
    spread(model)
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    assert math.isfinite(float(model.get_input_embeddings().weight.detach().sum()))
    (folder / "expected.json").write_text(json.dumps(rounded(expected(model)), separators=(",", ":")) + "\n")


def main(names):
    OUT.mkdir(parents=True, exist_ok=True)
    if not names or set(names) & set(FIRST):
        torch.manual_seed(7)
        for name in FIRST:
            write(name)
    for name in names or MODELS:
        if name not in FIRST:
            torch.manual_seed(zlib.crc32(name.encode()))
            write(name)
    (OUT / "rotary.json").write_text(json.dumps(rounded(frequencies())) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
