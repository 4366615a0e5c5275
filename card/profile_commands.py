"""`tongka card profile`: check a card profile, or print what it declares as tables for a document."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from card.application import authentication_method
from card.errors import CardProfileRefused
from card.foreign_cards import ForeignCardFamily
from card.profile import CardProfile
from card.profile_document import document
from crypto.explained import Language, Text
from firmware_profiles.strict_toml import MAX_TOML_BYTES

app = typer.Typer(help="卡片描述 · Card profiles.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="卡片描述文件 · The profile's TOML file.")]

SOUND = Text(
    zh="{id}（{title}）：{files} 个文件、{vectors} 个测试向量，全部有效。",
    en="{id} ({title}): {files} files and {vectors} test vectors, all sound.",
)
SOUND_FAMILY = Text(
    zh="{id}（{title}）：外来卡片描述，{probes} 个应用、{patterns} 组 ATR，全部有效。",
    en="{id} ({title}): a foreign family, {probes} applications and {patterns} groups of ATRs, all sound.",
)
NO_FILE = Text(zh="不是文件", en="no file")
READABLE = Text(zh="请检查路径和权限", en="Check the path and its permissions")


@app.command(epilog="例 · Example: tongka card profile check card/profiles/reference.toml")
def check(file: FileArgument) -> None:
    """检查卡片描述或外来卡片描述 · Check a profile (keys, types, files, test vectors) or a foreign family."""
    language = Language.from_environment()
    data = _contents(file)
    if _describes_a_foreign_family(data):
        typer.echo(_family_text(ForeignCardFamily.from_bytes(data, str(file)), language))
        return
    profile = CardProfile.from_bytes(data, str(file))
    if profile.full_data is not None:
        authentication_method(profile).check_parameters(profile)
    text = SOUND.format(
        id=profile.id,
        title=profile.title.text.in_language(language),
        files=len(profile.file),
        vectors=sum(len(one.vector) for one in profile.file),
    )
    typer.echo(text.in_language(language))


@app.command(
    name="document", epilog="例 · Example: tongka card profile document card/profiles/reference.toml"
)
def document_command(file: FileArgument) -> None:
    """输出文件表（Markdown） · Print the tables of files and fields in Markdown."""
    typer.echo(document(load_profile(file)))


def load_profile(file: Path) -> CardProfile:
    """The profile in a file. Raises CardProfileRefused."""
    return CardProfile.from_bytes(_contents(file), str(file))


def _contents(file: Path) -> bytes:
    try:
        if not file.is_file():  # a pipe would be waited for
            raise CardProfileRefused(file=file, problem=NO_FILE, instead=READABLE)
        return file.read_bytes()
    except OSError as error:
        raise CardProfileRefused(file=file, problem=error.strerror, instead=READABLE) from error


def _describes_a_foreign_family(data: bytes) -> bool:
    """Those have a sentence to say and no application of ours.

    What can't be told belongs to the card profiles, whose loader says what is wrong with it.
    """
    if len(data) > MAX_TOML_BYTES:
        return False
    try:
        document = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return False
    return "sentence" in document and "aid" not in document


def _family_text(family: ForeignCardFamily, language: Language) -> str:
    text = SOUND_FAMILY.format(
        id=family.id,
        title=family.title.text.in_language(language),
        probes=len(family.probe),
        patterns=len(family.atr),
    )
    return text.in_language(language)
