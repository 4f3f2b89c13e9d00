"""Words: members of the closed lists that all faces share."""

from __future__ import annotations

import enum


class Word(str, enum.Enum):
    """One of a closed list of words. It is a `str`, the same word as in Rust, C and JSON."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"
