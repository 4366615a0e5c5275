"""`tongka card profile`: check a card profile, or print what it declares as tables for a document."""

from __future__ import annotations

import json
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
from crypto.telling import told
from firmware_profiles.strict_toml import MAX_TOML_BYTES

app = typer.Typer(help="卡片描述 · Card profiles.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="卡片描述文件 · The profile's TOML file.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

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
def check(file: FileArgument, as_json: AsJson = False) -> None:
    """检查卡片描述或外来卡片描述 · Check a profile (keys, types, files, test vectors) or a foreign family."""
    language = Language.from_environment()
    data = _contents(file)
    if _describes_a_foreign_family(data):
        family = ForeignCardFamily.from_bytes(data, str(file))
        title = family.title.text.in_language(language)
        counts = {"probes": len(family.probe), "patterns": len(family.atr)}
        typer.echo(told(SOUND_FAMILY, as_json, id=family.id, title=title, **counts))
        return
    profile = CardProfile.from_bytes(data, str(file))
    if profile.full_data is not None:
        authentication_method(profile).check_parameters(profile)
    title = profile.title.text.in_language(language)
    vectors = sum(len(one.vector) for one in profile.file)
    typer.echo(told(SOUND, as_json, id=profile.id, title=title, files=len(profile.file), vectors=vectors))


@app.command(
    name="document", epilog="例 · Example: tongka card profile document card/profiles/reference.toml"
)
def document_command(file: FileArgument, as_json: AsJson = False) -> None:
    """输出文件表（Markdown） · Print the tables of files and fields in Markdown."""
    profile = load_profile(file)
    text = document(profile)
    typer.echo(json.dumps({"id": profile.id, "markdown": text}, ensure_ascii=False) if as_json else text)


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
