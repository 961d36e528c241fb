"""transformers_models.py make FAMILY FOLDER: a small model of random weights as `transformers` saves it, and in
FOLDER/cases.safetensors rows of ids, BOS first, with the model's logits in f32.

transformers_models.py load FOLDER OUT TEXT: the model and tokenizer of a folder that tessera exported. OUT gets rows of random ids
with their logits, and the ids of the text."""

import json
import sys

import torch
import transformers
from safetensors.torch import save_file

from random_llama import disturb, logits_of, save_tokenizer

ROWS, SLOTS, IDS = 3, 41, 330
COMMON = dict(
    vocab_size=IDS,
    hidden_size=32,
    intermediate_size=72,
    num_hidden_layers=3,
    num_attention_heads=4,
    bos_token_id=1,
    eos_token_id=2,
    max_position_embeddings=256,
)
LLAMA3 = dict(
    rope_type="llama3", rope_theta=5000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32
)
# name: class, what is its own, how it is saved, whether in shards
FAMILIES = {
    "llama2": ("Llama", dict(num_key_value_heads=4, rms_norm_eps=1e-5), torch.float32, False),
    "llama3": ("Llama", dict(num_key_value_heads=2, rope_parameters=LLAMA3, head_dim=12), torch.bfloat16, True),
    "smollm2": ("Llama", dict(num_key_value_heads=1, tie_word_embeddings=True), torch.float16, False),
    "mistral": ("Mistral", dict(num_key_value_heads=2, head_dim=16, sliding_window=None), torch.float32, False),
    "qwen2": ("Qwen2", dict(num_key_value_heads=2, tie_word_embeddings=True), torch.bfloat16, False),
    "qwen3": ("Qwen3", dict(num_key_value_heads=2, head_dim=20, rms_norm_eps=3e-4), torch.float32, True),
}


def make(family, folder):
    name, own, dtype, shards = FAMILIES[family]
    torch.manual_seed(len(family))
    config = getattr(transformers, name + "Config")(**COMMON, **own)
    model = getattr(transformers, name + "ForCausalLM")(config)
    disturb(model)
    model.to(dtype).save_pretrained(folder, max_shard_size="30KB" if shards else "5GB")
    save_tokenizer(folder)
    ids = torch.randint(0, IDS, (ROWS, SLOTS))
    ids[:, 0] = 1
    exact = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    save_file({"ids": ids, "logits": logits_of(exact, ids)}, f"{folder}/cases.safetensors")


def load(folder, out, text):
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(3)
    ids = torch.randint(0, model.config.vocab_size, (ROWS, SLOTS))
    tokens = tokenizer(text).input_ids
    assert tokens[0] == model.config.bos_token_id == tokenizer.bos_token_id, tokens
    assert tokenizer.decode(tokens[1:]) == text, tokens
    save_file({"ids": ids, "logits": logits_of(model, ids), "text": torch.tensor(tokens)}, out)


{"make": make, "load": load}[sys.argv[1]](*sys.argv[2:])
