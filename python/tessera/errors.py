"""Errors of the world: one exception, whose text is a sentence of what is wrong, where, and what to do."""

import contextlib
from collections.abc import Iterator

_MARK = "tessera.Error: "  # as python/errors.h has it


class Error(Exception):
    """Says in a sentence what is wrong with a file, a setting or a document."""


@contextlib.contextmanager
def as_error() -> Iterator[None]:
    """Makes an `Error` of what the native part reports. Faults of the program stay a `RuntimeError`."""
    try:
        yield
    except RuntimeError as error:
        _, mark, sentence = str(error).partition(_MARK)
        if not mark:
            raise
        raise Error(sentence.split("\n")[0]) from None
