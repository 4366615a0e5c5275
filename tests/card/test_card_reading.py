"""Full data: what shows that they are the card's, who could have made them up, and how long it takes."""

from __future__ import annotations

import secrets
from dataclasses import replace
from types import MappingProxyType

import pytest

from card.answer_time import ANSWER_SECONDS
from card.apdu import Instruction
from card.application import Role
from card.card_reading import VISIT_SECONDS, CardReading
from card.errors import (
    AnswerMalformed,
    AnswerTooLate,
    CardCloned,
    CredentialForged,
    ProfileLacks,
    UnknownIssuer,
)
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import AnswerFault, FaultyChip, WrongSignatureChip
from card.simulator.issuing.altered_cards import ReplayingChip, clone, forge
from crypto.assurance import Assurance
from crypto.credential import CARD_ID_BYTES, TapCredential, issue_credential
from crypto.sm2 import PrivateKey
from crypto.trust import TrustStore
from tests.card.cards import ISSUER, STRANGER, TRUST, applet
from tests.card.full_cards import FILES, Tap, full_card, psam_slot
from tests.card.psam_cards import PSAM_PROFILE, RECORDS, cipher_psam, psam_card

CARD = full_card()
STRANGERS = replace(TRUST, issuers=MappingProxyType({STRANGER.issuer_key.key_id: STRANGER.issuer_key}))


def read(chip: Chip, trust: TrustStore | None = None, seconds: float = VISIT_SECONDS) -> CardReading:
    """The holder's file of a card, through a reader's PSAM."""
    with InProcessConnection(chip) as card, psam_slot() as psam:
        return CardReading.of(card, psam, reference_profile(), ("holder",), trust=trust, seconds=seconds)


def holder(reading: CardReading) -> list[dict[str, str | bytes]]:
    """What the holder's file says."""
    [(_file, records)] = reading.files
    return [dict(record) for record in records]


def made_up() -> ChipContents:
    """A card by one who has a reader's master pair and no more: another's name, and a key of his own."""
    key, card_id = PrivateKey.generate(), secrets.token_bytes(CARD_ID_BYTES)
    genuine = TapCredential.from_bytes(CARD.credential)
    credential = issue_credential(
        PrivateKey.generate(),
        issuer_key_id=genuine.issuer_key_id,
        card_id=card_id,
        categories=genuine.categories,
        grade=genuine.grade,
        region=genuine.region,
        issued=genuine.issued,
        expires=genuine.expires,
        card_key=key.public_key,
    )
    pairs = ISSUER.psam_for(Role.READER).masters
    keys = {number: pair.diversified(card_id) for number, pair in pairs.items()}
    return replace(CARD, credential=credential.to_bytes(), private_key=key, keys=MappingProxyType(keys))


# --- assurance ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("trust", "assurance"), [(None, Assurance.CHIP), (TRUST, Assurance.ISSUER)])
def test_a_genuine_card_is_read_with_what_was_looked_at(
    trust: TrustStore | None, assurance: Assurance
) -> None:
    reading = read(applet(CARD), trust)
    assert reading.assurance is assurance
    assert holder(reading) == FILES["holder"]
    assert reading.credential == TapCredential.from_bytes(CARD.credential)


def test_without_a_psam_nothing_is_assured() -> None:
    with InProcessConnection(applet(CARD)) as card:
        reading = CardReading.of(card, None, reference_profile(), ())
    assert reading.assurance is Assurance.NONE
    assert reading.credential is None


def test_a_card_without_a_key_of_its_own_is_assured_by_the_psam_alone() -> None:
    with InProcessConnection(psam_card()) as card, InProcessConnection(cipher_psam()) as psam:
        reading = CardReading.of(card, psam, PSAM_PROFILE, ("holder",))
        assert reading.assurance is Assurance.PSAM
        assert holder(reading) == [dict(RECORDS["holder"])]
        with pytest.raises(ProfileLacks):
            CardReading.of(card, psam, PSAM_PROFILE, ("holder",), trust=TRUST)


def test_a_chip_that_does_not_have_the_credential_s_key_is_not_read() -> None:
    """It has the card's symmetric keys: card and PSAM would accept each other."""
    for chip in (applet(clone(CARD)), WrongSignatureChip(applet(CARD)), ReplayingChip(applet(CARD))):
        with pytest.raises(CardCloned):
            read(chip)


def test_the_chip_is_asked_something_new_each_time() -> None:
    asked = set()
    for _ in range(2):
        with Tap(InProcessConnection(applet(CARD))) as line, psam_slot() as psam:
            CardReading.of(line, psam, reference_profile(), ("holder",))
            [data] = [c.data for c in line.commands if c.ins == Instruction.INTERNAL_AUTHENTICATE]
            asked.add(data)
    assert {len(data) for data in asked} == {
        reference_profile().tap_path.internal_authenticate.challenge_bytes
    }
    assert len(asked) == 2


def test_who_has_a_reader_s_master_pair_poses_as_any_card_unless_the_issuer_is_looked_at() -> None:
    reading = read(applet(made_up()))
    assert reading.assurance is Assurance.CHIP  # what docs/threat-model.md says of it
    with pytest.raises(CredentialForged):
        read(applet(made_up()), TRUST)


def test_a_card_of_an_issuer_that_is_not_trusted_is_not_read() -> None:
    with pytest.raises(UnknownIssuer):
        read(applet(CARD), STRANGERS)
    with pytest.raises(CredentialForged):
        read(applet(forge(CARD)), TRUST)


def test_a_credential_that_is_none_is_not_read() -> None:
    broken = replace(CARD, credential=CARD.credential[:3] + b"\xff" + CARD.credential[4:])
    with pytest.raises(AnswerMalformed):
        read(applet(broken))


# --- time ---------------------------------------------------------------------------------------------


def test_an_answer_that_is_too_late_ends_the_reading() -> None:
    slow = FaultyChip(applet(CARD), AnswerFault.SLOW, first=2, seconds=ANSWER_SECONDS + 0.05)
    with pytest.raises(AnswerTooLate) as late:
        read(slow)
    assert late.value.facts["limit"] == ANSWER_SECONDS * 1000


def test_answers_that_are_each_in_time_may_not_take_too_long_together() -> None:
    slow = FaultyChip(applet(CARD), AnswerFault.SLOW, seconds=0.05)
    assert holder(read(slow)) == FILES["holder"]
    with pytest.raises(AnswerTooLate) as late:
        read(slow, seconds=0.12)
    assert late.value.facts["limit"] == 120
