"""Where a statement of a rule pack or a catalogue comes from, and how well that is known."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from terminal.decisions.toml_document import Sentence


class SourceMark(StrEnum):
    """How well a source is known."""

    SEEN = "V"  # in a public source that is named
    GENERAL = "G"  # general knowledge, to be confirmed before production


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a statement comes from."""

    cites: Sentence
    mark: SourceMark
