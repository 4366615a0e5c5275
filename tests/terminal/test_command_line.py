"""`tongka` as a whole: languages, exit codes, errors for programs, what is loaded, completion."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from terminal import command_line
from terminal.bilingual import is_chinese
from terminal.command_line import ExitCode, run

PROGRAM = (sys.executable, "-m", "terminal.command_line")
# What the centre, the kiosk or the making of lists needs, and a terminal's command must not wait for.
HEAVY = {
    "PyQt6",
    "numpy",
    "fastapi",
    "duckdb",
    "ibis",
    "pyarrow",
    "uvicorn",
    "PIL",
    "pypinyin",
    "escpos",
    "httpx",
}
PERSONAL = "330106199001011234"  # what no message may repeat

VERB = f'''
import os
import typer

app = typer.Typer(help="演示。A demonstration.")

@app.command()
def value() -> None:
    """值。 Value."""
    raise ValueError("{PERSONAL}")

@app.command()
def system() -> None:
    """系统。 System."""
    raise PermissionError(13, "Permission denied", "/there")

@app.command()
def interrupt() -> None:
    """中断。 Interrupt."""
    raise KeyboardInterrupt

@app.command()
def ask() -> None:
    """询问。 Ask."""
    typer.prompt("?")

@app.command()
def faults() -> None:
    """有错。 Faults."""
    raise typer.Exit(1)

@app.command()
def number(
    count: int = typer.Option(1, "--count", min=1, help="数 / how many"),
    as_json: bool = typer.Option(False, "--json", help="JSON。 JSON."),
) -> None:
    """数。 Count."""
'''


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGKA_LANG", "en")


@pytest.fixture
def verbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tongka demonstration`, which can fail in every way, and `tongka broken`, which can't be loaded."""
    (tmp_path / "demonstration_verb.py").write_text(VERB)
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("demonstration", "demonstration_verb:app", command_line.GROUP),
        EntryPoint("broken", "no.such.module:app", command_line.GROUP),
    ]
    monkeypatch.setattr(command_line, "entry_points", lambda group: points)


@pytest.mark.usefixtures("verbs")
@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("demonstration number", ExitCode.DONE, ""),
        ("demonstration number --help", ExitCode.DONE, ""),
        ("demonstration faults", ExitCode.REFUSED, ""),
        ("demonstration system", ExitCode.REFUSED, "TRM-602 The system refused: Permission denied (/there)."),
        ("demonstration ask", ExitCode.REFUSED, "TRM-605 Input is needed, but it has ended."),
        ("broken", ExitCode.REFUSED, "TRM-601 The verb broken can't be loaded: No module named 'no'."),
        ("demonstration interrupt", ExitCode.INTERRUPTED, ""),
        ("", ExitCode.USAGE, ""),
        ("demonstratoin", ExitCode.USAGE, "there is no command demonstratoin (choose from demonstration)."),
        (
            "demonstration number --coun 1",
            ExitCode.USAGE,
            "there is no option --coun (choose from --count, --json).",
        ),
        (
            "demonstration number --count x",
            ExitCode.USAGE,
            "--count is not valid: a whole number is expected.",
        ),
        ("demonstration number --count 0", ExitCode.USAGE, "the value of --count is not valid: at least 1."),
        ("demonstration number --count", ExitCode.USAGE, "the option --count needs a value."),
        ("demonstration number --json=1", ExitCode.USAGE, "the option --json takes no value."),
        ("demonstration number more", ExitCode.USAGE, "unexpected argument more."),
        ("demonstration value", ExitCode.INTERNAL, "TRM-604 Internal error: ValueError at"),
    ],
)
def test_the_exit_code_says_how_it_ended_and_errors_say_why(
    line: str,
    code: ExitCode,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # as a service's is
    assert run(line.split()) == code
    error = capsys.readouterr().err
    assert told in error
    assert bool(error.removeprefix("?:").strip()) is bool(told)
    assert "Traceback" not in error
    assert PERSONAL not in error


@pytest.mark.usefixtures("verbs")
@pytest.mark.parametrize(
    "line",
    [
        "demonstratoin",
        "demonstration",
        "demonstration number --coun 1",
        "demonstration number --count x",
        "demonstration number --count 0",
        "demonstration number --count",
        "demonstration number --json=1",
        "demonstration number more",
        "demonstration value",
        "broken",
    ],
)
def test_in_chinese_everything_said_is_chinese(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGKA_LANG", "zh_CN.UTF-8")
    assert run(line.split()) != ExitCode.DONE
    shown = capsys.readouterr()
    for row in (shown.err or shown.out).splitlines():
        assert is_chinese(row) or not row.strip(), row


@pytest.mark.usefixtures("verbs")
@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("demonstration number --json --count x", ExitCode.USAGE, "TRM-603"),
        ("demonstration value --json", ExitCode.USAGE, "TRM-603"),
        ("broken --json", ExitCode.REFUSED, "TRM-601"),
    ],
)
def test_with_json_errors_are_json_on_standard_error(
    line: str, code: ExitCode, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    document = json.loads(shown.err)
    assert document["exit_code"] == code
    assert document["error"]["code"] == error
    for said in (document["error"]["cause"], document["error"]["next_step"]):
        assert is_chinese(said["zh"])
        assert said["en"]
        assert not is_chinese(said["en"])


@pytest.mark.usefixtures("verbs")
def test_json_after_the_end_of_options_is_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demonstration", "number", "--", "--json"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("TRM-603 Wrong usage: unexpected argument --json.")


@pytest.mark.usefixtures("verbs")
def test_an_internal_error_names_its_place_and_on_request_its_stack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["demonstration", "value"])
    assert "ValueError at terminal.command_line:" in capsys.readouterr().err
    monkeypatch.setenv(command_line.TRACEBACK, "1")
    run(["demonstration", "value"])
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.usefixtures("verbs")
def test_help_lists_a_verb_that_can_not_be_loaded_with_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitCode.DONE
    shown = capsys.readouterr().out
    assert "demonstration  A demonstration." in shown
    assert "broken         (can't be loaded)" in shown


