"""Writes tiny GPT-2 and Llama models and what transformers computes with them into fixtures/models/.

    python tooling/parity/models.py

Needs torch and transformers. The weights are stored as bfloat16 to keep the files small; everything is computed in
float32 from the stored weights, with eager attention.
"""

import json
import math
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
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


MODELS = {
    "gpt2": lambda: gpt2(),
    "gpt2-untied": lambda: gpt2(tie_word_embeddings=False, activation_function="gelu", n_inner=40),
    "llama": lambda: llama(tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 10000.0}),
    "llama-untied": lambda: llama(
        tie_word_embeddings=False, attention_bias=True, mlp_bias=True, head_dim=12, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
    ),
}


def spread(model):
    """Numbers large enough that every part counts, norms and biases included."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn_like(weight)
            is_norm = weight.dim() == 1 and name.endswith("weight")
            weight.copy_(1 + 0.2 * noise if is_norm else 0.2 * noise)


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def tokens(low, high):
    return torch.randint(0, VOCABULARY, (int(torch.randint(low, high + 1, ())),)).tolist()


def sequence_logp(model, prompt, answer):
    ids = torch.tensor([prompt + answer])
    logp = model(ids).logits[0, :-1].log_softmax(-1)
    return logp.gather(1, ids[0, 1:, None])[-len(answer):, 0].sum()


def greedy(model, prompt, count):
    ids = list(prompt)
    for _ in range(count):
        ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt):]


def fingerprint(gradient):
    """The norm, and sums weighted by cos(i), cos(2i) and cos(3i): enough to tell any two gradients apart."""
    flat = gradient.double().flatten()
    index = torch.arange(len(flat), dtype=torch.float64)
    return [float(flat.norm())] + [float((flat * torch.cos(k * index)).sum()) for k in (1, 2, 3)]


def expected(model):
    ids = tokens(10, 10)
    answers = [{"prompt": tokens(1, 9), "answer": tokens(1, 9)} for _ in range(6)]
    prompts = [tokens(n, n) for n in (1, 4, 9)]
    with torch.no_grad():
        out = {
            "ids": ids,
            "logits": model(torch.tensor([ids])).logits[0].tolist(),
            "answers": [{**a, "logp": float(sequence_logp(model, **a))} for a in answers],
            "greedy": [{"prompt": p, "tokens": greedy(model, p, 12)} for p in prompts],
        }
    (-sequence_logp(model, **answers[0])).backward()
    gradients = {name: fingerprint(weight.grad) for name, weight in model.named_parameters()}
    return {**out, "loss": -out["answers"][0]["logp"], "gradients": gradients}


def frequencies():
    """Rotary frequencies of the scalings, as the model's module has them."""
    base = dict(hidden_size=64, num_attention_heads=2, max_position_embeddings=512)
    settings = [
        {"rope_type": "default", "rope_theta": 10000.0},
        {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
        {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": 256},
    ]
    return [
        {"rope_parameters": s,
         "frequencies": LlamaRotaryEmbedding(LlamaConfig(**base, rope_parameters=dict(s))).inv_freq.tolist()}
        for s in settings
    ]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(7)
    for name, make in MODELS.items():
        model = make()
        spread(model)
        folder = OUT / name
        model.to(torch.bfloat16).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        assert math.isfinite(float(model.get_input_embeddings().weight.sum()))
        (folder / "expected.json").write_text(json.dumps(rounded(expected(model)), separators=(",", ":")) + "\n")
    (OUT / "rotary.json").write_text(json.dumps(rounded(frequencies())) + "\n")


if __name__ == "__main__":
    main()
