"""Writes PEFT adapters of the tiny models, and PEFT's results with them, into fixtures/lora/.

    python tooling/parity/lora.py [FOLDER]

Needs torch, transformers and peft, and fixtures/models/ (models.py). With FOLDER, an adapter that @dpo/models saved for
the tiny GPT-2 or Llama of its adapter_config.json, the script prints the adapter's logits instead, to compare by hand.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent / "fixtures"
OUT = HERE / "lora"
ADAPTERS = {
    "gpt2": dict(r=3, lora_alpha=12, target_modules=["c_attn", "mlp.c_fc", "c_proj"], fan_in_fan_out=True),
    "gpt2-dora": dict(
        r=2, lora_alpha=3, target_modules=["c_attn", "mlp.c_proj"], fan_in_fan_out=True, use_dora=True,
        modules_to_save=["wte", "ln_f"],
    ),
    "llama": dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True),
    "llama-saved": dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["lm_head"]),
    "llama-untied": dict(
        r=2, lora_alpha=4, target_modules=r".*layers\.(?:0\.self_attn\.[qk]|1\.mlp\.up)_proj", use_dora=True,
        rank_pattern={"q_proj": 1}, alpha_pattern={"mlp.up_proj": 7}, modules_to_save=["embed_tokens", "lm_head"],
    ),
    "llama-both": dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
    "llama-layers": dict(
        r=2, lora_alpha=4, target_modules=["q_proj", "k_proj", "down_proj"], layers_to_transform=[1], use_rslora=True,
        rank_pattern={"q_proj": 3, r"layers\.\d+\.mlp\.down_proj": 1}, alpha_pattern={"k_proj": 5},
    ),
    "gpt-neox-saved": dict(r=2, lora_alpha=4, target_modules=["query_key_value"], modules_to_save=["lm_head"]),
}  # fmt: skip
IDS = [3, 14, 15, 92, 65, 35, 89, 79, 32]


def base(name):
    folder = next(f for f in (name, name.rsplit("-", 1)[0]) if (HERE / "models" / f).is_dir())
    return folder, AutoModelForCausalLM.from_pretrained(HERE / "models" / folder, dtype=torch.float32)


def ids_for(model):
    return [id % model.config.vocab_size for id in IDS]


def logits(model):
    with torch.no_grad():
        return model(torch.tensor([ids_for(model)])).logits[0].tolist()


def fingerprint(gradient):
    """The norm, and sums weighted by cos(i), cos(2i) and cos(3i), which tell any two gradients apart."""
    flat = gradient.double().flatten()
    index = torch.arange(len(flat), dtype=torch.float64)
    values = [flat.norm(), *((flat * torch.cos(k * index)).sum() for k in (1, 2, 3))]
    return [float(f"{float(value):.8g}") for value in values]


def gradients(model):
    """The gradients of -log p of all tokens after the first, by the names of saved weights."""
    ids = torch.tensor(ids_for(model))
    logps = model(ids[None]).logits[0, :-1].log_softmax(-1)
    (-logps.gather(1, ids[1:, None]).sum()).backward()
    names = {n.replace(".modules_to_save.default", "").replace("_vector.default.weight", "_vector").replace(".default", ""): w
             for n, w in model.named_parameters() if w.requires_grad}  # fmt: skip
    return {name: fingerprint(weight.grad) for name, weight in sorted(names.items())}


def rounded(rows):
    return [[float(f"{value:.8g}") for value in row] for row in rows]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(11)
    for name, settings in ADAPTERS.items():
        folder, model = base(name)
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings))
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "lora_B" in key:
                    weight.normal_(0, 0.1)
                elif "lora_magnitude" in key or "modules_to_save" in key:
                    weight.mul_(1 + 0.1 * torch.randn_like(weight))
        model.peft_config["default"].base_model_name_or_path = f"../models/{folder}"
        model.save_pretrained(OUT / name, save_embedding_layers=False)
        (OUT / name / "README.md").unlink(missing_ok=True)
        config = json.loads((OUT / name / "adapter_config.json").read_text())
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()  # a set in PEFT
        (OUT / name / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
        expected = {"ids": ids_for(model), "logits": rounded(logits(model)), "gradients": gradients(model)}
        (OUT / name / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def check(folder):
    name = Path(json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]).name
    model = PeftModel.from_pretrained(base(name)[1], folder)
    print(json.dumps({"ids": ids_for(model), "logits": rounded(logits(model)), "merged": rounded(logits(model.merge_and_unload()))}))


if __name__ == "__main__":
    check(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
