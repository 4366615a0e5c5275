"""What people type finds what they mean, the best match first."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.explained import Language, Text
from terminal.catalogue.description import document, lines
from terminal.catalogue.errors import SearchUnavailable
from terminal.catalogue.search import CatalogueSearch, Match
from terminal.decisions.service_guide import ServiceGuide
from terminal.starter import starter_catalogue
from tests.terminal.catalogue.writing import catalogue, item

SMALL = catalogue(
    item("LEND", "轮椅借用", "Borrow a wheelchair", ServiceGuide(words=("拐杖", "crutches"))),
    item("AIDS", "辅助器具适配", "Aids that fit", ServiceGuide(words=("电动轮椅", "轮椅", "助听器"))),
    item("RENT", "公租房租金减免", "Lower rent", ServiceGuide(words=("租房补贴",))),
    item("TRIP", "旅行优惠", "Travel for less"),
    item("BANK", "重庆银行", "Bank"),
    item("SHOP", "行业招聘", "Jobs", ServiceGuide(pinyin="hang ye zhao pin")),
    item("BUS", "公交 1 路（测试）", "Bus line 1 (test)"),
    item(
        "LAW",
        "法律援助",
        "Legal aid",
        ServiceGuide(
            easy_read=Text(zh="国家帮您请律师，轮椅也能进门。", en="The state finds you a lawyer."),
            documents=(Text(zh="身份证", en="Identity card"),),
            phone="12348",
        ),
    ),
)
SEARCH = CatalogueSearch(SMALL)
STARTER = CatalogueSearch(starter_catalogue())


def codes(typed: str, limit: int = 20) -> list[str]:
    return [found.item.code for found in SEARCH.find(typed, limit)]


@pytest.mark.parametrize(
    ("typed", "first", "match"),
    [
        ("轮椅借用", "LEND", Match.EXACT),
        ("lunyijieyong", "LEND", Match.EXACT),
        ("lun yi jie yong", "LEND", Match.EXACT),
        ("Borrow a wheelchair", "LEND", Match.EXACT),
        ("less", "TRIP", Match.NAME),
        ("lend", "LEND", Match.EXACT),
        ("轮椅", "LEND", Match.PREFIX),
        ("轮", "LEND", Match.PREFIX),
        ("lunyi", "LEND", Match.PREFIX),
        ("LUN YI", "LEND", Match.PREFIX),
        ("lun2yi3", "LEND", Match.PREFIX),
        ("lúnyǐ", "LEND", Match.PREFIX),
        ("luny", "LEND", Match.PREFIX),
        ("lunyij", "LEND", Match.PREFIX),
        ("轮yi", "LEND", Match.PREFIX),
        ("lun椅j", "LEND", Match.PREFIX),
        ("borrow", "LEND", Match.PREFIX),
        ("lvxing", "TRIP", Match.PREFIX),
        ("lüxing", "TRIP", Match.PREFIX),
        ("gongjiao1lu", "BUS", Match.PREFIX),
        ("chongqing", "BANK", Match.PREFIX),
        ("hangye", "SHOP", Match.PREFIX),
        ("租房租", "RENT", Match.NAME),
        ("椅借", "LEND", Match.NAME),
        ("fangzu", "RENT", Match.NAME),
        ("1路", "BUS", Match.NAME),
        ("wheelchairs", "LEND", Match.NAME),
        ("zfzj", "RENT", Match.INITIALS),
        ("gzf", "RENT", Match.INITIALS),
        ("lyjy", "LEND", Match.INITIALS),
        ("拐杖", "LEND", Match.CALLED),
        ("拐", "LEND", Match.WORD),
        ("guaizhang", "LEND", Match.CALLED),
        ("guaiz", "LEND", Match.WORD),
        ("gz", "RENT", Match.INITIALS),
        ("zfbt", "RENT", Match.WORD),
        ("crutch", "LEND", Match.WORD),
        ("减免 公租", "RENT", Match.TERMS),
        ("jianmian gongzu", "RENT", Match.TERMS),
        ("test bus", "BUS", Match.TERMS),
        ("律师", "LAW", Match.TEXT),
        ("lawyer", "LAW", Match.TEXT),
        ("12348", "LAW", Match.TEXT),
        ("身份证", "LAW", Match.TEXT),
        ("lumyi", "LEND", Match.SOUND),
        ("nunyi", "LEND", Match.SOUND),
        ("lnuyi", "LEND", Match.SOUND),
        ("congqin", "BANK", Match.SOUND),
        ("chongqingyinhnag", "BANK", Match.SOUND),
        ("yinhnag", "BANK", Match.SOUND),
        ("gongzufagzujin", "RENT", Match.SOUND),
        ("luxing", "TRIP", Match.SOUND),
        ("论椅", "LEND", Match.SOUND),
        ("輪椅", "LEND", Match.SOUND),
        ("轮以jie", "LEND", Match.SOUND),
        ("wheelchiar", "LEND", Match.SOUND),
        ("我的轮椅没了", "LEND", Match.MOST),
        ("借用轮椅坏拐杖减免", "LEND", Match.MOST),
    ],
)
def test_what_is_typed_finds_the_service(typed: str, first: str, match: Match) -> None:
    found = SEARCH.find(typed)

    assert (found[0].item.code, found[0].match) == (first, match)
    assert found[0].why.zh and found[0].why.en


def test_matches_are_ranked_from_the_name_to_the_description_and_each_service_comes_once() -> None:
    found = SEARCH.find("轮椅")

    assert [(one.item.code, one.match) for one in found] == [
        ("LEND", Match.PREFIX),
        ("AIDS", Match.CALLED),
        ("LAW", Match.TEXT),
    ]
    # The whole word, not the longer one that comes before it.
    assert found[1].matched == "轮椅"
    assert "轮椅" in found[1].why.zh
    assert codes("轮椅", 2) == ["LEND", "AIDS"]
    assert codes("轮椅", 0) == []


def test_fewer_slips_come_first() -> None:
    search = CatalogueSearch(catalogue(item("A", "伦衣"), item("B", "论艺借"), item("C", "罗伊")))

    assert [(one.item.code, one.errors) for one in search.find("nunyi")] == [
        ("A", 0),
        ("B", 0),
        ("C", 1),
    ]


def test_of_equal_matches_the_shorter_name_comes_first_then_the_code() -> None:
    search = CatalogueSearch(catalogue(item("A", "轮椅租借服务"), item("C", "轮椅借"), item("B", "轮椅租")))

    assert [one.item.code for one in search.find("轮椅")] == ["B", "C", "A"]


def test_of_equal_matches_the_editor_s_rank_comes_first() -> None:
    search = CatalogueSearch(
        catalogue(item("A", "轮椅注销"), item("B", "轮椅新办申请", guide=ServiceGuide(rank=1)))
    )

    assert [one.item.code for one in search.find("轮椅")] == ["B", "A"]


def test_words_that_people_only_ask_with_find_and_are_never_shown() -> None:
    asked = ServiceGuide(words=("坐公交",), asked=("盲人坐车",))
    service = item("BUS", "乘车优惠", guide=asked)
    search = CatalogueSearch(catalogue(service))

    for typed in ("盲人坐车", "盲人", "mangrenzuoche", "mrzc", "盲人怎么坐车", "盲人坐扯"):
        (found,) = search.find(typed)
        assert "盲" not in f"{found.matched}{found.why}{document(service)}", typed
        assert all("盲" not in said for _heading, said in lines(service, Language.ZH))


def test_what_shares_most_comes_before_a_description_and_what_shares_less_after_it() -> None:
    told = ServiceGuide(easy_read=Text(zh="这里修公交车站。", en="Stops."))
    search = CatalogueSearch(
        catalogue(item("STOP", "站台", guide=told), item("RIDE", "坐公交车优惠"), item("WASH", "洗车站台"))
    )

    assert [(one.item.code, one.match) for one in search.find("公交车站")] == [
        ("RIDE", Match.MOST),
        ("STOP", Match.TEXT),
        ("WASH", Match.PARTS),
    ]


def test_hanzi_allow_no_slip_and_what_is_found_by_name_needs_no_last_resort() -> None:
    assert SEARCH.find("贡献") == []
    assert Match.PARTS not in {one.match for one in STARTER.find("残疾人证新办", 100)}


def test_every_service_of_the_starter_is_found_by_its_name_its_pinyin_and_its_initials() -> None:
    for service in starter_catalogue().items.values():
        described = document(service)
        for typed in (service.name.zh, service.name.en, str(described["pinyin"])):
            (first, *_) = STARTER.find(typed, 1)
            assert (first.item.code, first.match) == (service.code, Match.EXACT), typed
        letters = str(described["initials"])
        assert service.code in [one.item.code for one in STARTER.find(letters)], letters


@pytest.mark.parametrize(
    ("typed", "codes_expected"),
    [
        ("zfzj", ["SUB-RENT", "SUB-HOUSE"]),
        ("轮椅", ["REHAB-FIX", "REHAB-LEND", "REHAB-AID", "SUB-FUEL"]),
        ("lunyi", ["REHAB-FIX", "REHAB-LEND", "REHAB-AID", "SUB-FUEL"]),
        ("残疾证丢了", ["CERT-LOST"]),
        ("轮椅坏了", ["REHAB-FIX"]),
        ("轮以", ["REHAB-FIX", "REHAB-LEND", "SUB-FUEL"]),
        ("canjizheng", ["CERT-NEW"]),
        ("gongjiao", ["SOC-BUS", "BUS-1"]),
        ("free bus", ["SOC-BUS", "SOC-DOG"]),
        ("guidedog", ["SOC-DOG"]),
        # A slip in English finds it in search words and in names.
        ("wheelchiar", ["REHAB-AID", "SOC-CALL", "SOC-PLANE", "REHAB-FIX", "REHAB-LEND", "SUB-FUEL"]),
    ],
)
def test_examples_find_something_sensible_in_the_starter(typed: str, codes_expected: list[str]) -> None:
    found = [one.item.code for one in STARTER.find(typed)]

    assert found[: len(codes_expected)] == codes_expected


def test_the_order_does_not_depend_on_the_file() -> None:
    items = list(starter_catalogue().items.values())
    random.Random(7).shuffle(items)
    shuffled = CatalogueSearch(catalogue(*items))

    for typed in ("butie", "残疾", "l", "zf", "canji buzhu", "gongjao", "card", "学校", "12385"):
        assert STARTER.find(typed) == shuffled.find(typed), typed


HOSTILE = (
    "",
    " ",
    '"',
    '" OR names MATCH "x',
    "NEAR(轮 椅)",
    "hanzi : 轮",
    "轮椅*",
    "^轮椅",
    "-轮椅",
    "{a b}: c",
    "'; DROP TABLE names; --",
    "\x00轮\x1b[2J椅",
    "\ud800\udfff轮椅",
    "😀🦽",
    "¦",
    "轮" * 10_000,
    "a" * 10_000,
    "lunyi " * 2_000,
    "\u0301" * 10_000,
    "ﷺ" * 500,
    "1" * 5_000,
)


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_is_typed_breaks_the_search(typed: str) -> None:
    assert len(SEARCH.find(typed)) <= 8


@settings(max_examples=300)
@given(st.text() | st.text("lunyizjgf轮椅残疾 1\"*^(){}:-'", max_size=30), st.integers(0, 5))
def test_any_string_is_taken_and_gives_each_service_once(typed: str, limit: int) -> None:
    found = SEARCH.find(typed, limit)

    assert len(found) <= limit
    assert len({one.item.code for one in found}) == len(found)
    assert [one.match for one in found] == sorted(one.match for one in found)


@settings(max_examples=200)
@given(st.data())
def test_a_slip_in_the_pinyin_of_a_name_still_finds_it(data: st.DataObject) -> None:
    service = data.draw(st.sampled_from([one for one in SMALL.items.values() if one.code != "BUS"]))
    letters = str(SEARCH_PINYIN[service.code]).replace(" ", "")
    at = data.draw(st.integers(1, len(letters) - 2))
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    slip = data.draw(
        st.sampled_from(
            (
                letters[:at] + letters[at + 1 :],
                letters[:at] + other + letters[at:],
                letters[:at] + other + letters[at + 1 :],
                letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :],
            )
        )
    )

    assert service.code in codes(slip), slip


SEARCH_PINYIN = {
    "LEND": "lun yi jie yong",
    "AIDS": "fu zhu qi ju shi pei",
    "RENT": "gong zu fang zu jin jian mian",
    "TRIP": "lv xing you hui",
    "BANK": "chong qing yin hang",
    "SHOP": "hang ye zhao pin",
    "LAW": "fa lv yuan zhu",
}


def test_threads_may_share_a_search() -> None:
    typed = ["轮椅", "lunyi", "zfzj", "lumyi", "律师", "jianmian gongzu", "我的轮椅没了"] * 20
    alone = [SEARCH.find(one) for one in typed]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(SEARCH.find, typed)) == alone


def test_a_hanzi_that_the_table_can_not_read_is_found_as_it_is_written() -> None:
    search = CatalogueSearch(catalogue(item("A", "𪛖轮"), item("B", "䷡")))

    assert [one.match for one in search.find("𪛖")] == [Match.PREFIX]
    assert [one.match for one in search.find("lun")] == [Match.NAME]
    assert search.find("䷡") == []


def test_an_empty_catalogue_finds_nothing_and_a_closed_search_says_so() -> None:
    search = CatalogueSearch(catalogue())
    assert search.find("轮椅") == []
    search.close()
    search.close()
    with pytest.raises(SearchUnavailable):
        search.find("轮椅")
