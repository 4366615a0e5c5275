"""Record decisions in this process, and have another Python process work them out from what was recorded.

    python -m tests.recompute --count 100000

What is recorded of a tap is its event, the sealed part in the clear, and the standing lists of its card; the
other process, whose hash seed differs, has these, the rule packs and the catalogue, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from crypto.credential import TapCredential, issue_credential
from crypto.explained import Text
from crypto.sm2 import PrivateKey
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.decide import Decision, decide, local_date
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.standing import Standing
from terminal.events.event import (
    EVENT_VERSION,
    NO_PREVIOUS,
    ClockTrust,
    QuotaUses,
    SealedEvidence,
    UsageEvent,
)
from terminal.events.kind import EventKind
from terminal.starter import starter_rule_book

CARDS: Final = 200
_YEARS_MS: Final = (1_325_376_000_000, 1_830_000_000_000)  # 2012 to 2027: every pack begins in it


class RecordedTap(msgspec.Struct, frozen=True, array_like=True):
    """One tap as recorded: what a decision rests on, and the decision."""

    event: bytes
    evidence: bytes
    lists: tuple[str, ...]
    decision: bytes


def services(rules: RuleBook) -> tuple[ServiceItem, ...]:
    """A bus and an attraction of each kind wherever a pack is for, by code."""
    places = sorted({pack.region for pack in rules.packs})
    made = []
    for number, place in enumerate(places):
        region = "110101" if place == "CN" else place.ljust(6, "0")[:4] + "01" if len(place) < 6 else place
        for kind in (ServiceKind.TRANSIT, ServiceKind.ATTRACTION):
            features = (
                frozenset((ServiceFeature.GOVERNMENT_RUN,)) if number % 2 else frozenset[ServiceFeature]()
            )
            made.append(
                ServiceItem(
                    code=f"{kind.value[:3].upper()}-{number}",
                    name=Text(zh="服务", en="service"),
                    domain=ServiceDomain.SOCIAL,
                    kind=kind,
                    operator="test",
                    region=region,
                    fare=200,
                    features=frozenset(features),
                )
            )
    return tuple(made)


def record(count: int, seed: int) -> Iterator[RecordedTap]:
    """That many taps of invented cards, over all packs, years, parties, lists and counts."""
    chance = random.Random(seed)
    rules = starter_rule_book()
    places = services(rules)
    lists = sorted({name for pack in rules.packs for name in pack.lists})
    cards = [_card(chance, places) for _ in range(CARDS)]
    for sequence in range(1, count + 1):
        service, credential = chance.choice(places), chance.choice(cards)
        time_ms = chance.randrange(*_YEARS_MS)
        fare, companions = chance.choice((0, 100, 199, 200, 201, 333, 99_999)), chance.choice((0, 0, 1, 2, 9))
        on = local_date(time_ms)
        known = tuple(name for name in lists if chance.random() < 0.3)
        uses = tuple(
            QuotaUses(quota.name, chance.choice((0, 1, quota.uses - 1, quota.uses, quota.uses + 5)))
            for quota in rules.quotas_for(service, on)
        )
        evidence = SealedEvidence(
            credential.to_bytes(), 1, bytes(64), "", "", uses, chance.choice((0, sequence - 1))
        )
        decision = _decide(credential, service, time_ms, fare, companions, rules, evidence, known)
        event = UsageEvent(
            version=EVENT_VERSION,
            terminal=bytes(8),
            epoch=1,
            sequence=sequence,
            previous=NO_PREVIOUS,
            time_ms=time_ms,
            wall_ms=time_ms,
            monotonic_ms=0,
            boot=bytes(8),
            clock=ClockTrust.FREE,
            content=1,
            kind=EventKind.TAP,
            refers_to=0,
            service=service.code,
            fare=fare,
            ticket="",
            companions=companions,
            outcome=decision.outcome,
            holder_pays=decision.holder_pays,
            companion_pays=decision.companion_pays,
            companions_admitted=decision.companions_admitted,
            pack_version=decision.pack_version,
            nonce=bytes(8),
            holder_ref=b"",
            segment=bytes(8),
            segment_header=b"",
            index=0,
            sealed=b"",
        )
        yield RecordedTap(event.to_bytes(), evidence.to_bytes(), known, msgspec.json.encode(decision))


def differences(file: Path) -> list[int]:
    """The sequences of recorded taps whose decision comes out otherwise here."""
    rules = starter_rule_book()
    places = {service.code: service for service in services(rules)}
    found = []
    for tap in msgspec.msgpack.decode(file.read_bytes(), type=list[RecordedTap]):
        event, evidence = UsageEvent.from_bytes(tap.event), SealedEvidence.from_bytes(tap.evidence)
        decision = _decide(
            TapCredential.from_bytes(evidence.credential),
            places[event.service],
            event.time_ms,
            event.fare,
            event.companions,
            rules,
            evidence,
            tap.lists,
        )
        stated = (event.outcome, event.holder_pays, event.companion_pays, event.pack_version)
        again = (decision.outcome, decision.holder_pays, decision.companion_pays, decision.pack_version)
        if stated != again or msgspec.json.encode(decision) != tap.decision:
            found.append(event.sequence)
    return found


def recompute_elsewhere(file: Path) -> list[int]:
    """`differences`, in another Python process with another hash seed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.recompute", "--check", file],
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=list[int])


def _decide(  # noqa: PLR0917  what a decision rests on
    credential: TapCredential,
    service: ServiceItem,
    time_ms: int,
    fare: int,
    companions: int,
    rules: RuleBook,
    evidence: SealedEvidence,
    lists: tuple[str, ...],
) -> Decision:
    standing = Standing(
        lists=frozenset(lists),
        uses={one.quota: one.uses for one in evidence.uses},
        follows_holder=evidence.follows != 0,
    )
    facts = CardFacts.from_credential(credential)
    return decide(facts, service, time_ms, fare, Party(companions), rules, standing=standing)


def _card(chance: random.Random, places: tuple[ServiceItem, ...]) -> TapCredential:
    is_companion = chance.random() < 0.1
    categories = () if is_companion else tuple(chance.sample(range(1, 8), chance.choice((1, 1, 1, 2))))
    return issue_credential(
        _ISSUER,
        issuer_key_id=bytes(8),
        card_id=chance.randbytes(8),
        categories=categories,
        grade=0 if is_companion else chance.randint(1, 4),
        region=chance.choice([*(service.region for service in places), "650101"]),
        issued=date(2010, 1, 1),
        expires=date(2030, 1, 1),
        card_key=_ISSUER.public_key,
    )


_ISSUER: Final = PrivateKey.generate()


def main() -> int:
    """Record and recompute; or, as the other process, recompute a file."""
    parser = argparse.ArgumentParser(description="Recorded decisions, worked out by another process.")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--check", type=Path, help="recompute this file and print what differs")
    given = parser.parse_args()
    if given.check is not None:
        sys.stdout.write(msgspec.json.encode(differences(given.check)).decode())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "taps"
        taps = list(record(given.count, seed=1))
        file.write_bytes(msgspec.msgpack.encode(taps))
        different = recompute_elsewhere(file)
    outcomes: dict[str, int] = {}
    for tap in taps:
        outcome = UsageEvent.from_bytes(tap.event).outcome.value
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    sys.stdout.write(f"{len(taps)} decisions {outcomes}, {len(different)} differ\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
