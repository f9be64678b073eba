"""Writes tiny text classifiers, and transformers' results on them, into fixtures/classifiers/.

    python tooling/parity/classifiers.py

Needs torch and transformers. NAME/ is a Hugging Face folder; NAME/expected.json has the logits of each text, computed
alone and checked to be the same in a padded batch, and its ids. The weights are stored as bfloat16 to keep the files
small; everything is computed in float32 from the stored weights.
"""

import json
import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

OUT = Path(__file__).parent / "fixtures" / "classifiers"
TEXTS = [
    "The film was a joy from start to finish.",
    "Dull.",
    "I can't recommend it: the plot is thin, and the ending wasn't earned!",
    "Großartig, wirklich – 10/10 🙂",
    "so so",
    "It begins well. Then it drags, and drags, and drags; nobody speaks, nothing happens, and in the end the only thing "
    "that I could remember of it was the quiet street at dawn with which it had begun, two very long hours before.",
    "a",
]


def byte_level(specials, template):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=280 + len(specials), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=specials
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    if template is not None:
        special_tokens = [(token, tokenizer.token_to_id(token)) for token in specials]
        tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=special_tokens)
    return tokenizer


def word_piece():
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(TEXTS[:5], trainers.WordPieceTrainer(vocab_size=160, special_tokens=specials))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer, dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def roberta():
    tokenizer = byte_level(["<s>", "<pad>", "</s>", "<unk>"], "<s> $A </s>")
    model = RobertaForSequenceClassification(
        RobertaConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=66, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1,
            id2label={0: "negative", 1: "neutral", 2: "positive"}, label2id={"negative": 0, "neutral": 1, "positive": 2},
        )
    )  # fmt: skip
    return model, tokenizer, dict(bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"), 64


def distilbert():
    tokenizer, special_tokens = word_piece()
    model = DistilBertForSequenceClassification(
        DistilBertConfig(
            vocab_size=tokenizer.get_vocab_size(), dim=16, n_layers=2, n_heads=4, hidden_dim=24,
            max_position_embeddings=48, id2label={0: "NEGATIVE", 1: "POSITIVE"}, label2id={"NEGATIVE": 0, "POSITIVE": 1},
        )
    )  # fmt: skip
    return model, tokenizer, special_tokens, 48


def bert():
    tokenizer, special_tokens = word_piece()
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=64, num_labels=4, problem_type="multi_label_classification",
        )
    )  # fmt: skip
    return model, tokenizer, special_tokens, 64


def llama():
    tokenizer = byte_level(["<s>", "</s>", "<pad>"], "<s> $A")
    model = LlamaForSequenceClassification(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=16, intermediate_size=24, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256, pad_token_id=2, bos_token_id=0,
            eos_token_id=1, num_labels=1,
        )
    )  # fmt: skip
    return model, tokenizer, dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>"), 256


def gpt2():
    tokenizer = byte_level(["<|endoftext|>"], None)
    model = GPT2ForSequenceClassification(
        GPT2Config(
            vocab_size=tokenizer.get_vocab_size(), n_positions=256, n_embd=16, n_layer=2, n_head=2, bos_token_id=0,
            eos_token_id=0, pad_token_id=0, num_labels=3,
        )
    )  # fmt: skip
    return model, tokenizer, dict(bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>"), 256


def qwen2():
    tokenizer = byte_level(["<|endoftext|>", "<|im_end|>"], None)
    model = Qwen2ForSequenceClassification(
        Qwen2Config(
            vocab_size=tokenizer.get_vocab_size() + 5, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=256, tie_word_embeddings=True,
            pad_token_id=0, bos_token_id=0, eos_token_id=1, num_labels=1,
        )
    )  # fmt: skip
    return model, tokenizer, dict(eos_token="<|im_end|>", pad_token="<|endoftext|>"), 256


def spread(model):
    """Sets weights so large that every part counts, norms and biases included."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn_like(weight)
            is_norm = weight.dim() == 1 and name.endswith("weight")
            weight.copy_(1 + 0.2 * noise if is_norm else 0.3 * noise)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(3)
    for make in (roberta, distilbert, bert, llama, gpt2, qwen2):
        model, tokenizer, special_tokens, limit = make()
        folder = OUT / make.__name__
        spread(model)
        model.to(torch.bfloat16).save_pretrained(folder)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=limit, **special_tokens).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        described = json.loads((folder / "tokenizer.json").read_text())
        (folder / "tokenizer.json").write_text(json.dumps(described, separators=(",", ":"), ensure_ascii=False) + "\n")

        model = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        encoder = PreTrainedTokenizerFast.from_pretrained(folder)
        texts = TEXTS + (["the end<|endoftext|>"] if make is gpt2 else [])
        rows = []
        with torch.no_grad():
            for text in texts:
                ids = encoder(text, truncation=True, max_length=limit).input_ids
                logits = model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits[0]
                rows.append({"text": text, "ids": ids, "logits": [float(f"{z:.8g}") for z in logits.tolist()]})
            batch = encoder(texts, truncation=True, max_length=limit, padding=True, return_tensors="pt")
            together = model(batch.input_ids, attention_mask=batch.attention_mask).logits
            assert torch.allclose(together, torch.tensor([row["logits"] for row in rows]), atol=1e-4), make.__name__
        (folder / "expected.json").write_text(json.dumps(rows, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
