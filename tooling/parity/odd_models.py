"""Writes models whose configuration and tensors disagree, and transformers' results with them, into fixtures/odd_models/.

    python tooling/parity/odd_models.py

Needs torch, transformers and safetensors. A folder holds a tiny model and its logits; rope_settings.json holds
configurations with rotary settings in several places, and the frequencies that transformers computes from them.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

OUT = Path(__file__).parent / "fixtures" / "odd_models"
IDS = [3, 14, 15, 9, 26, 5, 31, 8]
SMALL = dict(vocab_size=32, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2,
             num_key_value_heads=2, max_position_embeddings=32, bos_token_id=0, eos_token_id=0, pad_token_id=None)  # fmt: skip


def save(name, model_type, change, **settings):
    """Saves a model, changes the folder's tensors and configuration, and writes the logits of the model in the folder."""
    folder = OUT / name
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **{**SMALL, **settings}))
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_((weight + 0.2 * torch.randn_like(weight)).bfloat16().float())
    model.save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    change(tensors, config)
    save_file({key: value.bfloat16().contiguous() for key, value in tensors.items()}, folder / "model.safetensors",
              {"format": "pt"})  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "generation_config.json").unlink(missing_ok=True)
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        )(torch.tensor([IDS])).logits[0]
    expected = {"ids": IDS, "logits": [[float(f"{value:.8g}") for value in row] for row in logits.tolist()]}
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def own_head(tensors, config):
    config["tie_word_embeddings"] = True
    embedding = next(key for key in tensors if key.endswith(("embed_tokens.weight", "wte.weight", "embed_in.weight")))
    head = "embed_out.weight" if "gpt_neox" in embedding else "lm_head.weight"
    tensors[head] = (0.3 * torch.randn_like(tensors[embedding])).bfloat16().float()


def same_head(tensors, config):
    config["tie_word_embeddings"] = True
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()


def head_alone(tensors, config):
    config["tie_word_embeddings"] = True
    tensors["lm_head.weight"] = tensors.pop("model.embed_tokens.weight")


def state_dict_names(tensors, _):
    tensors["lm_head.weight"] = tensors.pop("embed_out.weight")


def two_ropes(**settings):
    def change(_, config):
        for key in ("rope_parameters", "rope_scaling", "rope_theta"):
            config.pop(key, None)
        config.update(settings)

    return change


NEOX_ROPES = dict(rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 1.0},
                  rope_scaling={"type": "linear", "factor": 2.0}, rotary_pct=0.5, rotary_emb_base=300)  # fmt: skip
GEMMA_ROPES = dict(rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 700.0},
                                    "sliding_attention": {"rope_type": "default", "rope_theta": 90.0}},
                   rope_scaling={"rope_type": "linear", "factor": 8.0})  # fmt: skip
ROPE = {
    "llama": [
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "rope_scaling": {"rope_type": "linear", "factor": 2.0}, "rope_theta": 300.0},
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}, "rope_scaling": {"type": "linear", "factor": 2.0}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "rope_scaling": None, "rope_theta": 300.0},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "rope_scaling": {}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}},
        {"rope_scaling": {"type": "dynamic", "factor": 2.0, "rope_theta": 700.0}, "rope_theta": 300.0},
        {},
    ],
    "qwen2": [
        {"rope_parameters": {"rope_type": "default"}, "rope_scaling": {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 16}, "rope_theta": 300.0},
    ],
}  # fmt: skip


def rope_case(model_type, settings):
    """The frequencies of a model from a folder with such a configuration."""
    heads = dict(head_dim=8, hidden_size=16, num_attention_heads=2)
    folder = OUT / "rope"
    AutoConfig.for_model(model_type, **{**SMALL, **heads}).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config = {key: value for key, value in config.items() if key not in ("rope_parameters", "rope_scaling", "rope_theta")}
    config = {**config, **settings}
    (folder / "config.json").write_text(json.dumps(config))
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    shutil.rmtree(folder)
    rotary = next(module for name, module in model.named_modules() if name.endswith("rotary_emb"))
    names = [name for name, _ in rotary.named_buffers() if name.endswith("inv_freq") and "original" not in name]
    frequencies = {name: [float(f"{value:.8g}") for value in getattr(rotary, name).tolist()] for name in sorted(names)}
    return {"config": config, "frequencies": frequencies}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(16)
    save("llama-own-head", "llama", own_head, tie_word_embeddings=False)
    save("llama-same-head", "llama", same_head, tie_word_embeddings=True)
    save("llama-head-alone", "llama", head_alone, tie_word_embeddings=True)
    save("gemma2-own-head", "gemma2", own_head, tie_word_embeddings=True, head_dim=4, query_pre_attn_scalar=4)
    save("neox-own-head", "gpt_neox", own_head, tie_word_embeddings=True, num_attention_heads=1)
    save("neox-state-dict", "gpt_neox", state_dict_names, tie_word_embeddings=False, num_attention_heads=1)
    save("neox-two-ropes", "gpt_neox", two_ropes(**NEOX_ROPES), tie_word_embeddings=False, num_attention_heads=1)
    save("gemma3-two-ropes", "gemma3_text", two_ropes(**GEMMA_ROPES), head_dim=4, query_pre_attn_scalar=4,
         num_hidden_layers=6, sliding_window=4)  # fmt: skip
    cases = [rope_case(model_type, settings) for model_type, all_of in ROPE.items() for settings in all_of]
    (OUT / "rope_settings.json").write_text("".join(f"{json.dumps(case)}\n" for case in cases))


if __name__ == "__main__":
    main()
