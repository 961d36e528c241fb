"""Keyword arguments as the words path=value that a command line takes."""

import json
from typing import Any


def to_words(settings: dict[str, Any], prefix: str = "") -> list[str]:
    """Makes words of nested settings: {"train": {"steps": 5}} and {"train.steps": 5} are both train.steps=5."""
    words = []
    for key, value in settings.items():
        if isinstance(value, dict):
            words += to_words(value, f"{prefix}{key}.")
        else:
            words.append(f"{prefix}{key}={_toml(value)}")
    return words


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"a setting is a number, a text, true or false, or a list of these, not {type(value).__name__}")
