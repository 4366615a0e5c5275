"""What one tap says of quotas, by names that stand for one card's count of one quota in one window."""

from __future__ import annotations

from crypto.credential import TapCredential
from sync.center.examination import Pseudonyms, QuotaUse
from terminal.content.content import Content
from terminal.decisions.decide import local_date
from terminal.decisions.errors import ServiceUnknown
from terminal.events.event import SealedEvidence, UsageEvent


def quota_uses(
    event: UsageEvent,
    evidence: SealedEvidence,
    credential: TapCredential,
    content: Content,
    pseudonyms: Pseudonyms,
    *,
    used: str | None = None,
) -> tuple[QuotaUse, ...]:
    """Each quota open for a proven tap that it used, or that its terminal says was used before.

    `used`: which quota the rules count it under ("" for none); None where the terminal did not decide as the
    rules do, so that nobody knows what it counted: then each may have been used.
    """
    try:
        service = content.catalogue.item(event.service)
    except ServiceUnknown:
        return ()
    said = {one.quota: one.uses for one in evidence.uses}
    found = (
        QuotaUse(
            tally=pseudonyms.tally(credential, open_quota.name, open_quota.window),
            most=open_quota.uses,
            said=said.get(open_quota.name, 0),
            used=event.outcome.granted and used in (None, open_quota.name),
        )
        for open_quota in content.rules.quotas_for(service, local_date(event.time_ms))
    )
    return tuple(one for one in found if one.used or one.said)
