"""A counter, its PSAM, and holders with photos and companions, for tests."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw

from card.application import Role
from card.connection import CardConnection
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.psam import PsamChip
from card.simulator.issuing.personalisation import Holder
from crypto.credential import TapCredential
from crypto.explained import Language
from crypto.sealing import SegmentOpener
from terminal.assembly import open_terminal
from terminal.events.event import SealedEvidence
from terminal.modes.counter import SHOWN_MS, Counter, PsamOpener
from terminal.modes.counter_displays import CounterJsonDisplay, CounterLineDisplay
from terminal.modes.counter_orders import json_order, typed_order
from terminal.modes.desk_loop import DeskLoop
from terminal.modes.staff_stream import StaffStream
from tests.terminal.enrolled import Enrolled, SetClock, enrol
from tests.terminal.modes.desk_script import Script, Step
from tests.terminal.modes.sale_cast import journal_of

SINCE, UNTIL = date(2026, 1, 1), date(2035, 12, 31)
NAME: Final = "测试一"
NUMBER: Final = "33010619900307009X11"
GUARDIAN: Final = {"name": "测试二", "relation": "母亲", "telephone": "0571-00000000"}
COMPANION: Final = {"name": "测试三", "until": "2099-06-30"}
LAPSED: Final = {"name": "测试四", "until": "2026-01-31"}


def jpeg(shade: int, size: tuple[int, int] = (120, 160)) -> bytes:
    """A face of sorts; of another shade, another's."""
    image = Image.new("L", size, 230)
    ImageDraw.Draw(image).ellipse((20, 20, size[0] - 20, size[1] - 20), fill=shade)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


PHOTO: Final = jpeg(40)
COMPANION_PHOTO: Final = jpeg(120)
FILES: Final[dict[str, list[dict[str, str]]]] = {
    "holder": [
        {
            "name": NAME,
            "certificate_number": NUMBER,
            "sex": "2",
            "nation": "01",
            "birth_date": "1990-03-07",
            "address": "测试路1号",
            "authority": "测试残联",
        }
    ],
    "disability": [{"grades": "1142", "assessed": "2026-01-31"}],
    "guardian": [GUARDIAN],
    "companions": [COMPANION, LAPSED],
    "photo": [{"picture": PHOTO.hex()}],
    "companion_photo": [{"picture": COMPANION_PHOTO.hex()}],
}
#: What must never be on a disk, a log or a bystander's screen, in every form that it takes on its way.
SECRETS: Final = (
    *(
        text.encode(encoding)
        for text in (NAME, NUMBER, "测试二", "母亲", "0571-00000000", "测试三", "测试路", "1990-03-07")
        for encoding in ("gb18030", "utf-8", "utf-16-le")
    ),
    *(picture[place : place + 24] for picture in (PHOTO, COMPANION_PHOTO) for place in (200, 600)),
)


def counter_at(path: Path) -> Enrolled:
    """A counter of the Federation's."""
    return enrol(path, "CERT-CHECK")


def holder(
    counter: Enrolled, categories: tuple[int, ...] = (1, 4), issued: date = SINCE, **files: Any
) -> ChipContents:
    """A card with every file but the services; `files` take the place of those of their names."""
    made = Holder(categories, 1, "500103", issued, UNTIL, {**FILES, **files})
    return counter.issuer.personalise(made)


def companion_of(counter: Enrolled, card: ChipContents, issued: date = SINCE) -> ChipContents:
    """The companion card to a holder's card."""
    card_id = TapCredential.from_bytes(card.credential).card_id.hex()
    return counter.issuer.personalise(Holder((), 0, "500103", issued, UNTIL, companion_of=card_id))


def psam_chip(counter: Enrolled) -> PsamChip:
    """A reader's PSAM of the counter's issuer."""
    return PsamChip(counter.issuer.psam_for(Role.READER))


def psam_of(counter: Enrolled) -> PsamOpener:
    """The slot that it sits in."""

    def open_slot() -> AbstractContextManager[CardConnection]:
        return InProcessConnection(psam_chip(counter))

    return open_slot


class Screen(io.StringIO):
    """Standard output that is a screen, and what is left on it."""

    def isatty(self) -> bool:
        """It is one."""
        return True

    @property
    def left(self) -> str:
        """What can still be seen, also by scrolling back."""
        return self.getvalue().rpartition("\x1b[H\x1b[2J\x1b[3J")[2]


@dataclass
class Heard:
    """What programs heard: on standard output, and on staff's own pipe."""

    out: list[dict[str, Any]]
    staff: list[dict[str, Any]]

    def told(self, state: str) -> list[dict[str, Any]]:
        """The messages of this state on standard output."""
        return [one for one in self.out if one["state"] == state]


@contextmanager
def counter_desk(  # noqa: PLR0917  a counter's parts
    counter: Enrolled,
    script: Script,
    display: CounterJsonDisplay | CounterLineDisplay,
    psam: PsamOpener | None,
    clock: SetClock,
    shown_ms: int = SHOWN_MS,
) -> Iterator[tuple[DeskLoop, Counter]]:
    """The counter and its loop, on a terminal that is open."""
    orders = json_order if isinstance(display, CounterJsonDisplay) else typed_order
    with open_terminal(counter.directory, clock) as terminal:
        desk = Counter(terminal, script, display, orders, psam, shown_ms)
        yield DeskLoop(terminal.desk.contents, script, script, desk), desk
        desk.close()


def receive(
    counter: Enrolled, *steps: Step, psam: PsamOpener | None = None, clock: SetClock | None = None
) -> Heard:
    """What programs hear while this happens; without a PSAM unless one is given."""
    out = io.StringIO()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, StaffStream(writing) as staff:
        display, script = CounterJsonDisplay(staff, out), Script(*steps)
        with counter_desk(counter, script, display, psam, clock or SetClock()) as (loop, _desk):
            loop.run()
        staff.close()
        heard = [json.loads(line) for line in pipe]
    return Heard([json.loads(line) for line in out.getvalue().splitlines()], heard)


def seen(
    counter: Enrolled,
    *steps: Step,
    out: io.StringIO,
    psam: PsamOpener | None = None,
    clock: SetClock | None = None,
    shown_ms: int = SHOWN_MS,
    language: Language = Language.ZH,
) -> str:
    """What was written to `out` for a person while this happened."""
    display, script = CounterLineDisplay(language, out), Script(*steps)
    with counter_desk(counter, script, display, psam, clock or SetClock(), shown_ms) as (loop, _desk):
        loop.run()
    return out.getvalue()


def evidence_of(counter: Enrolled) -> list[SealedEvidence]:
    """What the centre reads in each event."""
    openers: dict[bytes, SegmentOpener] = {}
    found = []
    for event in journal_of(counter):
        if event.segment_header:
            openers[event.segment] = SegmentOpener(counter.center, event.segment_header)
        opened = openers[event.segment].open(event.index, event.sealed, event.seal_context())
        found.append(SealedEvidence.from_bytes(opened))
    return found
