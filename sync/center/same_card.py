"""Whether two events of a terminal come of the same card on the same day."""

from __future__ import annotations

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed
from terminal.decisions.decide import local_date
from terminal.events.event import SealedEvidence, UsageEvent


def is_same_card_that_day(
    event: UsageEvent, credential: TapCredential, earlier: UsageEvent, shown: SealedEvidence
) -> bool:
    """`credential` stands behind the event, `shown` is what was sealed into the earlier one."""
    try:
        holder = TapCredential.from_bytes(shown.credential)
    except CredentialMalformed:
        return False
    return holder == credential and local_date(earlier.time_ms) == local_date(event.time_ms)
