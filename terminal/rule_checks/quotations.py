"""Whether cases quote what their source says, and which of its clauses no case tries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from terminal.decisions.rule_pack import Rule
from terminal.rule_checks.case_file import Case, CaseFile

# Of a text in NFKC, where the Chinese colon, comma and semicolon are these; not within 08:30 or 1,000.
_BETWEEN: Final = re.compile(r"[:,](?!\d)|[;。]")
_PLACE_ENDS: Final = re.compile(r":(?!\d)")


@dataclass(frozen=True)
class Untried:
    """A clause of a source that no case tries. `rule`: whose source it is, empty for that of the file."""

    file: str
    rule: str
    clause: str

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {"file": self.file, "rule": self.rule, "clause": self.clause}


def is_quoted(case: Case, file: CaseFile, rule: Rule | None) -> bool:
    """Whether what `case` says stands in its file's source, or in that of the `rule` that decided it."""
    sources = [file.source] if rule is None else [file.source, rule.source.cites]
    return any(_plain(case.says) in _plain(source) for source in sources)


def untried_clauses(tried: Iterable[tuple[CaseFile, Case, Rule | None]]) -> Iterator[Untried]:
    """Each clause, told once, of the files' sources and of the rules' that decided a case.

    What stands before a source's first colon names the place and is no clause.
    """
    listed = list(tried)
    said = {_plain(case.says) for _file, case, _rule in listed}
    sources: dict[str, tuple[str, str]] = {}
    for file, _case, rule in listed:
        sources.setdefault(file.source, (file.file, ""))
        if rule is not None:
            sources.setdefault(rule.source.cites, (file.file, rule.name))
    told: set[str] = set()
    for source, (name, rule_name) in sources.items():
        for clause in _clauses(source):
            plain = _plain(clause)
            if plain not in told and not any(plain in says or says in plain for says in said):
                told.add(plain)
                yield Untried(name, rule_name, clause)


def _clauses(source: str) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", source)
    place = _PLACE_ENDS.search(text)
    for clause in _BETWEEN.split(text[place.end() :] if place else text):
        if clause.strip():
            yield clause.strip()


def _plain(text: str) -> str:
    """Without what is no other wording: width, case, spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
