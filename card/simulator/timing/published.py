"""What others publish: how long a tap takes elsewhere, and how long chips take for one signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crypto.explained import Text


@dataclass(frozen=True)
class PublishedFigure:
    """A time in ms, from `least` to `most`, what it is of, and who says so."""

    of: Text
    least: float
    most: float
    source: str


CONSULT_HYPERION: Final = "Consult Hyperion, A decade of tapping on TfL buses (chyp.com, 2022-12-14)"
ECTESTER: Final = "ECTester, CRoCS, Masaryk University (neuromancer.sk/ECTester)"

TAPS_ELSEWHERE: Final = (
    PublishedFigure(
        Text(zh="Suica 闸机处理一次刷卡", en="a Suica tap at a gate"),
        200,
        200,
        "A. Shiibashi, JR East, Japan Railway & Transport Review No. 50 (2008)",
    ),
    PublishedFigure(Text(zh="Oyster 刷卡", en="an Oyster tap"), 300, 350, CONSULT_HYPERION),
    PublishedFigure(Text(zh="TfL 允许的上限", en="TfL's limit for a tap"), 500, 500, CONSULT_HYPERION),
)

SIGNATURES_ELSEWHERE: Final = (
    PublishedFigure(
        Text(
            zh="SM2 协处理器，一次 192 位标量乘，80 MHz",
            en="an SM2 coprocessor at 80 MHz, one 192-bit scalar multiplication",
        ),
        3,
        3,
        "An Efficient Scheme for Implementation of SM2 Digital Signature over GF(p)",
    ),
    PublishedFigure(
        Text(
            zh="Java 卡 ECDSA P-256 签名（GD SmartCafe 6.0、Athena IDProtect、Infineon CJTOP）",
            en="ECDSA P-256 on Java Cards (GD SmartCafe 6.0, Athena IDProtect, Infineon CJTOP)",
        ),
        145,
        207,
        ECTESTER,
    ),
    PublishedFigure(
        Text(zh="Cortex-M3 纯软件 SM2 签名", en="SM2 in software on a Cortex-M3"),
        204,
        204,
        "刘赣秦等：低功耗嵌入式平台的SM2国密算法优化实现，《网络与信息安全学报》2022 年第 6 期",
    ),
)
