"""Documents of texts and pictures, and how they reach the native part."""

import base64
import ctypes
import html
import io
import os
from collections.abc import Iterable
from typing import TypeAlias

import PIL.Image
import torch

Segment: TypeAlias = str | PIL.Image.Image | torch.Tensor | os.PathLike[str]
"""A text; or a picture: of PIL, as a uint8 tensor [height, width, 3], or as the path of a file."""

_SEGMENTS = (str, PIL.Image.Image, torch.Tensor, os.PathLike)

NativeDocument: TypeAlias = tuple[list[str], list[torch.Tensor]]


class Document(list[str | PIL.Image.Image]):
    """A list of texts and pictures, which a notebook shows as such."""

    @property
    def texts(self) -> list[str]:
        return [segment for segment in self if isinstance(segment, str)]

    @property
    def pictures(self) -> list[PIL.Image.Image]:
        return [segment for segment in self if isinstance(segment, PIL.Image.Image)]

    def _repr_html_(self) -> str:
        return " ".join(html.escape(segment) if isinstance(segment, str) else _tag(segment) for segment in self)


def _tag(picture: PIL.Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" style="image-rendering: pixelated; min-width: 128px">'


def to_tensor(picture: PIL.Image.Image) -> torch.Tensor:
    """Returns uint8 [height, width, 3]; what is transparent lies on white, as in pictures that are read from files."""
    if "A" in picture.getbands() or "transparency" in picture.info:
        above = picture.convert("RGBA")
        picture = PIL.Image.alpha_composite(PIL.Image.new("RGBA", above.size, "white"), above)
    data = bytearray(picture.convert("RGB").tobytes())
    return torch.frombuffer(data, dtype=torch.uint8).view(picture.height, picture.width, 3)


def to_picture(pixels: torch.Tensor) -> PIL.Image.Image:
    """Makes a picture of uint8 [height, width, 3] on the CPU."""
    pixels = pixels.contiguous()
    data = ctypes.string_at(pixels.data_ptr(), pixels.numel())
    return PIL.Image.frombytes("RGB", (pixels.shape[1], pixels.shape[0]), data)


def to_native(document: Segment | Iterable[Segment], read) -> NativeDocument:
    """Takes a segment or several; `read` makes a tensor of a picture's path."""
    if isinstance(document, _SEGMENTS):
        document = [document]
    texts, pictures = [], []
    for segment in document:
        if isinstance(segment, PIL.Image.Image):
            segment = to_tensor(segment)
        elif isinstance(segment, os.PathLike):
            segment = read(os.fspath(segment))
        elif not isinstance(segment, str | torch.Tensor):
            raise TypeError(f"a document holds texts and pictures, not {type(segment).__name__}")
        is_text = isinstance(segment, str)
        texts.append(segment if is_text else "")
        pictures.append(torch.empty(0, dtype=torch.uint8) if is_text else segment)
    return texts, pictures


def from_native(document: NativeDocument) -> Document:
    return Document(to_picture(picture) if picture.dim() == 3 else text for text, picture in zip(*document))
