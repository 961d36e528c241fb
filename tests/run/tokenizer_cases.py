"""tokenizer_cases.py FOLDER COUNT: trains tokenizers with the expressions of GPT-2, Llama 3, Qwen and SmolLM2 by the
`tokenizers` package, and writes for each NAME.json and NAME.jsonl: COUNT random texts, their ids and what those are decoded to,
and lists of random ids and what they are decoded to."""

import json
import random
import sys
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def split(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


KINDS = {
    "gpt2": (pre_tokenizers.ByteLevel(add_prefix_space=False), None, False),
    "llama3": (split(LLAMA3), None, True),
    "qwen": (split(QWEN), normalizers.NFC(), False),
    "smollm2": (
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        ),
        None,
        False,
    ),
}

WORDS = ["hello", "World", "don't", "WE'LL", "they'RE", "I'm", "it\u2019s", "'\u017f", "12345", "3.14", "na\u00efve", "\u00e9t\u00e9"]
SPACES = [" ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", "\u00a0", "\u2003", "\u3000", "\u180e", "\u2028", "\u0085", "\u200b", "\x0b"]
ADDED = ["<|end|>", "<|end|>more", "<|im_start|>", "caf\u00e9!"]
BLOCKS = [
    (0x20, 0x7F),
    (0xA0, 0x250),
    (0x300, 0x370),
    (0x370, 0x600),
    (0x900, 0xA00),
    (0xE00, 0xE80),
    (0x1100, 0x1200),
    (0x1E00, 0x2000),
    (0x2000, 0x2300),
    (0x2460, 0x2500),
    (0x3000, 0x3100),
    (0x4E00, 0x5000),
    (0xAC00, 0xAD00),
    (0xF900, 0xFB00),
    (0xFB00, 0xFE00),
    (0x1D400, 0x1D800),
    (0x1F300, 0x1F700),
    (0x2F800, 0x2FA20),
]
# The letters of every version of Unicode that is in use: the tables of later ones differ.
ASSIGNED = [chr(c) for c in range(1, 0x110000) if unicodedata.ucd_3_2_0.category(chr(c)) not in ("Cn", "Cs")]


def random_text(rng):
    parts = []
    for _ in range(rng.randrange(1, 12)):
        kind = rng.randrange(7)
        if kind == 0:
            parts.append(rng.choice(WORDS))
        elif kind == 1:
            parts.append(rng.choice(SPACES))
        elif kind == 2:
            begin, end = rng.choice(BLOCKS)
            letters = (chr(rng.randrange(begin, end)) for _ in range(rng.randrange(1, 8)))
            parts.append("".join(c for c in letters if unicodedata.category(c) != "Cn"))
        elif kind == 3:
            parts.append("".join(rng.choice(ASSIGNED) for _ in range(rng.randrange(1, 5))))
        elif kind == 4:
            parts.append(unicodedata.normalize("NFD", rng.choice(WORDS)))
        elif kind == 5:
            parts.append("".join(chr(rng.randrange(1, 128)) for _ in range(rng.randrange(1, 10))))
        elif rng.random() < 0.2:
            parts.append(rng.choice(ADDED))
    return "".join(parts)


def main(folder, count):
    rng = random.Random(1)
    training = [random_text(rng) for _ in range(3000)]
    for name, (pre, normalizer, whole) in KINDS.items():
        tokenizer = Tokenizer(models.BPE(ignore_merges=whole))
        tokenizer.pre_tokenizer = pre
        tokenizer.decoder = decoders.ByteLevel()
        if normalizer:
            tokenizer.normalizer = normalizer
        alphabet = pre_tokenizers.ByteLevel.alphabet() if name != "smollm2" else []
        trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, show_progress=False)
        tokenizer.train_from_iterator(training, trainer)
        tokenizer.add_special_tokens(ADDED[:3])
        tokenizer.add_tokens([AddedToken(ADDED[3], normalized=True)])
        tokenizer.save(f"{folder}/{name}.json")
        size = tokenizer.get_vocab_size()
        with open(f"{folder}/{name}.jsonl", "w") as file:
            for i in range(count):
                text = random_text(rng)
                ids = tokenizer.encode(text).ids
                if i % 10 == 0:
                    ids, text = [rng.randrange(size) for _ in range(rng.randrange(1, 9))], None
                decoded = tokenizer.decode(ids, skip_special_tokens=False)
                file.write(json.dumps({"text": text, "ids": ids, "decoded": decoded}) + "\n")


main(sys.argv[1], int(sys.argv[2]))
