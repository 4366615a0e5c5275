"""What a region is called that rules name: GB/T 2260's provinces, and places of the starter's packs."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from crypto.explained import Text

_NAMES: Final = MappingProxyType(
    {
        "11": Text(zh="北京市", en="Beijing"),
        "12": Text(zh="天津市", en="Tianjin"),
        "13": Text(zh="河北省", en="Hebei"),
        "14": Text(zh="山西省", en="Shanxi"),
        "15": Text(zh="内蒙古自治区", en="Inner Mongolia"),
        "21": Text(zh="辽宁省", en="Liaoning"),
        "22": Text(zh="吉林省", en="Jilin"),
        "23": Text(zh="黑龙江省", en="Heilongjiang"),
        "31": Text(zh="上海市", en="Shanghai"),
        "32": Text(zh="江苏省", en="Jiangsu"),
        "33": Text(zh="浙江省", en="Zhejiang"),
        "34": Text(zh="安徽省", en="Anhui"),
        "35": Text(zh="福建省", en="Fujian"),
        "36": Text(zh="江西省", en="Jiangxi"),
        "37": Text(zh="山东省", en="Shandong"),
        "41": Text(zh="河南省", en="Henan"),
        "42": Text(zh="湖北省", en="Hubei"),
        "43": Text(zh="湖南省", en="Hunan"),
        "44": Text(zh="广东省", en="Guangdong"),
        "45": Text(zh="广西壮族自治区", en="Guangxi"),
        "46": Text(zh="海南省", en="Hainan"),
        "50": Text(zh="重庆市", en="Chongqing"),
        "51": Text(zh="四川省", en="Sichuan"),
        "52": Text(zh="贵州省", en="Guizhou"),
        "53": Text(zh="云南省", en="Yunnan"),
        "54": Text(zh="西藏自治区", en="Tibet"),
        "61": Text(zh="陕西省", en="Shaanxi"),
        "62": Text(zh="甘肃省", en="Gansu"),
        "63": Text(zh="青海省", en="Qinghai"),
        "64": Text(zh="宁夏回族自治区", en="Ningxia"),
        "65": Text(zh="新疆维吾尔自治区", en="Xinjiang"),
        "71": Text(zh="台湾省", en="Taiwan"),
        "81": Text(zh="香港特别行政区", en="Hong Kong"),
        "82": Text(zh="澳门特别行政区", en="Macao"),
        "1303": Text(zh="秦皇岛市", en="Qinhuangdao"),
        "1405": Text(zh="晋城市", en="Jincheng"),
        "3301": Text(zh="杭州市", en="Hangzhou"),
        "4201": Text(zh="武汉市", en="Wuhan"),
        "5115": Text(zh="宜宾市", en="Yibin"),
        "652827": Text(zh="和静县", en="Hejing county"),
    }
)
_PROVINCE_DIGITS: Final = 2


def region_name(prefix: str) -> Text:
    """The place whose codes begin with `prefix`: its name, or its province's and the code."""
    if (name := _NAMES.get(prefix)) is not None:
        return name
    province = _NAMES.get(prefix[:_PROVINCE_DIGITS])
    if province is None:
        return Text(zh=f"地区 {prefix}", en=f"region {prefix}")
    return Text(zh=f"{province.zh}（{prefix}）", en=f"{province.en} ({prefix})")
