"""How the centre says no: a JSON object with code, cause and next step in every language."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from crypto.explained import ExplainedError, Language, Text
from sync.protocol.batch import ErrorCode

MAX_REFUSAL_BYTES: Final = 8192

_Sentence = Annotated[str, msgspec.Meta(max_length=1000)]


class RefusalMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an HTTP error; `cause` and `next_step` map a language to a sentence."""

    code: ErrorCode
    cause: dict[Language, _Sentence]
    next_step: dict[Language, _Sentence]

    @classmethod
    def of(cls, error: ExplainedError) -> RefusalMessage:
        """What is sent for this error."""
        shown = {language: error.explain(language) for language in Language}
        return cls(
            code=error.code,
            cause={language: explanation.cause for language, explanation in shown.items()},
            next_step={language: explanation.next_step for language, explanation in shown.items()},
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> RefusalMessage | None:
        """The refusal in a body, or None where a proxy or another server wrote something else."""
        if len(body) > MAX_REFUSAL_BYTES:
            return None
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def sentences(self) -> tuple[Text, Text]:
        """Cause and next step without control characters, for whoever sent them may be anybody."""
        return _shown(self.cause), _shown(self.next_step)

    def to_bytes(self) -> bytes:
        """The JSON body."""
        return msgspec.json.encode(self)


def _shown(sentence: dict[Language, str]) -> Text:
    plain = {
        language: "".join(character if character.isprintable() else " " for character in words)
        for language, words in sentence.items()
    }
    anything = next(iter(plain.values()), "—")
    return Text(zh=plain.get(Language.ZH, anything), en=plain.get(Language.EN, anything))
