"""One card, one test, every transport: what holds on one reader holds on all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from card.application import CardApplication
from card.errors import CardTorn, RefusalReason
from card.profile import reference_profile
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import VolatileMemory
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.issuing.altered_cards import clone, forge
from card.verification import VerifiedCard
from tests.card.cards import CHALLENGE, applet, card_key, check, personalised, reason
from tests.card.full_cards import PHOTO, full_card, psam_slot
from tests.card.readers.transports import TRANSPORTS, Transport

CARD = personalised()
FULL_CARD = full_card()

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS.keys())


def test_a_tap_verifies_the_card(transport: Transport, private_pcscd: PrivatePcscd) -> None:
    with transport(applet(CARD), private_pcscd) as connection:
        first, second = check(connection), check(connection)
    assert isinstance(first, VerifiedCard)
    assert isinstance(second, VerifiedCard)
    assert first.credential.to_bytes() == CARD.credential
    assert first.proof.verify(CHALLENGE, card_key(CARD))
    assert (first.proof.counter, second.proof.counter) == (1, 2)


REFUSED: list[tuple[Callable[[], Chip], RefusalReason]] = [
    (lambda: applet(forge(CARD)), RefusalReason.FORGED),
    (lambda: applet(clone(CARD)), RefusalReason.CLONED),
    (lambda: ForeignCardChip(ForeignKind.BANK), RefusalReason.FOREIGN_CARD),
    (lambda: TearingChip(applet(CARD), after_apdus=0), RefusalReason.TORN),
    (lambda: TearingChip(applet(CARD), after_apdus=1), RefusalReason.TORN),
    (lambda: FaultyChip(applet(CARD), AnswerFault.GARBAGE), RefusalReason.UNREADABLE),
    (lambda: FaultyChip(applet(CARD), AnswerFault.TRUNCATED_TLV, first=2), RefusalReason.UNREADABLE),
]


@pytest.mark.parametrize(("make", "expected"), REFUSED, ids=[expected for _make, expected in REFUSED])
def test_each_fault_has_its_refusal(
    transport: Transport, private_pcscd: PrivatePcscd, make: Callable[[], Chip], expected: RefusalReason
) -> None:
    with transport(make(), private_pcscd) as connection:
        assert reason(check(connection)) is expected


def test_full_data_are_read_under_secure_messaging(transport: Transport, private_pcscd: PrivatePcscd) -> None:
    chip = ReferenceApplet(VolatileMemory(FULL_CARD))
    with transport(chip, private_pcscd) as connection, psam_slot() as psam:
        application = CardApplication(connection, reference_profile())
        application.select()
        application.authenticate(psam)
        (holder,) = application.read_file("holder")
        assert holder["name"] == "测试一"
        assert application.read_file("photo") == ({"picture": PHOTO},)


def test_a_closed_connection_answers_nothing(transport: Transport, private_pcscd: PrivatePcscd) -> None:
    with transport(applet(CARD), private_pcscd) as connection:
        connection.close()
        with pytest.raises(CardTorn):
            CardApplication(connection, reference_profile()).select()
