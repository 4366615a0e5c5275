"""Who taps in the demo, where, and what must come of it. Nobody here is a real person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.issuing.altered_cards import clone, forge
from card.simulator.issuing.personalisation import Holder, TestIssuer
from crypto.explained import Text
from terminal.events.outcome import Outcome

TODAY = date.today()
VALID_UNTIL = date(TODAY.year + 8, 12, 31)
ISSUED = date(TODAY.year - 1, 6, 1)


class Venue(StrEnum):
    """The two places of the demo; the value names their folders."""

    BUS = "bus"
    GARDEN = "garden"


@dataclass(frozen=True)
class Role:
    """One card of the cast.

    `outcome` and `pays` (fen, of the holder) are what the terminal must say. `make` turns the personalised
    card into the chip that lies on the reader. A role that is `listed` is on the hotlist.
    """

    who: Text
    venue: Venue
    holder: Holder
    outcome: Outcome
    pays: int
    companions: int = 0
    listed: bool = False
    make: Callable[[ChipContents], Chip] = lambda card: ReferenceApplet(VolatileMemory(card))


def _holder(
    category: int, grade: int, region: str, issued: date = ISSUED, expires: date = VALID_UNTIL
) -> Holder:
    return Holder((category,), grade, region, issued, expires)


def _forged(card: ChipContents) -> Chip:
    return ReferenceApplet(VolatileMemory(forge(card)))


def _cloned(card: ChipContents) -> Chip:
    return ReferenceApplet(VolatileMemory(clone(card)))


def _torn(card: ChipContents) -> Chip:
    # In the middle of the answer to SELECT.
    return TearingChip(ReferenceApplet(VolatileMemory(card)), after_bytes=60)


def _foreign(_card: ChipContents) -> Chip:
    return ForeignCardChip()


BUS_FARE, GARDEN_FARE = 200, 7000
HERE, ELSEWHERE = "500103", "110105"

CAST = (
    Role(
        Text(zh="盲人乘客", en="blind passenger"),
        Venue.BUS,
        _holder(1, 1, HERE),
        Outcome.GRANTED,
        0,
    ),
    Role(
        Text(zh="四级乘客，半价", en="grade 4 passenger, half fare"),
        Venue.BUS,
        _holder(4, 4, HERE),
        Outcome.GRANTED,
        100,
    ),
    Role(
        Text(zh="轮椅使用者与陪同者", en="wheelchair user with a companion"),
        Venue.GARDEN,
        _holder(4, 1, "339901"),
        Outcome.GRANTED_WITH_COMPANION,
        0,
        companions=1,
    ),
    Role(
        Text(zh="外省来的盲人乘客", en="blind visitor from another province"),
        Venue.BUS,
        _holder(1, 2, ELSEWHERE),
        Outcome.GRANTED,
        0,
    ),
    Role(
        Text(zh="证件过期", en="expired certificate"),
        Venue.BUS,
        _holder(2, 2, HERE, date(TODAY.year - 6, 1, 1), date(TODAY.year - 1, 12, 31)),
        Outcome.EXPIRED,
        BUS_FARE,
    ),
    Role(
        Text(zh="已挂失的卡", en="card reported lost"),
        Venue.BUS,
        _holder(4, 2, HERE),
        Outcome.BLOCKED,
        BUS_FARE,
        listed=True,
    ),
    Role(
        Text(zh="伪造的凭证", en="forged credential"),
        Venue.BUS,
        _holder(1, 1, HERE),
        Outcome.FORGED,
        BUS_FARE,
        make=_forged,
    ),
    Role(
        Text(zh="真凭证、假芯片", en="genuine credential on a cloned chip"),
        Venue.GARDEN,
        _holder(1, 1, "339901"),
        Outcome.CLONED,
        GARDEN_FARE,
        make=_cloned,
    ),
    Role(
        Text(zh="别的卡", en="another kind of card"),
        Venue.BUS,
        _holder(1, 1, HERE),
        Outcome.FOREIGN_CARD,
        BUS_FARE,
        make=_foreign,
    ),
    Role(
        Text(zh="读到一半就拿走", en="card torn away mid-read"),
        Venue.BUS,
        _holder(4, 3, HERE),
        Outcome.UNREADABLE,
        BUS_FARE,
        make=_torn,
    ),
    Role(
        Text(zh="三级游客，政府办景点免费", en="grade 3 visitor, free at a public site"),
        Venue.GARDEN,
        _holder(2, 3, ELSEWHERE),
        Outcome.GRANTED,
        0,
    ),
    Role(
        Text(zh="读到一半的人再刷一次", en="the torn one taps again"),
        Venue.BUS,
        _holder(4, 3, HERE),
        Outcome.GRANTED,
        100,
    ),
)

# Taps at the kiosk, whose picture is taken.
KIOSK_ROLE = Role(
    Text(zh="自助机前的游客与陪同者", en="visitor at the kiosk"),
    Venue.GARDEN,
    _holder(1, 1, ELSEWHERE),
    Outcome.GRANTED,
    0,
)


def issue_cards(issuer: TestIssuer, roles: tuple[Role, ...]) -> list[ChipContents]:
    """A card for each role, in order."""
    return [issuer.personalise(role.holder) for role in roles]
