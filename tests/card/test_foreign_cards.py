"""The families' files: complete, discreet, strictly read; and what an answer to a probe confirms."""

from importlib import resources

import pytest

from card.apdu import ResponseApdu
from card.atr import Atr, contactless_atr
from card.errors import CardProfileRefused, ForeignCard
from card.foreign_cards import CardInterface, ForeignCardFamily, Probe, foreign_cards
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from crypto.explained import Language
from crypto.tlv import Tlv
from tests.card.cards import applet

CARDS = foreign_cards()
EVERY_FAMILY = (*CARDS.families, CARDS.generic)
NFC_TAG = (resources.files("card") / "profiles" / "foreign" / "nfc-tag.toml").read_bytes()
INDISCREET = ("残疾", "残障", "disab", "handicap")


def family(family_id: str) -> ForeignCardFamily:
    return next(one for one in EVERY_FAMILY if one.id == family_id)


def probe(family_id: str, place: int = 0) -> Probe:
    return family(family_id).probe[place]


def test_the_simulator_has_a_card_of_every_family() -> None:
    assert {one.id for one in EVERY_FAMILY} == set(ForeignKind)


@pytest.mark.parametrize("one", EVERY_FAMILY, ids=lambda one: one.id)
def test_a_sentence_says_what_to_do_and_nothing_of_the_holder(one: ForeignCardFamily) -> None:
    assert "请出示第三代智能化证卡" in one.sentence.zh
    assert "Please present the third-generation smart certificate" in one.sentence.en
    for words in (one.title, one.sentence):
        assert not [word for word in INDISCREET if word in words.zh + words.en.lower()]


@pytest.mark.parametrize("one", CARDS.families, ids=lambda one: one.id)
def test_the_sentence_of_a_family_names_the_card(one: ForeignCardFamily) -> None:
    assert one.sentence.zh.startswith("这是")
    assert str(ForeignCard(one)).startswith(f"CRD-130: This is {one.title.en}, which is not used here.")
    assert one.title.zh in ForeignCard(one).explain(Language.ZH).cause


@pytest.mark.parametrize("interface", CardInterface)
def test_each_interface_has_one_first_choice(interface: CardInterface) -> None:
    choices = [
        one
        for member in CARDS.families
        for one in member.probe
        if one.first_choice and one.interface is interface
    ]
    assert len(choices) == 1


def test_our_own_atr_names_nothing() -> None:
    assert CARDS.named_by(Atr.from_bytes(applet().atr)) is None


@pytest.mark.parametrize("kind", ForeignKind)
def test_no_two_families_are_certain_of_one_atr_alike(kind: ForeignKind) -> None:
    atr = Atr.from_bytes(ForeignCardChip(kind).atr)
    strengths = sorted((one.strength(atr, certain=True) for one in CARDS.families), reverse=True)
    assert strengths[0] == 0 or strengths[0] > strengths[1]


def test_the_pattern_that_fixes_most_digits_decides() -> None:
    # "80 5A", Calypso, but a German bank card's "COLD" after it.
    cold = Atr.from_bytes(bytes.fromhex("3B6F0000805A434F4C44000000000000829000"))
    calypso = Atr.from_bytes(bytes.fromhex("3B6F0000805A2811421012" + "2B0379 1BB9829000".replace(" ", "")))
    assert CARDS.named_by(cold) == family("bank")
    assert CARDS.named_by(calypso) == family("transit")


def test_a_pattern_for_contactless_cards_is_not_for_others() -> None:
    beijing = bytes.fromhex("48 58")
    assert CARDS.named_by(Atr.from_bytes(contactless_atr(beijing))) == family("transit")
    assert CARDS.named_by(Atr(historical=beijing)) is None


@pytest.mark.parametrize(
    ("data", "sw", "confirmed"),
    [
        ("6F078405A000000333", 0x9000, False),  # another DF's FCI
        ("6F10840E325041592E5359532E4444463031", 0x9000, True),
        ("6F10840E325041592E5359532E4444463031", 0x6283, True),  # blocked
        ("6F10840E325041592E5359532E4444463031", 0x6A82, False),
        ("6F10840E325041592E53", 0x9000, False),  # cut off
        ("", 0x6283, True),
        ("", 0x611E, True),
        ("", 0x6C1E, True),
        ("", 0x9000, False),  # a card that says yes to everything
        ("", 0x6A82, False),
        ("", 0x6D00, False),
    ],
)
def test_only_the_name_itself_confirms_a_payment_card(data: str, sw: int, confirmed: bool) -> None:
    found = CARDS.confirmed_by(probe("bank"), ResponseApdu(bytes.fromhex(data), sw))
    assert found == (family("bank") if confirmed else None)


@pytest.mark.parametrize(
    ("aids", "expected"),
    [
        (["A000000333010101"], "bank"),
        (["A000000632010105"], "transit"),
        (["A000000333010101", "A000000632010105"], "bank"),
        (["A000000632010105", "A000000333010101"], "transit"),
        (["A0000009990101"], "bank"),
        ([], "bank"),
    ],
)
def test_the_first_application_in_a_payment_directory_names_the_card(aids: list[str], expected: str) -> None:
    ppse = probe("bank").df_name_bytes
    entries = b"".join(bytes(Tlv(0x61, Tlv(0x4F, bytes.fromhex(aid)))) for aid in aids)
    directory = Tlv(0xA5, bytes.fromhex("BF0C") + bytes((len(entries),)) + entries)
    answer = ResponseApdu(bytes(Tlv(0x6F, Tlv(0x84, ppse) + directory)), 0x9000)
    assert CARDS.confirmed_by(probe("bank"), answer) == family(expected)


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (b"sentence]", b"sentense]", "Write `sentence` instead"),
        (b"df_name =", b"dfname =", "Write `df_name` instead"),
        (b"certain =", b"sure =", "unknown key `sure`"),
        (b'"D2760000850101"', b'"D27600"', "df_name"),
        (b'"80 4F 0C A0 00 00 03 06 .. 00 03 00 00 00 00"', b'"80 4F 0"', "`80 4F 0` is no pattern"),
        (b'"02 44"', b'"02 * 44"', "Write bytes such as `80 5. *`"),
        (b'"02 44"', b"244", "historical"),
        (b'source = "standard"', b'source = "hearsay"', "source"),
        (b'interface = "contactless"', b'interface = "radio"', "interface"),
        (b'id = "nfc-tag"', b'id = "NFC"', "id"),
        (b"# Tags", b"\xff", "UTF-8"),
    ],
)
def test_a_wrong_family_is_refused_with_what_to_write(written: bytes, instead: bytes, told: str) -> None:
    assert written in NFC_TAG
    with pytest.raises(CardProfileRefused) as refused:
        ForeignCardFamily.from_bytes(NFC_TAG.replace(written, instead, 1), "nfc-tag.toml")
    assert "nfc-tag.toml" in str(refused.value)
    assert told in str(refused.value)
