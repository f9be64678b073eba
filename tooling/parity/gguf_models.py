"""Writes GGUF files of some tiny models of fixtures/models/ in the form of llama.cpp's converter, into fixtures/gguf_models/.

    python tooling/parity/gguf_models.py

Needs gguf and safetensors. Matrices are BF16 and vectors F32, which loses nothing of the models' bfloat16 weights. The
files have no tokenizer.
"""

import json
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent / "fixtures"
OUT = HERE / "gguf_models"


def rotary_rows(weight, heads):
    """Orders the rows of each head's weights: a row of the first half, a row of the second half, and so on."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def all_queries_first(weight, heads):
    """Reorders from the three parts of each head to each part of all heads."""
    return weight.reshape(heads, 3, weight.shape[0] // heads // 3, *weight.shape[1:]).swapaxes(0, 1).reshape(weight.shape)


def changed(architecture, name, weight, config):
    if architecture == "llama" and ".q_proj." in name:
        return rotary_rows(weight, config["num_attention_heads"])
    if architecture == "llama" and ".k_proj." in name:
        return rotary_rows(weight, config["num_key_value_heads"])
    if architecture == "gptneox" and ".query_key_value." in name:
        return all_queries_first(weight, config["num_attention_heads"])
    if architecture.startswith("gemma") and name.endswith("norm.weight"):
        return weight + 1
    return weight


def llama_like(writer, config):
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if config.get("head_dim"):
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])


def with_rope(writer, config):
    llama_like(writer, config)
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])


def gemma2(writer, config):
    llama_like(writer, config)
    writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    writer.add_sliding_window(config["sliding_window"])


def gemma3(writer, config):
    llama_like(writer, config)
    full = config["rope_parameters"]["full_attention"]
    writer.add_rope_freq_base(full["rope_theta"])
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(full["factor"])
    writer.add_sliding_window(config["sliding_window"])


def neox(writer, config):
    head_size = config["hidden_size"] // config["num_attention_heads"]
    writer.add_rope_dimension_count(int(config["rope_parameters"]["partial_rotary_factor"] * head_size))
    writer.add_parallel_residual(config["use_parallel_residual"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])


# llama.cpp calls Mistral Llama.
MODELS = {
    "mistral-tied": (gguf.MODEL_ARCH.LLAMA, with_rope),
    "qwen2": (gguf.MODEL_ARCH.QWEN2, with_rope),
    "qwen3": (gguf.MODEL_ARCH.QWEN3, with_rope),
    "gemma2": (gguf.MODEL_ARCH.GEMMA2, gemma2),
    "gemma3": (gguf.MODEL_ARCH.GEMMA3, gemma3),
    "gpt-neox": (gguf.MODEL_ARCH.GPTNEOX, neox),
}


def write(model, kind, settings, name=None, **options):
    config = json.loads((HERE / "models" / model / "config.json").read_text())
    architecture = gguf.MODEL_ARCH_NAMES[kind]
    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    writer = gguf.GGUFWriter(OUT / f"{name or model}.gguf", architecture, **options)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    settings(writer, config)
    for key, weight in load_file(HERE / "models" / model / "model.safetensors").items():
        tensor = changed(architecture, key, weight.float(), config)
        place = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if tensor.dim() == 1:
            writer.add_tensor(place, tensor.numpy())
        else:
            data = tensor.to(torch.bfloat16).view(torch.uint8).numpy()
            writer.add_tensor(place, data, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_other(name, type, settings):
    """A GGUF file that is no model."""
    writer = gguf.GGUFWriter(OUT / f"{name}.gguf", "llama")
    writer.add_type(type)
    settings(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def adapter(writer):
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_tensor("blk.0.attn_q.weight.lora_a", torch.zeros(2, 4).numpy())


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for model, (kind, settings) in MODELS.items():
        write(model, kind, settings)
    # The form of llama.cpp's gguf-split.
    write("qwen2", *MODELS["qwen2"], name="qwen2-parts", split_max_tensors=16)
    write_other("vocabulary", "model", lambda writer: writer.add_token_list(["a", "b"]))
    write_other("adapter", "adapter", adapter)
