"""What is typed at a terminal, or sent to it, may be in another encoding: that spoils a line and no more."""

from __future__ import annotations

import io
from typing import TextIO


def forgiving(stream: TextIO) -> TextIO:
    """The stream, which gives U+FFFD for bytes that are no text; strict, it would end at the first of them.

    No entry that is understood has that character, so the line is refused like any other.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream
