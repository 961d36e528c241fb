"""One transformer that reads and writes texts and pictures.

    import tessera

    run = tessera.train("recipes/tiny_shapes.toml", out="runs/tiny", train={"steps": 400})
    document = run.generate("a large red circle in the middle", seed=1)
    document.pictures[0].save("circle.png")

A document is a list of texts (`str`) and pictures (`PIL.Image.Image`). What goes wrong in the world, such as a file
that is not there, is a `tessera.Error` with the sentence that the command line would print. docs/python.md describes
the whole.
"""

from .documents import Document, Segment
from .errors import Error
from .run import DocumentEnd, Event, HiddenStates, Patch, Picture, Run, Score, Token
from .training import train

__all__ = ["Document", "DocumentEnd", "Error", "Event", "HiddenStates", "Patch", "Picture", "Run", "Score", "Segment",
           "Token", "train"]
