"""The rules of a city where a holder may bring two, and a companion card rides free behind its holder's."""

from __future__ import annotations

from typing import Final

_RULE: Final = """
[[rules]]
id = "{id}"
applies_to = {{ kinds = ["transit"] }}
condition = "{condition}"
benefit = {{ {benefit} }}
legal_basis = {{ zh = "测试办法", en = "test rules" }}
holder_text = {{ zh = "优惠", en = "benefit" }}
staff_text = {{ zh = "优惠", en = "benefit" }}
source = {{ cites = "test", mark = "G" }}
{more}
"""
CARERS_PACK: Final = (
    """
name = "carers"
version = "2026.1"
region = "500103"
effective_from = 2026-01-01
expiry_grace_days = 30

[[quotas]]
id = "rides"
uses = 2
per = "month"
"""
    + _RULE.format(
        id="two",
        condition="grade <= 4",
        benefit='kind = "free", companions = 2, companion_pays = 50',
        more='quota = "rides"',
    )
    + _RULE.format(
        id="carer", condition="follows_holder", benefit='kind = "free"', more='for = "companion-card"'
    )
)
