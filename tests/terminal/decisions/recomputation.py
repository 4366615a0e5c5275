"""Record decisions in one process, recompute them in another: the same, bit for bit.

    python -m tests.terminal.decisions.recomputation [COUNT]

A record holds what an event and its sealed part hold, the rule book's version and a digest over every field
of the decision. COUNT is 100,000 where none is given.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.decide import Decision, decide
from terminal.decisions.standing import Standing
from terminal.starter import starter_rule_book
from tests.terminal.decisions.writing import ms, service

BOOK: Final = starter_rule_book()
REGIONS: Final = sorted({f"{pack.region:0<6}" for pack in BOOK.packs if pack.region != "CN"} | {"650102"})
LISTS: Final = sorted({name for pack in BOOK.packs for name in pack.lists})
SERVICES: Final = [
    service(kind, region, operator, features)
    for kind, region, operator, features in product(
        ServiceKind,
        REGIONS,
        ("test-bus", "bayanbulak"),
        (frozenset(), frozenset({ServiceFeature.METRO}), frozenset({ServiceFeature.GOVERNMENT_RUN})),
    )
]


def records(count: int) -> Iterator[str]:
    """So many recorded decisions, a JSON object each."""
    chance = random.Random(7)
    for _ in range(count):
        facts = _facts(chance)
        yield json.dumps({**facts, "book": BOOK.version, "digest": digest(_decided(facts))})


def differing(lines: Iterator[str]) -> int:
    """How many of the recorded decisions come out otherwise here."""
    found = 0
    for line in lines:
        record = json.loads(line)
        if record["book"] != BOOK.version or record["digest"] != digest(_decided(record)):
            found += 1
    return found


def digest(decision: Decision) -> str:
    """Every field of a decision, those that its repr leaves out too."""
    fields = [getattr(decision, name) for name in Decision.__dataclass_fields__]
    return hashlib.sha256(ascii(fields).encode()).hexdigest()


def recompute_elsewhere(count: int) -> int:
    """Record `count` decisions and recompute them in another process; how many differ."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.jsonl"
        path.write_text("\n".join(records(count)), encoding="ascii")
        program = (
            "import sys; from pathlib import Path; "
            "from tests.terminal.decisions.recomputation import differing; "
            "print(differing(iter(Path(sys.argv[1]).read_text(encoding='ascii').splitlines())))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    return int(done.stdout)


def _facts(chance: random.Random) -> dict[str, Any]:
    companion = chance.random() < 0.1
    item = chance.randrange(len(SERVICES))
    return {
        "categories": [] if companion else sorted(chance.sample(range(1, 8), chance.randint(1, 3))),
        "grade": 0 if companion else chance.randint(1, 4),
        "region": chance.choice((SERVICES[item].region, *REGIONS[:2])),
        "service": item,
        "at_ms": chance.randint(ms(2016, 1, 1), ms(2036, 12, 31)),
        "fare": chance.choice((0, 100, 200, 205, 1999)),
        "companions": chance.randint(0, 3),
        "lists": [name for name in LISTS if chance.random() < 0.5],
        "uses": {"qinhuangdao/monthly": chance.choice((0, 129, 130))},
        "follows_holder": chance.random() < 0.5,
    }


def _decided(facts: dict[str, Any]) -> Decision:
    item: ServiceItem = SERVICES[facts["service"]]
    holder = CardFacts(
        tuple(facts["categories"]), facts["grade"], facts["region"], date(2010, 1, 1), date(2036, 6, 30)
    )
    standing = Standing(frozenset(facts["lists"]), facts["uses"], facts["follows_holder"])
    return decide(
        holder, item, facts["at_ms"], facts["fare"], Party(facts["companions"]), BOOK, standing=standing
    )


def main() -> None:
    """Print how many of the recorded decisions differ."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    differ = recompute_elsewhere(count)
    print(f"{count} decisions recomputed in another process, {differ} differ")  # noqa: T201
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
