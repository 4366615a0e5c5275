"""Errors that tell a person what happened and what to do next, in their language."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from crypto.system_reasons import IN_CHINESE


class Language(StrEnum):
    """The languages Tongka speaks; Chinese comes first."""

    ZH = "zh-CN"
    EN = "en"

    @classmethod
    def from_environment(cls) -> Language:
        """The language of the operator's locale: TONGKA_LANG, LC_ALL, LC_MESSAGES, LANG, in that order.

        Chinese for zh and English for any other language. The locales C and POSIX name no language, as no
        locale does not: a machine that was set up without one is taken for a terminal in the field.
        """
        for name in ("TONGKA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
            value = os.environ.get(name, "")
            if value:
                language = value.lower().partition(".")[0]
                return cls.ZH if language.startswith("zh") or language in {"c", "posix"} else cls.EN
        return cls.ZH


@dataclass(frozen=True)
class Text:
    """One sentence in every language Tongka speaks."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.en if language is Language.EN else self.zh

    def format(self, **facts: object) -> Text:
        """The same sentence with its `{placeholders}` filled in."""
        return Text(zh=self.zh.format(**facts), en=self.en.format(**facts))


@dataclass(frozen=True)
class Explanation:
    """What a user sees of an error: its code, its cause and the next step."""

    code: str
    cause: str
    next_step: str


class ExplainedError(Exception):
    """Root of every package's exception tree; a leaf declares its code and its two sentences.

    `facts` fill the sentences' placeholders; one that is a Text is filled in in the reader's language. They
    never hold a name, an ID number, a category or a secret. What the system itself said of a refusal
    (`OSError.strerror`) is told in Chinese to who reads Chinese.
    """

    code: ClassVar[str]
    cause: ClassVar[Text]
    next_step: ClassVar[Text]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(str(self))

    def explain(self, language: Language) -> Explanation:
        """Code, cause and next step in `language`."""
        facts = {name: _told(fact, language) for name, fact in self.facts.items()}
        return Explanation(
            code=self.code,
            cause=self.cause.in_language(language).format(**facts),
            next_step=self.next_step.in_language(language).format(**facts),
        )

    def __str__(self) -> str:
        shown = self.explain(Language.EN)
        return f"{shown.code}: {shown.cause} {shown.next_step}"


def _told(fact: object, language: Language) -> object:
    if isinstance(fact, Text):
        return fact.in_language(language)
    return IN_CHINESE.get(fact, fact) if language is Language.ZH and isinstance(fact, str) else fact
