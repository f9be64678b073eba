"""Models with random weights, and a tokenizer of one token for each word: the training programs of the peers share them."""

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast


def gpt2():
    return GPT2LMHeadModel(GPT2Config(vocab_size=50257))


def smollm2():
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=576,
            intermediate_size=1536,
            num_hidden_layers=30,
            num_attention_heads=9,
            num_key_value_heads=3,
            vocab_size=49152,
            max_position_embeddings=8192,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
            tie_word_embeddings=True,
        )
    )


MODELS = {"gpt2": gpt2, "smollm2": smollm2}


def word_tokenizer(vocabulary):
    """A tokenizer with one token for each word: w0, w1, …"""
    words = {f"w{i}": i for i in range(vocabulary - 2)} | {"<unk>": vocabulary - 2, "<eos>": vocabulary - 1}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>", pad_token="<eos>"
    )
