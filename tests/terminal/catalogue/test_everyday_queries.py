"""What people say at a counter finds first what they mean, in the starter's catalogue."""

from __future__ import annotations

import pytest

from terminal.catalogue.search import CatalogueSearch
from terminal.starter import starter_catalogue

SEARCH = CatalogueSearch(starter_catalogue())

EVERYDAY = (
    # The certificate.
    ("残疾人证", "CERT-NEW"),
    ("残疾证", "CERT-NEW"),
    ("殘疾證", "CERT-NEW"),
    ("cjz", "CERT-NEW"),
    ("canjizheng", "CERT-NEW"),
    ("我要办残疾证", "CERT-NEW"),
    ("怎么办残疾证", "CERT-NEW"),
    ("残疾证过期了", "CERT-RENEW"),
    ("残疾证到期", "CERT-RENEW"),
    ("残疾证到期了怎么换", "CERT-RENEW"),
    ("年审", "CERT-RENEW"),
    ("nianshen", "CERT-RENEW"),
    ("残疾证要年审吗", "CERT-RENEW"),
    ("我的卡丢了", "CERT-LOST"),
    ("卡丢了", "CERT-LOST"),
    ("kadiule", "CERT-LOST"),
    ("证丢了怎么办", "CERT-LOST"),
    ("残疾证找不到了", "CERT-LOST"),
    ("户口迁了残疾证怎么办", "CERT-MOVE"),
    ("评残去哪个医院", "CERT-ASSESS"),
    ("卧床不能去评残", "CERT-HOME"),
    # Money.
    ("困难补贴", "SUB-LIVING"),
    ("knbt", "SUB-LIVING"),
    ("每个月的生活补贴怎么领", "SUB-LIVING"),
    ("护理补贴", "SUB-CARE"),
    ("hulibutei", "SUB-CARE"),
    ("车补", "SUB-FUEL"),
    ("三轮车油费", "SUB-FUEL"),
    ("怎么申请低保", "SUB-MIN"),
    ("dibao", "SUB-MIN"),
    ("电费能减吗", "SUB-POWER"),
    ("我家房子漏雨", "SUB-RURAL"),
    # Ways.
    ("公交车", "SOC-BUS"),
    ("gongjiaoche", "SOC-BUS"),
    ("gjc", "SOC-BUS"),
    ("公交車", "SOC-BUS"),
    ("免费坐公交", "SOC-BUS"),
    ("坐公交车要钱吗", "SOC-BUS"),
    ("盲人坐车", "SOC-BUS"),
    ("盲人", "SOC-BUS"),
    ("陪护证", "SOC-BUS"),
    ("陪护证可以免费坐车吗", "SOC-BUS"),
    ("坐地铁免费吗", "SOC-METRO"),
    ("火车票半价", "SOC-TRAIN"),
    ("停车要钱吗", "SOC-PARK"),
    # Aids and homes.
    ("我想要个轮椅", "REHAB-AID"),
    ("轮椅坏了找谁修", "REHAB-FIX"),
    ("借个轮椅用几天", "REHAB-LEND"),
    ("助听器", "REHAB-AID"),
    ("厕所改造", "HOME-ACCESS"),
    ("cesuogaizao", "HOME-ACCESS"),
    ("廁所改造", "HOME-ACCESS"),
    ("家里洗澡不方便", "HOME-ACCESS"),
    # Work, school, care, law.
    ("我想找工作", "WORK-QUOTA"),
    ("zhaogongzuo", "WORK-QUOTA"),
    ("孩子上学交学费", "EDU-AID"),
    ("白天没人照顾老人", "CARE-DAY"),
    ("看病没人陪", "SOC-CLINIC"),
    ("聋哑", "SOC-SIGN"),
    ("聋哑人看病要翻译", "SOC-SIGN"),
    ("老板不给工资", "SOC-LAW"),
    ("精神病吃药免费吗", "REHAB-MED"),
    ("自闭症孩子康复", "REHAB-CHILD"),
    ("公园门票免费吗", "SOC-SITE"),
)


@pytest.mark.parametrize(("said", "first"), EVERYDAY)
def test_what_people_say_finds_first_what_they_mean(said: str, first: str) -> None:
    found = SEARCH.find(said, 5)

    assert [one.item.code for one in found][:1] == [first]
