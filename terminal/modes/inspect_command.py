"""`tongka terminal inspect`: was this card tapped here today; is this receipt genuine, and shown once?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import typer

from card.errors import WaitCancelled
from card.readers.address import open_reader
from crypto.explained import ExplainedError, Language, Text
from terminal.clock import SystemClock
from terminal.data_directory import DataDirectory
from terminal.displays import JsonDisplay, LineDisplay, yuan
from terminal.modes.errors import NothingToInspect
from terminal.modes.inspection import open_inspector
from terminal.receipts.benefit_receipt import CHINA, MAX_TEXT_CHARACTERS, BenefitReceipt
from terminal.receipts.shown_receipts import ShownReceipts
from terminal.receipts.trust_files import trust_of_terminal
from terminal.receipts.verification import verify_receipt

STDIN: Final = "-"
_GENUINE: Final = Text(
    zh="真：{number}，{time}，{service}，合计应付 ¥{yuan}",
    en="GENUINE: {number}, {time}, {service}, ¥{yuan} in all",
)
_SHOWN_BEFORE: Final = Text(
    zh="此凭条本班次 {time} 已出示过，可能是复印件，请核对时间和服务。",
    en="This receipt was shown at {time} already: it may be a copy; compare time and service.",
)


def inspect_cards(
    directory: Path, reader: str, *, as_json: bool, once: bool, stop: Callable[[Callable[[], None]], None]
) -> bool:
    """Look card after card up until stopped, or one; whether the last had a valid tap.

    `stop` is given what ends the wait. Raises what `open_inspector`, the reader and the journal do.
    """
    display = JsonDisplay() if as_json else LineDisplay(Language.from_environment())
    is_valid = False
    with (
        open_inspector(DataDirectory(directory), SystemClock()) as inspector,
        open_reader(reader) as cards,
        suppress(WaitCancelled),
    ):
        stop(cards.cancel)
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


def inspect_receipts(directory: Path, given: str, *, as_json: bool) -> bool:
    """Check one receipt's text, or those on the lines of standard input; whether all were good and new.

    Raises what `trust_of_terminal` does.
    """
    trusted, shown = trust_of_terminal(DataDirectory(directory)), ShownReceipts()
    all_good = True
    for text in _lines() if given == STDIN else (given,):
        now = datetime.now(UTC)
        try:
            receipt = verify_receipt(text, trusted, now)
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
