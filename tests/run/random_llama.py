"""What the scripts of Hugging Face's models have in common: random parameters, a small tokenizer, and logits."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def disturb(model):
    """Moves every parameter, biases and norms too, so that none is small."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.15)


def save_tokenizer(folder):
    """Writes tokenizer.json: byte-level BPE, BOS 1, EOS 2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<pad>", "<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(["a large red circle left of a small blue square"], trainer)
    tokenizer.save(f"{folder}/tokenizer.json")


def logits_of(model, ids):
    with torch.no_grad():
        return model(input_ids=ids, use_cache=False).logits.float()
