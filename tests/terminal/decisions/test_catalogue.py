"""The catalogue file is read strictly, and each fault is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Text
from terminal.decisions.catalogue import MAX_CATALOGUE_BYTES, Catalogue, ServiceFeature, ServiceKind
from terminal.decisions.errors import CatalogueMalformed, ServiceUnknown
from terminal.decisions.service_guide import NO_GUIDE, Channel, ChannelKind, Hours, Weekday
from terminal.decisions.source import SourceMark
from terminal.decisions.toml_document import MAX_BYTES
from terminal.starter import CATALOGUE_FILE, starter_files

STARTER = starter_files()[CATALOGUE_FILE].decode()


def test_items_are_found_by_code() -> None:
    garden = Catalogue.from_bytes(STARTER.encode()).item("GARDEN")

    assert (garden.kind, garden.operator, garden.region, garden.fare) == (
        ServiceKind.ATTRACTION,
        "test-garden",
        "339901",
        7000,
    )
    assert garden.features == {ServiceFeature.GOVERNMENT_RUN}
    assert garden.name.zh
    assert garden.name.en


def test_classes_of_ticket_have_their_prices() -> None:
    priced = STARTER.replace("fare = 7000", "fare = 7000\ntickets = { half = 3500, child = 0 }")
    items = Catalogue.from_bytes(priced.encode()).items

    assert dict(items["GARDEN"].tickets) == {"half": 3500, "child": 0}
    assert not items["BUS-1"].tickets
    assert len(set(items.values())) == len(items)


def test_unknown_service_is_named() -> None:
    with pytest.raises(ServiceUnknown, match="no service METRO"):
        Catalogue.from_bytes(STARTER.encode()).item("METRO")


@pytest.mark.parametrize(
    ("old", "new", "place", "write"),
    [
        ('version = "2026.3"', "", "version", "2026.1"),
        ('code = "GARDEN"', 'code = "BUS-1"', "item “BUS-1”, code", "unique"),
        ('code = "GARDEN"', 'code = "garden"', "item “garden”, code", "12 capitals"),
        ('code = "GARDEN"', 'code = "A-GARDEN-13CH"', "item “A-GARDEN-13CH”, code", "12 capitals"),
        ('kind = "attraction"', 'kind = "garden"', "item “GARDEN”, kind", "transit, attraction"),
        ('domain = "social"', 'domain = "fun"', "item “BUS-1”, domain", "identity, business, social"),
        ("fare = 7000", "fare = -1", "item “GARDEN”, fare", "fen"),
        ("fare = 7000", "fare = 70.0", "item “GARDEN”, fare", "fen"),
        ("fare = 7000", "price = 7000", "item “GARDEN”, ", "one of the fields"),
        ('region = "339901"', 'region = "3399"', "item “GARDEN”, region", "six digits"),
        ('operator = "test-bus"', "", "item “BUS-1”, operator", "operator's id"),
        ("fare = 7000", "fare = 7000\ntickets = { half = -1 }", "item “GARDEN”, tickets", "in fen"),
        ("fare = 7000", "fare = 7000\ntickets = { half = 3500.0 }", "item “GARDEN”, tickets", "in fen"),
        ("fare = 7000", "fare = 7000\ntickets = { 'A b' = 1 }", "item “GARDEN”, tickets", "small letters"),
        ("fare = 7000", "fare = 7000\ntickets = 3500", "item “GARDEN”, tickets", "classes of ticket"),
        ('["government_run"]', '["private"]', "item “GARDEN”, features[0]", "government_run"),
    ],
)
def test_fault_is_named_with_its_place_and_what_to_write(old: str, new: str, place: str, write: str) -> None:
    assert old in STARTER
    with pytest.raises(CatalogueMalformed) as refused:
        Catalogue.from_bytes(STARTER.replace(old, new, 1).encode(), "city.toml")

    assert refused.value.facts["file"] == "city.toml"
    assert str(refused.value.facts["place"]).startswith(place)
    assert write in str(refused.value.facts["write_en"])


BARE = b"""
version = "1"

[[items]]
code = "BUS"
name = { zh = "\xe5\x85\xac\xe4\xba\xa4", en = "Bus" }
domain = "social"
kind = "transit"
operator = "bus"
region = "330106"
"""
FULL = (
    BARE.decode()
    + """
