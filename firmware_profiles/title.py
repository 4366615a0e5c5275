"""A name for people, as profiles of readers and of cards give it."""

from __future__ import annotations

import msgspec

from crypto.explained import Text


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name, or a sentence, in both languages."""

    zh: str
    en: str

    @property
    def text(self) -> Text:
        """The same in the form that errors and screens use."""
        return Text(zh=self.zh, en=self.en)
