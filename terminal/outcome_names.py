"""What each outcome of a tap is called where people read lists of them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.events.outcome import Outcome

OUTCOME_NAMES: Final = MappingProxyType(
    {
        Outcome.GRANTED: Text(zh="已优惠", en="granted"),
        Outcome.GRANTED_WITH_COMPANION: Text(zh="本人与陪同已优惠", en="granted with companion"),
        Outcome.NOT_ELIGIBLE: Text(zh="无优惠", en="not eligible"),
        Outcome.QUOTA_USED_UP: Text(zh="次数已用完", en="uses spent"),
        Outcome.REVIEW_DUE: Text(zh="年审逾期", en="review overdue"),
        Outcome.NOT_ENABLED: Text(zh="尚未开通", en="not opened yet"),
        Outcome.REPEATED: Text(zh="重复刷卡", en="tapped again"),
        Outcome.TRANSFERRED: Text(zh="换乘", en="transfer"),
        Outcome.ALREADY_INSIDE: Text(zh="已入场", en="already inside"),
        Outcome.RECORDED: Text(zh="已记录", en="recorded"),
        Outcome.EXPIRED: Text(zh="证件过期", en="expired"),
        Outcome.NOT_YET_VALID: Text(zh="证件未生效", en="not valid yet"),
        Outcome.BLOCKED: Text(zh="在停用名单上", en="on the hotlist"),
        Outcome.UNREADABLE: Text(zh="没有读完", en="not read to the end"),
        Outcome.FOREIGN_CARD: Text(zh="不是本证卡", en="another kind of card"),
        Outcome.FORGED: Text(zh="发证签名无效", en="signature is not the issuer's"),
        Outcome.CLONED: Text(zh="芯片未能证明自己", en="chip not proven"),
        Outcome.UNKNOWN_ISSUER: Text(zh="发证机构未知", en="issuer unknown"),
        Outcome.ISSUER_REVOKED: Text(zh="发证密钥已吊销", en="issuer's key revoked"),
    }
)
