"""The names that the customer fixed are ours alone, and the lock files hold what pyproject.toml asks for."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, EntryPoint, distribution, distributions, entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("crypto", "firmware_profiles", "card", "terminal", "kiosk_ui", "sync")
LOCK_FILES: Final = ("requirements.lock", ".ci/build-tools.lock", ".ci/lock-tools.lock")
COMMANDS: Final = tuple(entry_points(group="tongka.commands"))


def pyproject() -> dict[str, Any]:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))


def top_level_names(installed: Distribution) -> Iterator[str]:
    """The import names that a distribution puts into site-packages, as its own record lists them."""
    for file in installed.files or ():
        first = file.parts[0]
        if first != ".." and not first.endswith((".dist-info", ".egg-info", ".pth")):
            yield first.partition(".")[0]


def places_of_tongka() -> list[str]:
    """Where the installed `tongka` is imported from: the checkout, for an editable one (PEP 610)."""
    tongka = distribution("tongka")
    origin = json.loads(tongka.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return [unquote(urlsplit(origin["url"]).path)]
    return [str(tongka.locate_file(""))]


def lock_entries(lock_file: str) -> Iterator[tuple[Requirement, list[str]]]:
    """What a lock file pins, each with its hashes."""
    text = (CHECKOUT / lock_file).read_text("utf-8")
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in without_comments.replace("\\\n", " ").splitlines():
        pin, *hashes = line.split("--hash=")
        yield Requirement(pin), [given.strip() for given in hashes]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_has_our_name(package: str) -> None:
    # Compared without case: `Crypto` and `crypto` are one directory on some file systems.
    owners = {
        installed.name
        for installed in distributions()
        if package in {name.casefold() for name in top_level_names(installed)}
    }

    assert owners - {"tongka"} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_installed_package_is_the_one_of_this_checkout(package: str) -> None:
    # Looked up where `tongka` is installed, not on sys.path: there the working directory hides a wrong one.
    found = PathFinder.find_spec(package, places_of_tongka())

    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).resolve() == CHECKOUT / package / "__init__.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_says_that_it_is_typed(package: str) -> None:
    assert (CHECKOUT / package / "py.typed").is_file()


def test_wheel_holds_these_packages_and_no_others() -> None:
    wheel = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert sorted(wheel["packages"]) == sorted(PACKAGES)


def test_installed_commands_are_the_declared_ones() -> None:
    declared = pyproject()["project"]["entry-points"]["tongka.commands"]

    assert {command.name: command.value for command in COMMANDS} == declared


@pytest.mark.parametrize("command", COMMANDS, ids=[command.name for command in COMMANDS])
def test_command_loads(command: EntryPoint) -> None:
    assert isinstance(command.load(), typer.Typer)


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_lock_pins_everything_by_hash(lock_file: str) -> None:
    entries = list(lock_entries(lock_file))

    assert entries
    for requirement, hashes in entries:
        assert [pin.operator for pin in requirement.specifier] == ["=="], requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", given) for given in hashes), requirement


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_lock_names_no_address(lock_file: str) -> None:
    assert "://" not in (CHECKOUT / lock_file).read_text("utf-8")


def test_lock_holds_every_dependency() -> None:
    pins = {canonicalize_name(pin.name): pin.specifier for pin, _ in lock_entries("requirements.lock")}
    declared = pyproject()
    wanted = [
        Requirement(text)
        for text in (
            *declared["build-system"]["requires"],
            *declared["project"]["dependencies"],
            *declared["dependency-groups"]["dev"],
        )
    ]

    unmet = {
        str(requirement)
        for requirement in wanted
        if not any(
            requirement.specifier.contains(pin.version)
            for pin in pins.get(canonicalize_name(requirement.name), ())
        )
    }

    assert unmet == set()
