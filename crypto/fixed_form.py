"""Data objects whose every tag and length is fixed: taken apart and put together without parsing.

A tap reads three such objects in a row; a parser that looks at each tag and length takes ten times as long.
What does not have the form is for the strict parser to explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.tlv import Tlv


@dataclass(frozen=True)
class Primitive:
    """A data object with a value of so many bytes."""

    tag: int
    length: int


@dataclass(frozen=True)
class Constructed:
    """A data object that holds others."""

    tag: int
    members: Sequence[Primitive | Constructed]


class FixedForm:
    """The form of one data object, and all within it."""

    def __init__(self, form: Primitive | Constructed) -> None:
        self._heads: list[bytes] = []
        self._lengths: list[int] = []
        self._flatten(form, b"")
        self._slices: list[tuple[slice, bytes, slice]] = []
        position = 0
        for head, length in zip(self._heads, self._lengths, strict=True):
            begin = position + len(head)
            position = begin + length
            self._slices.append((slice(begin - len(head), begin), head, slice(begin, position)))
        self.size = position

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the values, in their order."""
        return tuple(self._lengths)

    def split(self, data: bytes) -> list[bytes] | None:
        """The values in their order, or None when the data do not have this form."""
        if len(data) != self.size:
            return None
        values = []
        for head_at, head, value_at in self._slices:
            if data[head_at] != head:
                return None
            values.append(data[value_at])
        return values

    def join(self, *values: bytes) -> bytes:
        """The object with these values. Raises ValueError for a value of another length."""
        for value, length in zip(values, self._lengths, strict=True):
            if len(value) != length:
                raise ValueError(f"{len(value)} bytes where {length} belong")
        return b"".join(part for pair in zip(self._heads, values, strict=True) for part in pair)

    def _flatten(self, form: Primitive | Constructed, before: bytes) -> bytes:
        """Collect heads and lengths; what is left to stand before the next value."""
        if isinstance(form, Primitive):
            empty = Tlv(form.tag, bytes(form.length))
            self._heads.append(before + empty[: len(empty) - form.length])
            self._lengths.append(form.length)
            return b""
        inner = sum(len(_whole(member)) for member in form.members)
        empty = Tlv(form.tag, bytes(inner))
        before += empty[: len(empty) - inner]
        for member in form.members:
            before = self._flatten(member, before)
        return before


def _whole(form: Primitive | Constructed) -> bytes:
    if isinstance(form, Primitive):
        return Tlv(form.tag, bytes(form.length))
    return Tlv(form.tag, b"".join(_whole(member) for member in form.members))
