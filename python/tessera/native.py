"""Loads the native part, which is linked to the libraries of torch and so to one version of it."""

import pathlib

import torch

from .built_for import TORCH_VERSION

if torch.__version__ != TORCH_VERSION:
    raise ImportError(f"tessera was built against torch {TORCH_VERSION}, and this is torch {torch.__version__}: install that "
                      "torch, or build tessera again with `pip install --no-build-isolation .`")

torch.classes.load_library(str(pathlib.Path(__file__).parent / "libtessera_native.so"))
Run = torch.classes.tessera.Run
Generation = torch.classes.tessera.Generation
