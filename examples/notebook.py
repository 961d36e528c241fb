# %% [markdown]
# # A run in Python: train, draw as the patches come, score, look inside
# Start in the repository's root. A notebook opens this file cell by cell.

# %%
import tempfile

import PIL.Image
import torch

import tessera

folder = tempfile.mkdtemp()
run = tessera.train(
    "recipes/tiny_shapes.toml",
    out=f"{folder}/run",
    on_report=lambda report: print(f"step {report['step']}: image loss {report['image_loss']:.3f}"),
    train={"steps": 100, "log_every": 20},
)

# %% [markdown]
# ## Draw, and see each patch when it is there

# %%
for event in run.stream(["a large red circle in the middle"], seed=1, guidance=2):
    if isinstance(event, tessera.Patch):
        print(f"patch at row {event.row}, column {event.column}: mean {event.pixels.float().mean():.0f}")
    elif isinstance(event, tessera.DocumentEnd):
        event.whole.pictures[0].save(f"{folder}/circle.png")

# %% [markdown]
# ## Which sentence does the run expect more beside this picture?

# %%
picture = PIL.Image.open(f"{folder}/circle.png")
sentences = ["a large red circle in the middle", "a small blue square at the top"]
for sentence, score in zip(sentences, run.score([[picture, sentence] for sentence in sentences])):
    print(f"{score.text_nats / score.tokens:.2f} nats a token: {sentence}")

# %% [markdown]
# ## Can colour be read off the hidden states?
# The states are tensors of torch. A linear map is fitted to half of the pictures and tried on the other half.

# %%
colours = torch.randint(0, 256, (200, 3), generator=torch.Generator().manual_seed(1))
states = run.hidden_states([PIL.Image.new("RGB", (16, 16), tuple(colour)) for colour in colours.tolist()])
last_patch = states.slots["turn"] == 15
features, truth = states.layers["normed"][last_patch], colours / 255
weights = torch.linalg.lstsq(features[:100], truth[:100]).solution
error = (features[100:] @ weights - truth[100:]).abs().mean()
print(f"mean error of the colour: {error:.3f}; of the mean colour: {(truth[100:] - truth[:100].mean(0)).abs().mean():.3f}")
