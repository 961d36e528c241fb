"""peft_adapters.py make FOLDER: a small Llama of random weights in FOLDER/model, an adapter of random factors on it that `peft`
saves to FOLDER/adapter, and in FOLDER/cases.safetensors rows of ids, BOS first, with the logits of both together.

peft_adapters.py load MODEL ADAPTER OUT: a model and an adapter that tessera wrote. OUT gets rows of random ids with their logits,
with the adapter and without."""

import sys

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file

from random_llama import disturb, logits_of, save_tokenizer

ROWS, SLOTS, IDS = 3, 41, 330


def make(folder):
    torch.manual_seed(5)
    config = transformers.LlamaConfig(
        vocab_size=IDS,
        hidden_size=32,
        intermediate_size=72,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = transformers.LlamaForCausalLM(config)
    disturb(model)
    model.to(torch.bfloat16).save_pretrained(f"{folder}/model")
    save_tokenizer(f"{folder}/model")
    targets = ["q_proj", "v_proj", "down_proj", "lm_head"]
    exact = transformers.AutoModelForCausalLM.from_pretrained(f"{folder}/model", dtype=torch.float32)
    adapted = get_peft_model(exact, LoraConfig(r=4, lora_alpha=6, use_rslora=True, target_modules=targets))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn_like(parameter) * 0.3)
    adapted.save_pretrained(f"{folder}/adapter", save_embedding_layers=False)
    ids = torch.randint(0, IDS, (ROWS, SLOTS))
    ids[:, 0] = 1
    save_file({"ids": ids, "logits": logits_of(adapted, ids)}, f"{folder}/cases.safetensors")


def load(folder, adapter, out):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    torch.manual_seed(3)
    ids = torch.randint(0, model.config.vocab_size, (ROWS, SLOTS))
    plain = logits_of(model, ids)
    adapted = PeftModel.from_pretrained(model, adapter)
    save_file({"ids": ids, "plain": plain, "logits": logits_of(adapted, ids)}, out)


{"make": make, "load": load}[sys.argv[1]](*sys.argv[2:])
