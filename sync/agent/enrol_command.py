"""`tongka enrol`: make this machine a terminal of a centre."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from crypto.explained import Language, Text
from crypto.keystore.directory import parse_settings
from crypto.telling import told
from sync import reasons
from sync.agent.enrolment import KeyPlace, enrol
from sync.errors import CodeFileUnreadable, CodeMalformed
from sync.protocol.enrolment import CODE_GROUPS, EnrolmentCode
from terminal.clock import SystemClock
from terminal.configuration import Mode

app = typer.Typer(short_help="用一次性登记码登记终端。Enrol a terminal with a one-time code.")

_MAX_CODE_CHARACTERS = 200
_ASKED = Text(zh="登记码", en="enrolment code")
_DONE = Text(
    zh="终端 {terminal} 已登记（第 {epoch} 期），数据目录：{directory}",
    en="Terminal {terminal} is enrolled (epoch {epoch}); its data directory is {directory}",
)


@app.callback(invoke_without_command=True)
def command(  # noqa: PLR0917  the verb's options
    center: Annotated[str, typer.Option("--center", help="中心地址 / the centre's base URL")],
    data: Annotated[Path, typer.Option("--data", help="要建立的数据目录 / the data directory to make")],
    code_file: Annotated[
        Path | None,
        typer.Option(
            "--code-file", help="登记码文件，“-”为标准输入；缺省时提示输入 / file with the code, - for stdin"
        ),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="测试模式，接受测试卡 / test mode: test cards")
    ] = False,
    keystore: Annotated[
        str,
        typer.Option("--keystore", help="密钥存放处：tpm、credential、plain / where the key shall lie"),
    ] = "plain",
    setting: Annotated[
        list[str] | None,
        typer.Option("--keystore-setting", help="名称=值，可重复 / name=value, may be repeated"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """用一次性登记码登记终端。 Enrol a terminal with a one-time code.

    登记码不出现在命令行参数中。 The code is never an argument, where other users could read it.

    Example: tongka enrol --center https://center.example --code-file code.txt --data /var/lib/tongka
    """
    code = EnrolmentCode.from_text(_read_code(code_file))
    mode = Mode.TEST if test else Mode.PRODUCTION
    place = KeyPlace(keystore, parse_settings(setting or []))
    configuration = enrol(center.rstrip("/"), code, data, mode, SystemClock(), place)
    typer.echo(
        told(_DONE, as_json, terminal=configuration.terminal, epoch=configuration.epoch, directory=data)
    )


def _read_code(file: Path | None) -> str:
    if file is None:
        asked = _ASKED.in_language(Language.from_environment())
        return str(typer.prompt(asked, hide_input=True, err=True))
    try:
        if str(file) == "-":
            return sys.stdin.read(_MAX_CODE_CHARACTERS)
        with file.open(encoding="ascii") as opened:
            return opened.read(_MAX_CODE_CHARACTERS)
    except OSError as error:
        raise CodeFileUnreadable(file=file, detail=reasons.of_system(error)) from error
    except UnicodeDecodeError as error:
        raise CodeMalformed(groups=CODE_GROUPS) from error
