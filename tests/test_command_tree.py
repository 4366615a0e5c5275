"""What every command of `tongka` owes its users, checked for all that pyproject.toml declares."""

from __future__ import annotations

import re

import pytest

from crypto.explained import Language
from terminal.bilingual import is_chinese
from tests.command_tree import Place, commands

# One shows a screen of its own; one prints a document that is JSON in any case.
WITHOUT_JSON = {"tongka kiosk run", "tongka api openapi"}
SECRET = re.compile(r"(^|-)(pin|password|passphrase|secret|token|code|seed|master)(-|$)")

CHINESE = {place.name: place for place in commands(Language.ZH)}
ENGLISH = {place.name: place for place in commands(Language.EN)}
CALLED = sorted(name for name, place in CHINESE.items() if place.is_called)


def test_there_are_commands() -> None:
    assert len(CALLED) > 50
    assert CHINESE.keys() == ENGLISH.keys()


@pytest.mark.parametrize("name", sorted(CHINESE))
def test_its_help_is_in_both_languages_and_each_by_itself(name: str) -> None:
    for chinese, english in _texts(CHINESE[name], ENGLISH[name]):
        assert is_chinese(chinese), chinese
        assert english, chinese
        assert not is_chinese(english), english


@pytest.mark.parametrize("name", CALLED)
def test_it_has_an_example_that_it_would_take(name: str) -> None:
    place = CHINESE[name]
    assert place.examples, "no `Example:` line"
    for example in place.examples:
        assert example[: len(place.words) + 1] == ["tongka", *place.words]
        arguments = example[len(place.words) + 1 :]
        with place.command.make_context(name, arguments):
            pass  # a wrong option, a missing one or a value of the wrong type would have raised


@pytest.mark.parametrize("name", CALLED)
def test_it_can_tell_a_program_what_it_tells_a_person(name: str) -> None:
    options = {option for parameter in CHINESE[name].parameters for option in parameter.opts}
    assert ("--json" in options) is (name not in WITHOUT_JSON)


@pytest.mark.parametrize("name", CALLED)
def test_no_secret_is_an_argument(name: str) -> None:
    """Other users of the machine can read a program's arguments, and the shell keeps them."""
    for parameter in CHINESE[name].parameters:
        for option in parameter.opts:
            if SECRET.search(option.lstrip("-").replace("_", "-")):
                assert option.endswith("-file") or getattr(parameter, "is_flag", False), option


def _texts(chinese: Place, english: Place) -> list[tuple[str, str]]:
    """Each text of a command's help in both languages: what it does, and each parameter."""
    pairs = [(_said(chinese), _said(english))]
    for one, other in zip(chinese.parameters, english.parameters, strict=True):
        assert one.opts == other.opts
        if not getattr(one, "hidden", False):
            pairs.append((one.help or "", other.help or ""))
    return pairs


def _said(place: Place) -> str:
    """Its help without examples and formats, which are the same in both languages."""
    paragraphs = (place.command.help or "").split("\n\n")
    return "\n".join(each for each in paragraphs if not each.startswith(("示例：", "Example:", "--json:")))