easy_read = { zh = "请刷卡。", en = "Tap your card." }
pictogram = "bus"
pinyin = "gong jiao"
words = ["坐车", "bus"]
documents = [{ zh = "残疾人证", en = "Certificate" }]
offered_by = { zh = "公交公司", en = "Bus company" }
hours = [
    { days = ["mon", "tue"], opens = "08:30", closes = "12:00" },
    { days = ["tue"], opens = "12:00", closes = "24:00" },
]
hours_remark = { zh = "节日除外", en = "Not on holidays" }
phone = "0571-8888 0000"
channels = [
    { kind = "online", url = "https://bus.example/a?b" },
    { kind = "on_site", where = { zh = "一楼", en = "Ground floor" } },
]
related = ["BUS"]
legal_basis = { zh = "办法", en = "Rules" }
source = { cites = "a paper", mark = "V" }
tickets = { half = 100, concession = 0 }
"""
)


def test_an_item_that_nobody_described_costs_nothing_and_has_no_guide() -> None:
    bus = Catalogue.from_bytes(BARE).item("BUS")

    assert (bus.fare, bus.guide, dict(bus.tickets)) == (0, NO_GUIDE, {})


def test_a_guide_is_read_whole() -> None:
    bus = Catalogue.from_bytes(FULL.encode()).item("BUS")
    guide = bus.guide

    assert dict(bus.tickets) == {"half": 100, "concession": 0}
    assert guide.easy_read == Text(zh="请刷卡。", en="Tap your card.")
    assert (guide.pictogram, guide.pinyin, guide.words) == ("bus", "gong jiao", ("坐车", "bus"))
    assert guide.documents == (Text(zh="残疾人证", en="Certificate"),)
    assert guide.offered_by == Text(zh="公交公司", en="Bus company")
    assert guide.hours == (
        Hours((Weekday.MONDAY, Weekday.TUESDAY), "08:30", "12:00"),
        Hours((Weekday.TUESDAY,), "12:00", "24:00"),
    )
    assert guide.hours_remark == Text(zh="节日除外", en="Not on holidays")
    assert guide.phone == "0571-8888 0000"
    assert guide.channels == (
        Channel(ChannelKind.ONLINE, url="https://bus.example/a?b"),
        Channel(ChannelKind.ON_SITE, where=Text(zh="一楼", en="Ground floor")),
    )
    assert guide.related == ("BUS",)
    assert guide.legal_basis == Text(zh="办法", en="Rules")
    assert guide.source is not None and guide.source.mark is SourceMark.SEEN


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (', en = "Tap your card."', "", "easy_read.en"),
        ('pictogram = "bus"', 'pictogram = "The Bus"', "pictogram"),
        ('pictogram = "bus"', 'picture = "bus"', ""),
        ('pinyin = "gong jiao"', 'pinyin = "gōng jiāo"', "pinyin"),
        ('"坐车", "bus"', '" 坐车"', "words[0]"),
        ('{ zh = "残疾人证", en = "Certificate" }', '"残疾人证"', "documents[0]"),
        ('days = ["mon", "tue"]', 'days = ["monday"]', "hours[0].days[0]"),
        ('days = ["mon", "tue"]', "days = []", "hours[0].days"),
        ('opens = "08:30"', 'opens = "8:30"', "hours[0].opens"),
        ('opens = "08:30"', 'opens = "08:30\\n"', "hours[0].opens"),
        ('closes = "12:00"', 'closes = "24:30"', "hours[0].closes"),
        ('closes = "12:00"', 'closes = "08:30"', "hours.closes"),
        ('opens = "12:00"', 'opens = "11:59"', "hours"),
        ('"0571-8888 0000"', '"call us"', "phone"),
        ("https://bus.example", "http://bus.example", "channels[0].url"),
        ("https://bus.example", "https://user@bus.example", "channels[0].url"),
        ("/a?b", "/a b", "channels[0].url"),
        (', url = "https://bus.example/a?b"', "", "channels.url"),
        ('"on_site",', '"on_site", url = "https://bus.example",', "channels.url"),
        ('kind = "on_site"', 'kind = "by_post"', "channels[1].kind"),
        ('related = ["BUS"]', 'related = ["TRAM"]', "related"),
        ('related = ["BUS"]', 'related = ["tram"]', "related[0]"),
        ('mark = "V"', 'mark = "?"', "source.mark"),
        ('cites = "a paper", ', "", "source.cites"),
        ("half = 100", "half = -1", "tickets[...]"),
        ("half = 100", "Half = 100", "tickets"),
    ],
)
def test_a_fault_in_a_guide_is_named_by_item_and_field(old: str, new: str, place: str) -> None:
    assert old in FULL
    with pytest.raises(CatalogueMalformed) as refused:
        Catalogue.from_bytes(FULL.replace(old, new, 1).encode())

    named = str(refused.value.facts["place"])
    assert named == "item “BUS”" + (f", {place}" if place else ", picture")
    assert refused.value.facts["write_zh"] and refused.value.facts["write_en"]


def test_a_reference_to_nothing_is_named_and_a_draft_may_have_it() -> None:
    data = FULL.replace('related = ["BUS"]', 'related = ["BUS", "TRAM", "METRO"]').encode()

    with pytest.raises(CatalogueMalformed, match="item “BUS”, related: it refers to TRAM"):
        Catalogue.from_bytes(data)
    assert list(Catalogue.draft(data).dead_references()) == [("BUS", "TRAM"), ("BUS", "METRO")]


def test_a_catalogue_may_be_larger_than_other_files_but_not_of_any_size() -> None:
    padding = b"#" * (MAX_BYTES + 1) + b"\n"
    assert Catalogue.from_bytes(padding + BARE).item("BUS")
    with pytest.raises(CatalogueMalformed, match="16 MiB"):
        Catalogue.from_bytes(b"#" * (MAX_CATALOGUE_BYTES + 1))


def test_kinds_that_people_attend_are_known_to_a_check_in() -> None:
    attended = {kind for kind in ServiceKind if kind.is_attended}

    assert attended == {
        ServiceKind.TRAINING,
        ServiceKind.REHABILITATION,
        ServiceKind.DAY_CARE,
        ServiceKind.EVENT,
    }


@given(st.binary(max_size=200))
def test_random_bytes_raise_the_package_s_error_only(data: bytes) -> None:
    with pytest.raises(CatalogueMalformed):
        Catalogue.from_bytes(data)


@given(st.data())
def test_a_changed_catalogue_is_read_or_refused_with_the_package_s_error(data: st.DataObject) -> None:
    spoilt = bytearray(FULL.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    try:
        catalogue = Catalogue.from_bytes(bytes(spoilt))
    except CatalogueMalformed as error:
        assert error.facts["place"]
    else:
        assert len(catalogue.items) == 1
