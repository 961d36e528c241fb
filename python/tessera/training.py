"""Training, which is the program's own: a process that a notebook can stop, and whose run resumes to the bit."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from .errors import Error
from .run import Run
from .settings import to_words

PROGRAM = pathlib.Path(__file__).parent / "bin" / "tessera"


def train(recipe: str | os.PathLike[str], out: str | os.PathLike[str] | None = None, *,
          begin_from: str | os.PathLike[str] | None = None, resume: bool = False,
          on_report: Callable[[dict[str, Any]], None] | None = None, **settings: Any) -> Run:
    """Trains a recipe into a run folder, as `tessera train` does, and returns the run.

    recipe: a .toml file, or a run folder for its own recipe.
    out: the folder; by default runs/RECIPE, or the run folder that `recipe` is.
    begin_from: a trained run whose weights, tokenizer and model this one begins with.
    resume: continue the last checkpoint there, bit for bit.
    on_report: is called with each line of log.jsonl as it comes.
    settings: keys of the recipe, such as seed=2, train={"steps": 300} or **{"train.steps": 300}.

    An interrupt saves a checkpoint before it is raised, so that `resume` goes on from there.
    """
    recipe = pathlib.Path(recipe)
    out = pathlib.Path(out or (recipe if recipe.is_dir() else f"runs/{recipe.stem}"))
    words = [str(PROGRAM), "train", str(recipe), "--out", str(out), "--quiet"]
    words += ["--from", os.fspath(begin_from)] if begin_from is not None else []
    words += ["--resume"] if resume else []
    _run(words + to_words(settings), out / "log.jsonl", on_report or (lambda report: None))
    return Run.load(out)


def _run(words: list[str], log: pathlib.Path, on_report: Callable[[dict[str, Any]], None]) -> None:
    lines = _NewLines(log)
    with tempfile.TemporaryFile() as errors:
        # Of a session of its own, so that Ctrl-C in a terminal reaches it once, by the line below.
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
        try:
            while not _has_ended(process):
                for report in lines:
                    on_report(report)
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        for report in lines:
            on_report(report)
        errors.seek(0)
        sentence = errors.read().decode(errors="replace").strip()
    if process.returncode != 0:
        raise Error(sentence.removeprefix("tessera: ") or f"training ended with exit code {process.returncode}")


def _has_ended(process: subprocess.Popen) -> bool:
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return False
    return True


class _NewLines:
    """Yields the reports that were added to a log since the last time; those that were there at first are not new."""

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._read = path.stat().st_size if path.exists() else 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if line.endswith(b"\n"):
                    self._read += len(line)
                    yield json.loads(line)
