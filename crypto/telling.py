"""What a command tells of what it did: a sentence for a person, or its facts for a program."""

from __future__ import annotations

import json
from datetime import date

from crypto.explained import Language, Text


def told(text: Text, as_json: bool, **facts: object) -> str:
    """`text` with `facts` filled in, in the operator's language; as JSON, one line with the facts alone.

    In JSON a path is its text and a date is written as 2026-07-01. Facts never hold a name, an ID number, a
    category or a secret.
    """
    if as_json:
        return json.dumps(facts, ensure_ascii=False, default=_plain)
    return text.format(**facts).in_language(Language.from_environment())


def _plain(fact: object) -> str:
    return fact.isoformat() if isinstance(fact, date) else str(fact)
