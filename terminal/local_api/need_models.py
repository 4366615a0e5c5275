"""The messages by which programs leave needs and ratings and ask for answers (docs/needs.md)."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from crypto.explained import Text
from terminal.decisions.catalogue import Catalogue
from terminal.events.challenge import MAX_SERVICE_CHARACTERS
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.voice import MAX_VOICE_BYTES
from terminal.journal.training import TRAINING_TERMINAL
from terminal.local_api.models import Bilingual, Message, OfTraining, Place, SequenceNumber
from terminal.local_api.requests import members_wrong
from terminal.needs.answers import Answer, CaseStatus
from terminal.needs.contents import Need, Rating, Relation, need, rating
from terminal.needs.recording_form import require_recording
from terminal.needs.wording_rules import MAX_CHARACTERS, cleaned

Words = Annotated[
    str,
    Field(
        description=f"At most {MAX_CHARACTERS} characters; white space becomes blanks. 留言。",
        examples=["左轮掉了"],
        repr=False,
    ),
]
# Lax: in JSON it is a string.
WhoSpeaks = Annotated[
    Relation, Field(strict=False, description="Who speaks, as they say. 本人或家属（自述）。")
]


class NeedAsked(Message):
    """A need to leave: an item of the catalogue, and words or a recording about it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item": "REHAB-FIX", "words": "左轮掉了"}]})

    item: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_SERVICE_CHARACTERS,
            pattern=r"^[!-~]+$",
            description="Code of a catalogue item, any operator's. 服务项目代码。",
            repr=False,
        ),
    ]
    words: Words = ""
    relation: WhoSpeaks = Relation.HOLDER
    recording: Annotated[
        str,
        Field(
            description=f"WAV (PCM) or Ogg Opus in Base64, at most {MAX_VOICE_BYTES} bytes. 录音。",
            json_schema_extra={"contentEncoding": "base64"},
            repr=False,
        ),
    ] = ""

    def read(self) -> tuple[Need, bytes]:
        """The need and its recording. Raises WordsRefused, VoiceRefused, RequestMalformed."""
        try:
            recording = base64.b64decode(self.recording, validate=True)
        except (binascii.Error, ValueError) as error:
            raise members_wrong(("recording",)) from error
        if recording:
            require_recording(recording)
        return need(self.item, cleaned(self.words), self.relation, recording), recording


class RatingAsked(Message):
    """What a holder thinks of a service of today, had at this terminal with the same card."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stars": 5}]})

    stars: Annotated[int, Field(ge=1, le=5, description="1 (bad) to 5 (good). 1 差，5 好。", repr=False)]
    sequence: Annotated[
        SequenceNumber | None, Field(description="The service's event; null: the last one. 所评的流水号。")
    ] = None
    words: Words = ""
    relation: WhoSpeaks = Relation.HOLDER

    def read(self) -> Rating:
        """The rating. Raises WordsRefused."""
        return rating(self.stars, cleaned(self.words), self.relation)


class Recorded(Message):
    """The event of a need or a rating; what was said is sealed in it."""

    kind: EventKind
    sequence: SequenceNumber
    refers_to: Annotated[Place, Field(description="The service that was rated; 0: none. 所评的流水号。")]
    training: OfTraining

    @classmethod
    def of(cls, event: UsageEvent) -> Self:
        """What is told of its event."""
        return cls(
            kind=event.kind,
            sequence=event.sequence,
            refers_to=event.refers_to,
            training=event.terminal == TRAINING_TERMINAL,
        )


class AnswerShown(Message):
    """How one need stands; for the holder's eyes alone."""

    case: int
    item: str
    name: Annotated[Bilingual, Field(description="What the catalogue calls the item. 项目名称。")]
    asked: date
    status: CaseStatus
    status_text: Bilingual
    changed: date
    answer: Annotated[
        Bilingual, Field(description="Either may be empty; both are before there is one. 可能只有一种文字。")
    ]

    @classmethod
    def of(cls, answer: Answer, catalogue: Catalogue) -> Self:
        """The answer, with its item's name where the catalogue still has it."""
        item = catalogue.items.get(answer.item)
        return cls(
            case=answer.case,
            item=answer.item,
            name=Bilingual.of(Text(zh=answer.item, en=answer.item) if item is None else item.name),
            asked=answer.asked,
            status=answer.status,
            status_text=Bilingual.of(answer.status.text),
            changed=answer.changed,
            answer=Bilingual(zh=answer.zh, en=answer.en),
        )


class Answers(Message):
    """What the holder of one card asked for, the newest first; empty: nothing."""

    answers: list[AnswerShown]
