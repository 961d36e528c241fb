"""A trained run: what it writes, draws, expects and holds."""

import os
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import PIL.Image
import torch

from . import native
from .documents import Document, Segment, from_native, to_native, to_picture
from .errors import as_error
from .settings import to_words

Until: TypeAlias = Literal["text", "image", "end"]


@dataclass(frozen=True)
class Token:
    """A token of a text was written. text: what this text has become so far."""

    document: int
    id: int
    text: str


@dataclass(frozen=True)
class Patch:
    """A patch was drawn. grid: rows and columns of patches; pixels: uint8 [side, side, 3]."""

    document: int
    grid: tuple[int, int]
    row: int
    column: int
    pixels: torch.Tensor


@dataclass(frozen=True)
class Picture:
    """A picture is whole."""

    document: int
    picture: PIL.Image.Image


@dataclass(frozen=True)
class DocumentEnd:
    """A document is whole; the prompt is its beginning."""

    document: int
    whole: Document


Event: TypeAlias = Token | Patch | Picture | DocumentEnd


@dataclass(frozen=True)
class Score:
    """How well a run predicts a document; NaN where the document holds nothing of the kind.

    text_nats: of all its texts together, and of its end; tokens: how many ids these are.
    image_loss: the loss of the image head, a mean over patches.
    bits_per_subpixel: of the 8-bit pictures, if they were asked for; bits_kind says whether they are exact, a bound,
    or what else docs/methods.md describes.
    """

    text_nats: float
    tokens: int
    image_loss: float
    patches: int
    bits_per_subpixel: float
    bits_kind: str


@dataclass(frozen=True)
class HiddenStates:
    """What each layer holds of documents, slot by slot.

    layers: "embedding", "layer 1", ..., "normed"; each f32 [slots, width].
    slots: int64 columns by name: document, position in it, id, kind (0 text, 1 patch, 2 other), and of a patch its row,
    column and turn, which are -1 of other slots.
    """

    layers: dict[str, torch.Tensor]
    slots: dict[str, torch.Tensor]


SLOT_COLUMNS = ("document", "position", "id", "kind", "row", "column", "turn")


class Run:
    """A trained model and all that it needs to read and write documents. `Run.load` opens one."""

    def __init__(self, opened: torch.ScriptObject):
        self._native = opened

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: Literal["cpu", "cuda"] = "cpu") -> "Run":
        """Opens a run folder or a checkpoint folder, with the averaged weights that `tessera generate` uses."""
        with as_error():
            return cls(native.Run(os.fspath(path), device))

    @property
    def config(self) -> dict[str, Any]:
        """The keys of the run's config.toml."""
        return tomllib.loads(self._native.config())

    @property
    def grids(self) -> list[tuple[int, int]]:
        """Rows and columns of patches of the pictures that the run draws."""
        return [tuple(grid) for grid in self._native.grids()]

    def parameters(self) -> dict[str, torch.Tensor]:
        """The model's own tensors by name. They are not copies: what changes them changes the run."""
        return self._native.parameters()

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text."""
        return self._native.encode(text)

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of ids."""
        return self._native.decode(list(ids))

    def generate(self, prompt: Segment | Iterable[Segment] = (), *, until: Until | None = None,
                 grid: tuple[int, int] | None = None, seed: int = 0, index: int = 0, **settings: Any) -> Document:
        """Continues a prompt and returns it with its continuation, as `tessera generate` with the same seed does.

        until: end before the next picture ("text"), after it ("image") or with the document ("end"). By default a text
        asks for its picture, a prompt with a picture for a text, and none for all.
        grid: of every picture; by default the model chooses.
        index: documents of one seed and other indices differ; --count draws the indices from 0.
        settings: keys of [generate], such as guidance=2 or sampler={"steps": 20}.
        """
        [document] = self.generate_many([prompt], until=until, grid=grid, seed=seed, first_index=index, **settings)
        return document

    def generate_many(self, prompts: Iterable[Segment | Iterable[Segment]], *, until: Until | None = None,
                      grid: tuple[int, int] | None = None, seed: int = 0, first_index: int = 0,
                      **settings: Any) -> list[Document]:
        """Continues several prompts at once, prompt i with the index first_index + i."""
        wholes: dict[int, Document] = {}
        for event in self.stream(prompts, until=until, grid=grid, seed=seed, first_index=first_index, **settings):
            if isinstance(event, DocumentEnd):
                wholes[event.document] = event.whole
        return [wholes[i] for i in sorted(wholes)]

    def stream(self, prompts: Iterable[Segment | Iterable[Segment]], *, until: Until | None = None,
               grid: tuple[int, int] | None = None, seed: int = 0, first_index: int = 0,
               **settings: Any) -> Iterator[Event]:
        """Continues several prompts and yields tokens, patches, pictures and documents as they come.

        event.document is the prompt's place in `prompts`. Weights must not change before the last event. Whoever needs
        no more stops iterating.
        """
        with as_error():
            generation = native.Generation(self._native, to_words(settings))
            for i, prompt in enumerate(prompts):
                texts, pictures = to_native(prompt, self._native.read_picture)
                generation.add((texts, pictures), until or _until(texts, pictures), self._grid_index(grid), seed,
                               first_index + i)
        return self._events(generation)

    def score(self, documents: Iterable[Segment | Iterable[Segment]], *, seed: int = 0, bits: bool = False) -> list[Score]:
        """Returns how well the run predicts each document, as it is: whole, in its order, without noise on its pictures.

        seed: of what the loss of the image head draws; a document's score does not depend on the others.
        bits: measure also the likelihood of the pictures. A diffusion head needs the run's training data for that.
        """
        with as_error():
            rows, kind = self._native.score(self._all_native(documents), seed, bits)
        return [Score(nats, int(tokens), loss, int(patches), subpixel, kind if patches else "")
                for nats, tokens, loss, patches, subpixel in rows.tolist()]

    def hidden_states(self, documents: Iterable[Segment | Iterable[Segment]]) -> HiddenStates:
        """Returns what every layer holds of documents. Python gets the tensors themselves; nothing is copied."""
        with as_error():
            layers, states, slots = self._native.hidden_states(self._all_native(documents))
        return HiddenStates(dict(zip(layers, states)), dict(zip(SLOT_COLUMNS, slots.unbind(1))))

    def _all_native(self, documents: Iterable[Segment | Iterable[Segment]]) -> list:
        return [to_native(document, self._native.read_picture) for document in documents]

    def _grid_index(self, grid: tuple[int, int] | None) -> int:
        if grid is None:
            return -1
        if tuple(grid) not in self.grids:
            raise ValueError(f"grid {grid} is none of this run, which draws {self.grids}; choose one of these")
        return self.grids.index(tuple(grid))

    def _events(self, generation: torch.ScriptObject) -> Iterator[Event]:
        ids: dict[int, list[int]] = {}  # of the text that a document is at
        while not generation.idle():
            with as_error():
                events = generation.step()
            for document, kind, numbers, pixels in events:
                if kind == "token":
                    written = ids.setdefault(document, [])
                    written += numbers
                    yield Token(document, numbers[0], self.decode(written))
                    continue
                ids[document] = []
                if kind == "patch":
                    rows, columns, cell = numbers
                    yield Patch(document, (rows, columns), cell // columns, cell % columns, pixels)
                elif kind == "picture":
                    yield Picture(document, to_picture(pixels))
                else:
                    yield DocumentEnd(document, from_native(generation.take(document)))


def _until(texts: list[str], pictures: list[torch.Tensor]) -> Until:
    if not texts:
        return "end"
    return "text" if any(picture.numel() > 0 for picture in pictures) else "image"