@pytest.mark.parametrize("arguments", [("--help",), ("rules", "test"), ("rules", "test", "--json")])
def test_a_reader_that_stops_reading_is_no_error(arguments: Sequence[str]) -> None:
    """As `tongka … | head`: 141, as of any program that writes to nobody, and not a word."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, *arguments], stdout=writing, stderr=subprocess.PIPE, env=_environment(), check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (ExitCode.OUTPUT_CLOSED, b"")


@pytest.mark.parametrize(
    ("locale", "usage"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "用法：tongka rules"),
        ({"LANG": "zh_TW.UTF-8"}, "用法：tongka rules"),
        ({"LANG": "en_GB.UTF-8"}, "Usage: tongka rules"),
        ({"LANG": "de_DE.UTF-8"}, "Usage: tongka rules"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "用法：tongka rules"),
        (
            {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"},
            "Usage: tongka rules",
        ),
        ({}, "用法：tongka rules"),
        ({"LANG": "C.UTF-8"}, "用法：tongka rules"),
    ],
)
def test_help_is_in_the_language_of_the_locale(locale: dict[str, str], usage: str) -> None:
    done = _tongka("rules", "--help", locale=locale)
    assert done.startswith(usage)
    assert is_chinese(done) is usage.startswith("用法")


@pytest.mark.parametrize("arguments", [("--help",), ("terminal", "--help"), ("terminal", "run", "--help")])
def test_help_loads_nothing_that_the_verb_does_not_need(arguments: Sequence[str]) -> None:
    code = (
        "import sys; from terminal.command_line import run; run(sys.argv[1:]); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_the_list_of_verbs_loads_none_of_them() -> None:
    code = (
        "import sys; from terminal.command_line import run; run(['--help']); "
        "print(*(name for name in sys.modules if name.endswith('commands')), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=_environment(), capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tongka cat", ["catalogue"]),
        ("tongka re", ["readers", "receipt", "reconcile"]),
        ("tongka journal ver", ["verify"]),
        ("tongka center issuer re", ["revoke", "retire"]),
        ("tongka journal verify --tr", ["--training"]),
        ("tongka catalogue list --domain so", ["social"]),
        ("tongka catalogue show CERT-N", ["CERT-NEW"]),
    ],
)
def test_bash_completes_verbs_options_choices_and_services(
    line: str, offered: list[str], tmp_path: Path
) -> None:
    """Bash itself runs the script that `tongka --show-completion` prints, as after a press of Tab."""
    program = tmp_path / "tongka"
    program.write_text(f'#!/bin/bash\nexec {sys.executable} -m terminal.command_line "$@"\n')
    program.chmod(0o755)
    words = line.split()
    script = (
        'eval "$(tongka --show-completion)"\n'
        f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
        "_tongka_completion tongka\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = _environment() | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert sorted(done.stdout.split()) == sorted(offered)


@pytest.mark.usefixtures("verbs")
def test_a_verb_that_can_not_be_loaded_completes_nothing_and_says_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "_TONGKA_COMPLETE": "complete_bash",
        "COMP_WORDS": "tongka broken a",
        "COMP_CWORD": "2",
    }.items():
        monkeypatch.setenv(name, value)
    assert run([]) == ExitCode.REFUSED
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("shell", "variables", "told"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "tongka jour"}, '"journal":"查看与核验终端流水账。"'),
        (
            "fish",
            {"_TYPER_COMPLETE_ARGS": "tongka jour", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
            "journal\t查看与核验终端流水账。",
        ),
    ],
)
def test_zsh_and_fish_are_told_what_a_verb_is_for(shell: str, variables: dict[str, str], told: str) -> None:
    """What their scripts ask `tongka`; the shells themselves are not among the tools of this project."""
    asked = {"_TONGKA_COMPLETE": f"complete_{shell}", "TONGKA_LANG": "zh"} | variables
    assert told in _tongka(locale=asked)


def test_bash_completion_installs_itself(tmp_path: Path) -> None:
    script = f"{sys.executable} -m terminal.command_line --install-completion; true"
    environment = _environment() | {"HOME": str(tmp_path)}
    subprocess.run(["bash", "--norc", "-c", script], env=environment, capture_output=True, check=True)
    assert "tongka" in (tmp_path / ".bashrc").read_text()
    assert "_TONGKA_COMPLETE=complete_bash" in (tmp_path / ".bash_completions" / "tongka.sh").read_text()


def _tongka(*arguments: str, locale: dict[str, str]) -> str:
    environment = {
        name: value
        for name, value in _environment().items()
        if name not in {"TONGKA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"}
    }
    done = subprocess.run([*PROGRAM, *arguments], env=environment | locale, capture_output=True, check=True)
    return done.stdout.decode()


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PYTHONIOENCODING": "utf-8"}
