"""What the messages of the local API have in common; the OpenAPI document is made from them.

Sums are whole fen. Texts come in Chinese and English; a client shows one of them. Each group of addresses has
its own: service_models, tap_models, sale_models, status_models, need_models.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from crypto.explained import ExplainedError, Language, Text
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE, MAX_SEQUENCE, MAX_TICKET_CHARACTERS

Fen = Annotated[int, Field(ge=0, le=MAX_FARE, description="Whole fen (1/100 yuan). 整数，单位分。")]
Companions = Annotated[
    int, Field(ge=0, le=MAX_COMPANIONS, description="Persons beside the holder. 同行人数。")
]
SequenceNumber = Annotated[
    int, Field(ge=1, le=MAX_SEQUENCE, description="The event's number in the journal. 流水号。")
]
Place = Annotated[int, Field(ge=0, le=MAX_SEQUENCE)]
Ticket = Annotated[
    str,
    Field(
        max_length=MAX_TICKET_CHARACTERS,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
        description="Class of ticket, empty for the ordinary one. 票种，空为普通票。",
    ),
]
OfTraining = Annotated[bool, Field(description="Of training: nothing counts. 培训记录，不算数。")]


class Message(BaseModel):
    """What all messages have in common: no further members, and no guessing at types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Bilingual(Message):
    """One sentence in both languages."""

    zh: Annotated[str, Field(examples=["优惠已生效"])]
    en: Annotated[str, Field(examples=["Discount applied"])]

    @classmethod
    def of(cls, text: Text) -> Self:
        """The same text."""
        return cls(zh=text.zh, en=text.en)


class Problem(Message):
    """Why a request was refused, in the language of Accept-Language."""

    code: Annotated[
        str, Field(description="Stable; programs decide by it. 稳定的代码。", examples=["TRM-731"])
    ]
    cause: Annotated[str, Field(examples=["上一笔售票尚未确认或撤销。"])]
    next_step: Annotated[str, Field(examples=["请先确认或撤销它。"])]

    @classmethod
    def of(cls, error: ExplainedError, language: Language) -> Self:
        """What is said of an error."""
        said = error.explain(language)
        return cls(code=said.code, cause=said.cause, next_step=said.next_step)


class Trouble(Message):
    """Something that is wrong now; taps may go on or not, as it says."""

    code: Annotated[str, Field(examples=["CRD-101"])]
    cause: Bilingual
    next_step: Bilingual

    @classmethod
    def of(cls, error: ExplainedError) -> Self:
        """What is said of an error, in both languages."""
        zh, en = (error.explain(language) for language in (Language.ZH, Language.EN))
        return cls(
            code=error.code,
            cause=Bilingual(zh=zh.cause, en=en.cause),
            next_step=Bilingual(zh=zh.next_step, en=en.next_step),
        )
