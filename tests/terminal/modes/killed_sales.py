"""A ticket office that is killed before each statement that its journal's database is given, one by one.

python -m tests.terminal.modes.killed_sales FOLDER

After each kill the office starts again, and what is settled has to be whole: as many uses of the quota as
there are taps that count, a sale sold as a whole or not at all, and sold if that was said. It is killed also
right behind the confirmation's COMMIT, when all is written and nothing was said: then it is sold as well.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from card.simulator.chips.contents import ChipContents
from terminal.data_directory import TERMINAL_KEY
from terminal.events.kind import EventKind
from terminal.journal import writer
from terminal.journal.schema import JournalOwner, open_for_reading, open_for_writing
from terminal.journal.uses import QuotaCount
from terminal.journal.verification import verify_journal
from terminal.modes.sale import Sale
from tests.terminal.enrolled import Enrolled
from tests.terminal.modes.sale_cast import PACK, journal_of, park, selling, tap_in

# So many that no card is refused for those of the rounds before.
_QUOTA: Final = PACK.replace("uses = 2\n", "uses = 1000\n")
_SOLD: Final = b"sold"
_MOST: Final = 500  # statements; far more than a sale takes


@dataclass
class Killing:
    """An office with two cards, and what was found after each of its ends."""

    office: Enrolled
    cards: tuple[ChipContents, ChipContents]
    found: dict[str, int] = field(default_factory=lambda: {"cancelled": 0, "sold": 0, "said": 0, "untold": 0})
    counting: set[int] = field(default_factory=set)

    def sell_and_kill(self, end: Callable[[Sale], object], before: int) -> bool:
        """A sale of both cards and its end, killed before that statement; whether it came to one."""
        return self._killed(lambda: self._sell(end, before))

    def sell_and_kill_untold(self) -> None:
        """A sale that is confirmed on the disk, killed before anybody hears of it."""

        def sell() -> None:
            with selling(self.office) as (terminal, sales):
                journal = terminal.desk.journal
                written = journal.sell

                def sell_and_die(counts: Iterable[QuotaCount]) -> None:
                    written(counts)
                    os.kill(os.getpid(), signal.SIGKILL)

                pytest.MonkeyPatch().setattr(journal, "sell", sell_and_die)
                sale = sales.begin()
                for card in self.cards:
                    tap_in(terminal, sale, card, companions=1)
                sale.confirm()
                os.write(1, _SOLD)

        assert self._killed(sell), "it was said"
        self.found["untold"] += 1

    def open_and_kill(self, before: int) -> bool:
        """A start, killed before that statement; whether it came to one."""

        def start() -> None:
            left = _Left(before)

            def opened(path: Path, owner: JournalOwner) -> sqlite3.Connection:
                connection = open_for_writing(path, owner)
                connection.set_trace_callback(left.count)
                return connection

            pytest.MonkeyPatch().setattr(writer, "open_for_writing", opened)
            with selling(self.office):
                os.kill(os.getpid(), signal.SIGKILL)

        return self._killed(start)

    def _sell(self, end: Callable[[Sale], object], before: int) -> None:
        with selling(self.office) as (terminal, sales):
            terminal.desk.journal._connection.set_trace_callback(_Left(before).count)
            sale = sales.begin()
            for card in self.cards:
                tap_in(terminal, sale, card, companions=1)
            end(sale)
            if sale.state.phase.is_over:
                os.write(1, _SOLD)
            os.kill(os.getpid(), signal.SIGKILL)

    def _killed(self, work: Callable[[], None]) -> bool:
        """Do it in a process of its own, and look at what is left; whether it was killed on the way."""
        receiving, sending = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                os.dup2(sending, 1)
                work()
            finally:
                os._exit(1)  # whatever went wrong: never back into the parent's program
        os.close(sending)
        _, status = os.waitpid(process, 0)
        with os.fdopen(receiving, "rb") as pipe:
            said = pipe.read()
        assert os.WIFSIGNALED(status), os.waitstatus_to_exitcode(status)
        return said == b""

    def look(self, *, was_said: bool = False, was_written: bool = False) -> None:
        """Start again, and see that all of it adds up. Raises AssertionError."""
        with selling(self.office) as (terminal, _sales):
            assert terminal.desk.journal.unconfirmed() == ()
        events = journal_of(self.office)
        cancelled = [event.refers_to for event in events if event.kind is EventKind.CANCELLATION]
        assert len(cancelled) == len(set(cancelled)), "cancelled twice"
        granted = {event.sequence for event in events if event.kind is EventKind.TAP}
        counting = granted - set(cancelled)
        with closing(open_for_reading(self.office.directory.journal)) as connection:
            (uses,) = connection.execute("SELECT total(uses) FROM uses").fetchone()
        assert uses == len(counting), f"{uses} uses are counted for {len(counting)} taps"
        sold = len(counting - self.counting)
        assert self.counting <= counting, "what was sold is cancelled"
        assert sold in ((2,) if was_said or was_written else (0, 2)), f"{sold} taps of a sale of two are sold"
        key = self.office.directory.keystore.load(TERMINAL_KEY).public_key
        assert verify_journal(self.office.directory.journal, key).faults == ()
        self.counting = counting
        self.found["sold" if sold else "cancelled"] += 1
        self.found["said"] += was_said


@dataclass
class _Left:
    """How many statements are still carried out before this process is killed."""

    statements: int

    def count(self, _statement: str) -> None:
        """One more is about to be."""
        if self.statements == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.statements -= 1


def main(folder: Path) -> None:
    """Every instant of a sale that is confirmed, of one that is cancelled, and of the start after a kill."""
    office = park(folder)
    office.put_content("rules/park.toml", _QUOTA.encode())
    killing = Killing(office, (office.card(), office.card(grade=1)))
    for before in range(_MOST):
        is_killed = killing.sell_and_kill(Sale.confirm, before)
        killing.look(was_said=not is_killed)
        if not is_killed:
            break
    killing.sell_and_kill_untold()
    killing.look(was_written=True)
    for before in range(_MOST):
        is_killed = killing.sell_and_kill(Sale.cancel, before)
        killing.look()
        if not is_killed:
            break
    starts = 0
    for before in range(_MOST):
        killing.sell_and_kill(lambda sale: None, _MOST)
        killing.open_and_kill(before)
        starts += 1
        with closing(open_for_reading(office.directory.journal)) as connection:
            (left,) = connection.execute("SELECT count(*) FROM unconfirmed").fetchone()
        killing.look()
        if left == 0:
            break
    print(json.dumps({**killing.found, "starts": starts}))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(Path(sys.argv[1]))
