"""What can be said of a condition without evaluating it: which lists it asks for, what it divides by."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from terminal.decisions.cel_library import compile_cel
from terminal.decisions.toml_document import is_slug

_TOKEN: Final = re.compile(
    r"""
    (?P<comment>//[^\n]*)
    | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:
        \"\"\"(?:\\.|.)*?\"\"\" | '''(?:\\.|.)*?''' | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'))
    | (?P<name>[A-Za-z_]\w*)
    | (?P<number>0x[0-9A-Fa-f]+u? | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?u?)
    | (?P<sign>&&|\|\||[=!<>]=|\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING: Final = {"(": ")", "[": "]"}
_BEFORE_QUESTION: Final = frozenset({"", "(", "&&", "||", "?", ":"})
_AFTER_QUESTION: Final = frozenset({"", ")", "&&", "||", "?", ":"})


class Token(NamedTuple):
    """A word of a condition; `kind` is string, name, number or sign."""

    kind: str
    text: str


_NOTHING: Final = Token("sign", "")


def tokens(source: str) -> list[Token]:
    """The words of an expression that CEL has compiled, without comments."""
    return [
        Token(found.lastgroup, found.group())
        for found in _TOKEN.finditer(source)
        if found.lastgroup is not None and found.lastgroup != "comment"
    ]


def asked_lists(words: list[Token]) -> frozenset[str] | None:
    """The standing lists that a condition asks for; None unless each question is `"name" in lists`.

    Only in that form is it certain, before any card is there, which lists a centre has to publish.
    """
    padded = [_NOTHING, _NOTHING, _NOTHING, *words, _NOTHING]
    names: set[str] = set()
    for place, word in enumerate(padded):
        if word != Token("name", "lists"):
            continue
        before, literal, asked = padded[place - 3 : place]
        name = literal.text[1:-1]
        if (
            asked != Token("name", "in")
            or literal.kind != "string"
            or not is_slug(name)
            or before.text not in _BEFORE_QUESTION
            or padded[place + 1].text not in _AFTER_QUESTION
        ):
            return None
        names.add(name)
    return frozenset(names)


def divides_by_zero(words: list[Token]) -> bool:
    """Whether some division's or remainder's right side is zero, or fails, whatever the card."""
    return any(
        word.kind == "sign" and word.text in {"/", "%"} and _is_zero(_operand(words, place + 1))
        for place, word in enumerate(words)
    )


def _operand(words: list[Token], start: int) -> str:
    """The operand that begins at `start`: its signs, a value, and what is selected from or given to it."""
    end = start
    while end < len(words) and words[end].text in {"-", "!"}:
        end += 1
    end = _past(words, end)
    while end < len(words) and words[end].text in {".", "[", "("}:
        end = _past(words, end) if words[end].text != "." else _past(words, end + 1)
    return " ".join(word.text for word in words[start:end])


def _past(words: list[Token], start: int) -> int:
    """Where the value that begins at `start` ends, its brackets closed."""
    depth = 0
    for place in range(start, len(words)):
        depth += (words[place].text in _CLOSING) - (words[place].text in _CLOSING.values())
        if depth == 0:
            return place + 1
    return len(words)


def _is_zero(operand: str) -> bool:
    try:
        program = compile_cel(operand)
        if program.references()["variables"]:
            return False
        return bool(program.execute({}) == 0)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return True
