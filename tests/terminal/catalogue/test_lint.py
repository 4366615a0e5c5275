"""The check names each fault by item and field; the starter has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.explained import Text
from terminal.catalogue.lint import Finding, lint
from terminal.decisions.catalogue import Catalogue, ServiceDomain, ServiceItem, ServiceKind
from terminal.decisions.service_guide import PICTOGRAMS, ChannelKind, ServiceGuide
from terminal.decisions.source import SourceMark
from terminal.starter import starter_catalogue, starter_rule_book
from tests.terminal.catalogue.writing import catalogue
from tests.terminal.decisions.writing import pack, rule

STARTER = starter_catalogue()
WHOLE = STARTER.item("REHAB-LEND")

# What a kiosk should list.
WANTED = """
新办 换领 迁移 挂失补办 注销 等级变更
困难残疾人生活补贴 重度残疾人护理补贴 燃油补贴
辅助器具适配 儿童康复救助 精神残疾人服药补助 康复训练 家庭无障碍改造
职业技能培训 按比例就业 自主创业补助 就业援助 托养 残疾人之家 助学
公交 景区 停车 图书馆 文化 体育 法律援助 手语翻译
"""


def alone(one: ServiceItem, **changes: object) -> Catalogue:
    """A catalogue of one service whose guide is changed."""
    changes.setdefault("related", ())
    return catalogue(replace(one, guide=replace(one.guide, **changes)))  # type: ignore[arg-type]


def places(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.entry, one.field) for one in found]


def test_the_starter_passes_its_own_check_with_its_rules() -> None:
    assert lint(STARTER, starter_rule_book().packs) == []


def test_the_starter_lists_every_service_that_a_kiosk_should_have() -> None:
    names = " ".join(part for item in STARTER.items.values() for part in (item.name.zh, *item.guide.words))
    for wanted in WANTED.split():
        assert wanted in names, wanted
    assert len(STARTER.items) >= 60
    assert {item.domain for item in STARTER.items.values()} == set(ServiceDomain)
    assert {item.kind for item in STARTER.items.values()} == set(ServiceKind)
    assert {item.region for item in STARTER.items.values()} >= {"100000", "330000"}


def test_the_starter_s_sources_are_marked_and_its_addresses_are_protected() -> None:
    for item in STARTER.items.values():
        assert item.guide.source is not None and item.guide.source.mark is SourceMark.GENERAL
        assert item.guide.pictogram in PICTOGRAMS
        for channel in item.guide.channels:
            assert channel.url.startswith("https://") == (channel.kind is ChannelKind.ONLINE)


@pytest.mark.parametrize(
    ("field", "empty"),
    [
        ("easy_read", None),
        ("pictogram", ""),
        ("words", ()),
        ("documents", ()),
        ("offered_by", None),
        ("legal_basis", None),
        ("source", None),
    ],
)
def test_a_text_that_is_missing_is_named(field: str, empty: object) -> None:
    assert places(lint(alone(WHOLE, **{field: empty}))) == [(WHOLE.code, field)]


def test_hours_or_a_remark_and_a_channel_or_a_phone_will_do() -> None:
    assert places(lint(alone(WHOLE, hours=(), hours_remark=None))) == [(WHOLE.code, "hours")]
    assert places(lint(alone(WHOLE, channels=(), phone=""))) == [(WHOLE.code, "channels")]
    assert lint(alone(WHOLE, channels=())) == []
    assert lint(alone(WHOLE, phone="")) == []


def test_papers_are_asked_for_at_applications_only() -> None:
    assert lint(alone(replace(WHOLE, kind=ServiceKind.EVENT), documents=())) == []


def test_what_nobody_described_lacks_everything() -> None:
    bare = catalogue(replace(WHOLE, guide=ServiceGuide()))

    assert {field for _, field in places(lint(bare))} == {
        *("easy_read", "pictogram", "words", "offered_by", "hours"),
        *("channels", "legal_basis", "source", "documents"),
    }


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"pictogram": "rocket"}, "pictogram", "“rocket”"),
        ({"pinyin": "lun yi"}, "pinyin", "2 个音节"),
        ({"words": ("轮椅", "！？")}, "words", "！？"),
        ({"related": ("NIX", "REHAB-LEND")}, "related", "NIX"),
        ({"easy_read": Text(zh="请下载 APP。", en="Please come.")}, "easy_read.zh", "APP"),
        ({"easy_read": Text(zh="请来。", en="Come at two.")}, "easy_read.en", "two"),
    ],
)
def test_a_fault_is_named_by_item_and_field(changes: dict[str, object], field: str, said: str) -> None:
    found = lint(alone(WHOLE, **changes))

    assert (found[0].entry, found[0].field) == (WHOLE.code, field)
    assert said in found[0].problem.zh
    assert found[0].problem.en


def test_a_region_that_there_is_not_is_named() -> None:
    assert (WHOLE.code, "region") in places(lint(catalogue(replace(WHOLE, region="999999"))))
    assert (WHOLE.code, "region") not in places(lint(catalogue(WHOLE)))


def test_all_dead_references_are_named() -> None:
    found = lint(alone(WHOLE, related=("NIX", "REHAB-LEND", "NUX")))

    assert [one.problem.en for one in found] == [
        "the catalogue has no service NIX",
        "the catalogue has no service NUX",
        "it is related to itself",
    ]


def test_names_that_are_alike_are_named_in_one_region_only() -> None:
    twin = replace(WHOLE, code="TWIN", name=Text(zh="轮椅 和 辅具借用", en="Another"))
    elsewhere = replace(WHOLE, code="OTHER", region="330000")
    found = lint(
        catalogue(*(replace(one, guide=replace(one.guide, related=())) for one in (WHOLE, twin, elsewhere)))
    )

    assert places(found) == [("TWIN", "name.zh")]
    assert WHOLE.code in found[0].problem.zh


def test_names_are_in_their_language() -> None:
    swapped = replace(WHOLE, name=Text(zh="Borrow", en="借用"))

    assert places(lint(catalogue(replace(swapped, guide=replace(WHOLE.guide, related=()))))) == [
        (WHOLE.code, "name.zh"),
        (WHOLE.code, "name.en"),
    ]


def test_rules_that_name_what_is_not_in_the_catalogue_are_named() -> None:
    here = alone(WHOLE)
    rules = pack(
        rule("dead", applies_to='services = ["REHAB-LEND", "METRO"]'),
        rule("nobody", applies_to='kinds = ["transit"], operator = "ghost"'),
        rule("fine", applies_to='services = ["REHAB-LEND"]'),
        name="city",
    )

    found = lint(here, [rules])

    assert places(found) == [("city/dead", "applies_to.services"), ("city/nobody", "applies_to.operator")]
    assert "METRO" in found[0].problem.zh
    assert "ghost" in found[1].problem.en
