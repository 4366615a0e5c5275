"""Errors that explain themselves, in every package."""

import importlib
import pkgutil
from string import Formatter

import pytest

import card
import crypto
import firmware_profiles
import kiosk_ui
import sync
import terminal
from crypto.errors import KeystoreRefused
from crypto.explained import ExplainedError, Language


def _load_all() -> None:
    for package in (crypto, firmware_profiles, card, terminal, kiosk_ui, sync):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def _leaves(root: type[ExplainedError]) -> list[type[ExplainedError]]:
    below = [leaf for child in root.__subclasses__() for leaf in _leaves(child)]
    return [*below, root] if "code" in vars(root) else below


def test_every_error_of_every_package_is_complete_in_both_languages() -> None:
    _load_all()
    leaves = _leaves(ExplainedError)
    assert len(leaves) > 40
    codes = [leaf.code for leaf in leaves]
    assert sorted(codes) == sorted(set(codes)), "a code stands twice"
    for leaf in leaves:
        for text in (leaf.cause, leaf.next_step):
            assert text.zh and text.en, leaf
            assert any("\u4e00" <= character <= "\u9fff" for character in text.zh), leaf
            assert _placeholders(text.zh) == _placeholders(text.en) or leaf.code.startswith("TRM-2"), leaf


def _placeholders(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}


def test_an_error_explains_itself_in_the_language_asked_for() -> None:
    error = KeystoreRefused(name="terminal", detail="others may read it")
    assert error.explain(Language.ZH).cause == "密钥“terminal”不可用：others may read it。"
    assert error.explain(Language.EN).code == "CRY-150"
    assert str(error).startswith("CRY-150: The key terminal can't be used: others may read it. Check")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ZH),
        ({"LANG": "C.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "POSIX"}, Language.ZH),
        ({"LANG": "zh_TW.Big5"}, Language.ZH),
        ({"LANG": "en_US.UTF-8"}, Language.EN),
        ({"LANG": "de_DE.UTF-8"}, Language.EN),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8", "TONGKA_LANG": "en"}, Language.EN),
    ],
)
def test_the_language_is_the_operators(
    environment: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TONGKA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Language.from_environment() is language
