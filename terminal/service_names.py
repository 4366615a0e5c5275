"""Names of the catalogue's domains, kinds and features, for people."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceKind

DOMAIN_NAMES: Final = MappingProxyType(
    {
        ServiceDomain.IDENTITY: Text(zh="身份", en="identity"),
        ServiceDomain.BUSINESS: Text(zh="业务", en="business"),
        ServiceDomain.SOCIAL: Text(zh="社会", en="social"),
    }
)
KIND_NAMES: Final = MappingProxyType(
    {
        ServiceKind.TRANSIT: Text(zh="公共交通", en="transit"),
        ServiceKind.ATTRACTION: Text(zh="景区", en="attraction"),
        ServiceKind.PARKING: Text(zh="停车", en="parking"),
        ServiceKind.LIBRARY: Text(zh="图书馆", en="library"),
        ServiceKind.LEISURE: Text(zh="文体场馆", en="leisure"),
        ServiceKind.APPLICATION: Text(zh="申办事项", en="application"),
        ServiceKind.ADVICE: Text(zh="咨询帮助", en="advice"),
        ServiceKind.TRAINING: Text(zh="培训", en="training"),
        ServiceKind.REHABILITATION: Text(zh="康复", en="rehabilitation"),
        ServiceKind.DAY_CARE: Text(zh="托养照料", en="day care"),
        ServiceKind.EVENT: Text(zh="活动", en="event"),
    }
)
FEATURE_NAMES: Final = MappingProxyType(
    {
        ServiceFeature.GOVERNMENT_RUN: Text(zh="政府办的", en="run by the government"),
        ServiceFeature.PAID_AMUSEMENT: Text(zh="另收费的游乐项目", en="a paid amusement"),
        ServiceFeature.METRO: Text(zh="地铁", en="metro"),
    }
)
