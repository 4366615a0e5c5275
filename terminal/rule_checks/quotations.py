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
# A clause, or four of these: a Chinese character is one, a word of letters or digits two.
_LEAST_QUOTED: Final = 4
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_WORD: Final = re.compile(r"[0-9a-z]+")


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
    """Whether what `case` says stands in its file's source, or in that of the `rule` that decided it.

    What does must be a clause of it, or so long that it says something of one.
    """
    sources = [file.source] if rule is None else [file.source, rule.source.cites]
    said = _plain(case.says)
    return any(
        said in map(_plain, _clauses(source)) or (_says_enough(said) and _stands_in(said, _plain(source)))
        for source in sources
    )


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
            if plain not in told and not any(_tries(says, plain) for says in said):
                told.add(plain)
                yield Untried(name, rule_name, clause)


def _clauses(source: str) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", source)
    place = _PLACE_ENDS.search(text)
    for clause in _BETWEEN.split(text[place.end() :] if place else text):
        if clause.strip():
            yield clause.strip()


def _tries(said: str, clause: str) -> bool:
    if clause in (part.strip() for part in _BETWEEN.split(said)):
        return True
    part, whole = sorted((said, clause), key=len)
    return _says_enough(part) and _stands_in(part, whole)


def _says_enough(said: str) -> bool:
    return len(_HAN.findall(said)) + 2 * len(_WORD.findall(said)) >= _LEAST_QUOTED


def _stands_in(part: str, whole: str) -> bool:
    """Whether `part` is in `whole`, and not from within a word or a number of it."""
    return re.search(rf"(?<![0-9a-z]){re.escape(part)}(?![0-9a-z])", whole) is not None


def _plain(text: str) -> str:
    """Without what is no other wording: width, case, spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
