"""Displays for a terminal without a screen of its own: lines for a person, or JSON lines for a program.

Neither writes anything that tells who tapped or why they are entitled; standard output may well be a log.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Final, TextIO

import msgspec

from crypto.explained import ExplainedError, Language, Text
from terminal.events.outcome import Outcome
from terminal.modes.degraded import Degradation
from terminal.modes.inspection import Inspection, inspection_text
from terminal.modes.readiness import Fault
from terminal.tap import TapResult
from terminal.yuan import yuan

_READY: Final = Text(zh="请刷卡", en="Please tap your card")
_READING: Final = Text(zh="正在读卡，请勿移开…", en="Reading, please hold still…")
_PAYS: Final = Text(zh="{bystander}　应付 ¥{yuan}", en="{bystander}  to pay: ¥{yuan}")
_HOLDER: Final = Text(zh="持卡人 ¥{yuan}", en="holder ¥{yuan}")
_ADMITTED: Final = Text(zh="同行优惠 {count} 人，每人 ¥{yuan}", en="{count} companions at ¥{yuan} each")
_FURTHER: Final = Text(
    zh="其余同行 {count} 人，每人 ¥{yuan}", en="{count} further companions at ¥{yuan} each"
)
_RECOVERED: Final = Text(zh="已恢复：{code} {cause}", en="Over: {code} {cause}")
_TRAINING: Final = Text(zh="【培训模式】", en="[TRAINING] ")


class LineDisplay:
    """One line of text at each turn; says to staff what to do only where standard output is a screen.

    In training every line says so.
    """

    def __init__(self, language: Language, out: TextIO = sys.stdout, *, is_training: bool = False) -> None:
        self._language, self._out, self._is_training = language, out, is_training

    def ready(self) -> None:
        """The terminal waits for a card."""
        self._say(_READY.in_language(self._language))

    def reading(self) -> None:
        """A card is being read."""
        self._say(_READING.in_language(self._language))

    def result(self, result: TapResult) -> None:
        """A tap is decided and recorded."""
        bystander = result.bystander_text.in_language(self._language)
        # What the earlier tap left to pay may still be due.
        is_repeat = result.outcome is Outcome.REPEATED
        line = _PAYS.format(bystander=bystander, yuan=yuan(result.party_pays))
        self._say(bystander if is_repeat else line.in_language(self._language))
        if result.companions and not is_repeat:
            self._say("  " + " · ".join(part.in_language(self._language) for part in _shares(result)))
        if self._out.isatty():
            self._say(f"  {result.staff_text.in_language(self._language)}")

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""
        shown = error.explain(self._language)
        self._say(f"{shown.code} {shown.cause} → {shown.next_step}")

    def inspected(self, found: Inspection | None) -> None:
        """A card was looked up."""
        self._say(inspection_text(found).in_language(self._language))

    def degraded(self, degradation: Degradation) -> None:
        """The terminal works without something from now on."""
        self.trouble(degradation.error)

    def recovered(self, degradation: Degradation) -> None:
        """It has it again."""
        shown = degradation.error.explain(self._language)
        self._say(_RECOVERED.format(code=shown.code, cause=shown.cause).in_language(self._language))

    def _say(self, line: str) -> None:
        mark = _TRAINING.in_language(self._language) if self._is_training else ""
        print(f"{mark}{line}", file=self._out, flush=True)


class JsonDisplay:
    """One JSON object a line, for whoever drives the terminal."""

    def __init__(self, out: TextIO = sys.stdout, *, is_training: bool = False) -> None:
        self._out, self._is_training = out, is_training

    def ready(self) -> None:
        """The terminal waits for a card."""
        self._write({"state": "ready"})

    def reading(self) -> None:
        """A card is being read."""
        self._write({"state": "reading"})

    def result(self, result: TapResult) -> None:
        """A tap is decided and recorded."""
        self._write(
            {
                "state": "result",
                "sequence": result.sequence,
                "outcome": result.outcome.value,
                "fare": result.fare,
                "companions": result.companions,
                "party_pays": result.party_pays,
                "holder_pays": result.holder_pays,
                "companion_pays": result.companion_pays,
                "companions_admitted": result.companions_admitted,
                "bystander_zh": result.bystander_text.zh,
                "bystander_en": result.bystander_text.en,
                "microseconds": result.microseconds,
            }
        )

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""
        shown = error.explain(Language.EN)
        self._write(
            {"state": "trouble", "code": shown.code, "cause": shown.cause, "next_step": shown.next_step}
        )

    def inspected(self, found: Inspection | None) -> None:
        """A card was looked up."""
        known = {} if found is None else asdict(found)
        self._write({"state": "inspected", "found": found is not None, **known})

    def degraded(self, degradation: Degradation) -> None:
        """The terminal works without something from now on."""
        self._write({"state": "degraded", **described(degradation, Language.EN)})

    def recovered(self, degradation: Degradation) -> None:
        """It has it again."""
        self._write({"state": "recovered", "kind": degradation.kind.value})

    def _write(self, document: Mapping[str, object]) -> None:
        if self._is_training:
            document = {**document, "training": True}
        self._out.write(msgspec.json.encode(document).decode() + "\n")
        self._out.flush()


def _shares(result: TapResult) -> Iterator[Text]:
    """Who of a party pays what."""
    further = result.companions - result.companions_admitted
    yield _HOLDER.format(yuan=yuan(result.holder_pays))
    if result.companions_admitted:
        yield _ADMITTED.format(count=result.companions_admitted, yuan=yuan(result.companion_pays))
    if further:
        yield _FURTHER.format(count=further, yuan=yuan(result.fare))


def described(trouble: Degradation | Fault, language: Language) -> dict[str, int | str]:
    """What a terminal works without, or can't work without, for programs."""
    shown = trouble.error.explain(language)
    return {
        "kind": trouble.kind.value,
        "serious": trouble.kind.is_serious,
        "code": shown.code,
        "cause": shown.cause,
        "next_step": shown.next_step,
    }
