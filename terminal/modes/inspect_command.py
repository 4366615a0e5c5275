"""`tongka terminal inspect`: was this card tapped here today; is this receipt genuine, and shown once?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec
import typer

from card.connection import CardConnection
from card.errors import WaitCancelled
from card.reader import CardReader
from crypto.explained import ExplainedError, Language, Text
from terminal.clock import SystemClock
from terminal.data_directory import DataDirectory
from terminal.modes.errors import NothingToInspect
from terminal.modes.inspection import Inspection, open_inspector
from terminal.modes.relayed_card import RelayedDisplay, RelayedReader
from terminal.modes.relayed_line import RelayedLine
from terminal.modes.relaying import terminal_behind
from terminal.receipts.benefit_receipt import CHINA, MAX_TEXT_CHARACTERS, BenefitReceipt
from terminal.receipts.journalled import require_standing
from terminal.receipts.shown_receipts import ShownReceipts
from terminal.receipts.trust_files import trust_of_terminal
from terminal.receipts.verification import verify_receipt
from terminal.yuan import yuan

STDIN: Final = "-"
_GENUINE: Final = Text(
    zh="真：{number}，{time}，{service}，合计应付 ¥{yuan}",
    en="GENUINE: {number}, {time}, {service}, ¥{yuan} in all",
)
_ONE_OF_BOTH: Final = Text(
    zh="请给出 --data（本机终端）或 --via（另一终端），二者之一。",
    en="Give either --data (the terminal here) or --via (another one).",
)
_SHOWN_BEFORE: Final = Text(
    zh="此凭条本班次 {time} 已出示过，可能是复印件，请核对时间和服务。",
    en="This receipt was shown at {time} already: it may be a copy; compare time and service.",
)


class CardInspector(Protocol):
    """Looks cards up: in the journal here, or at the terminal that a handheld asks."""

    def look(self, connection: CardConnection) -> Inspection | None:
        """The last tap today of the card on `connection`, if it counts. Raises NothingToInspect."""


class InspectionDisplay(Protocol):
    """What whoever inspects is told."""

    def ready(self) -> None:
        """A card is awaited."""

    def reading(self) -> None:
        """A card lies there and is being read."""

    def inspected(self, found: Inspection | None) -> None:
        """A card was looked up; None if it was not tapped here today."""

    def trouble(self, error: ExplainedError) -> None:
        """It could not be looked up."""


@contextmanager
def inspector_of(directory: Path | None, via: str | None) -> Iterator[CardInspector]:
    """The terminal of a data directory, or the one that answers the command `via`.

    Raises typer.BadParameter unless there is one of the two, and what `open_inspector` and `terminal_behind`
    do.
    """
    if via is not None and directory is None:
        with terminal_behind(via) as behind:
            yield behind
    elif directory is not None and via is None:
        with open_inspector(DataDirectory(directory), SystemClock()) as inspector:
            yield inspector
    else:
        raise typer.BadParameter(_ONE_OF_BOTH.in_language(Language.from_environment()))


def inspect_cards(
    inspector: CardInspector, cards: CardReader, display: InspectionDisplay, *, once: bool
) -> bool:
    """Look card after card up until stopped, or one; whether the last had a valid tap.

    Raises what `inspector` and `cards` do, but for NothingToInspect, which is displayed.
    """
    is_valid = False
    with suppress(WaitCancelled):
        while True:
            display.ready()
            with cards.wait_for_card(timeout=None) as connection:
                display.reading()
                try:
                    found = inspector.look(connection)
                except NothingToInspect as error:
                    is_valid = False
                    display.trouble(error)
                else:
                    is_valid = found is not None and found.is_valid
                    display.inspected(found)
            if once:
                return is_valid
            cards.wait_for_removal(timeout=None)
    return is_valid


def answer_handheld(directory: Path) -> None:
    """Inspect the cards that a handheld relays on the standard streams, until it ends.

    Raises what `open_inspector`, the journal and the line (RelayFailed) do.
    """
    line = RelayedLine(sys.stdin.fileno(), sys.stdout.fileno())
    with open_inspector(DataDirectory(directory), SystemClock()) as inspector, RelayedReader(line) as cards:
        inspect_cards(inspector, cards, RelayedDisplay(line), once=False)


def inspect_receipts(directory: Path, given: str, *, as_json: bool) -> bool:
    """Check one receipt's text, or those on the lines of standard input; whether all were good and new.

    Raises what `trust_of_terminal` does.
    """
    terminal, shown = DataDirectory(directory), ShownReceipts()
    trusted = trust_of_terminal(terminal)
    all_good = True
    for text in _lines() if given == STDIN else (given,):
        now = datetime.now(UTC)
        try:
            receipt = verify_receipt(text, trusted, now)
            require_standing(terminal, receipt)
        except ExplainedError as error:
            all_good = False
            _tell_refused(error, as_json=as_json)
            continue
        first = shown.show(receipt, now)
        all_good = all_good and first is None
        _tell(receipt, first, as_json=as_json)
    return all_good


def _lines() -> Iterator[str]:
    """Scanned texts as a handheld's scanner types them, a line each."""
    while line := sys.stdin.buffer.readline(MAX_TEXT_CHARACTERS + 2):
        # A blank may be the code's own last character: only the end of the line is taken away.
        if text := line.decode("ascii", errors="replace").removesuffix("\n").removesuffix("\r"):
            yield text


def _tell(receipt: BenefitReceipt, first: datetime | None, *, as_json: bool) -> None:
    if as_json:
        document = {
            "genuine": True,
            "number": receipt.number,
            "time": receipt.dated.isoformat(),
            "service": receipt.service,
            "party_pays": receipt.party_pays,
            "first_shown": None if first is None else first.isoformat(),
        }
        typer.echo(msgspec.json.encode(document).decode())
        return
    language = Language.from_environment()
    said = _GENUINE.format(
        number=receipt.number,
        time=f"{receipt.dated.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        service=receipt.service,
        yuan=yuan(receipt.party_pays),
    )
    typer.echo(said.in_language(language))
    if first is not None:
        before = _SHOWN_BEFORE.format(time=f"{first.astimezone(CHINA):%H:%M:%S}")
        typer.echo(before.in_language(language))


def _tell_refused(error: ExplainedError, *, as_json: bool) -> None:
    if as_json:
        shown = error.explain(Language.EN)
        document = {"genuine": False, "code": shown.code, "cause": shown.cause}
        typer.echo(msgspec.json.encode(document).decode())
        return
    shown = error.explain(Language.from_environment())
    typer.echo(f"{shown.code} {shown.cause} → {shown.next_step}")
