"""A terminal that validates tap after tap, in this process, and cards for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from terminal.assembly import Terminal, open_terminal
from terminal.configuration import ValidatorSettings
from terminal.modes.validating import ValidatorTaps
from terminal.tap import TapResult
from tests.terminal.enrolled import Enrolled, SetClock, chip, enrol

SECOND, MINUTE = 1_000, 60_000
MADE: list[bytes] = []  # ids of the terminals whose day keys the test leaves behind

# Free, twice a month, with up to two companions at a quarter; the holder's companion card rides free.
PACK = """
name = "twice"
version = "2026.1"
region = "5001"
effective_from = 2026-01-01

[[quotas]]
id = "rides"
uses = 2
per = "month"

[[rules]]
id = "free"
applies_to = { kinds = ["transit"] }
condition = "grade <= 3"
quota = "rides"
benefit = { kind = "free", companions = 2, companion_pays = 25 }
legal_basis = { zh = "测试办法", en = "test rules" }
holder_text = { zh = "免费", en = "free" }
staff_text = { zh = "免费", en = "free" }
source = { cites = "test", mark = "G" }

[[rules]]
id = "carer"
for = "companion-card"
applies_to = { kinds = ["transit"] }
condition = "follows_holder"
benefit = { kind = "free" }
legal_basis = { zh = "测试办法", en = "test rules" }
holder_text = { zh = "免费", en = "free" }
staff_text = { zh = "免费", en = "free" }
source = { cites = "test", mark = "G" }
"""
WITHOUT_QUOTA = PACK.replace('quota = "rides"\n', "").replace(
    """[[quotas]]
id = "rides"
uses = 2
per = "month"

""",
    "",
)


@dataclass
class Gate:
    """An open terminal, its taps, and the clock that the test sets."""

    terminal: Terminal
    taps: ValidatorTaps
    clock: SetClock

    def tap(self, card: ChipContents, companions: int = 0, fare: int | None = None) -> TapResult:
        """One tap of this card."""
        with InProcessConnection(chip(card)) as connection:
            return self.taps.tap(connection, self.terminal.request(companions, fare))

    def leave(self, card: ChipContents) -> TapResult:
        """One tap of this card at the exit."""
        with InProcessConnection(chip(card)) as connection:
            return self.taps.leave(connection, self.terminal.request())

    def pass_time(self, milliseconds: int) -> None:
        """Let so much time go by."""
        self.clock.pass_time(milliseconds)


@contextmanager
def opened(enrolled: Enrolled, clock: SetClock) -> Iterator[Gate]:
    """The terminal as it runs between two restarts."""
    with open_terminal(enrolled.directory, clock) as terminal:
        yield Gate(terminal, ValidatorTaps(terminal.desk, terminal.configuration.validator.windows), clock)


def gate(path: Path, pack: str = PACK, **settings: int | str) -> Enrolled:
    """An enrolled terminal with this rule pack and these settings in [validator]."""
    enrolled = enrol(path)
    configuration = enrolled.directory.load_configuration()
    validator = msgspec.convert(settings, ValidatorSettings)
    # The day's key lies where every process of this user finds it: an id of its own, so that none meddles.
    changed = msgspec.structs.replace(configuration, terminal=secrets.token_hex(8), validator=validator)
    MADE.append(changed.terminal_id)
    enrolled.directory.configuration_file.write_bytes(changed.to_bytes())
    enrolled.put_only_rules("twice", pack)
    return enrolled
