"""What a terminal process must not carry: it idles for days in the memory of a small computer."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain

# Each of them is needed by another process, or by nothing but a library's own command line.
ELSEWHERE = (
    ("numpy", "pyarrow", "duckdb", "ibis", "pandas"),  # building lists, rule checks, reconciliation
    ("fastapi", "uvicorn", "starlette", "httpx", "tuf"),  # the centre and the agent
    ("PyQt6", "PIL", "qrcode", "escpos"),  # the kiosk's window, and paper
    ("cffi", "pycparser"),  # parsing the declarations of libcrypto
    ("prompt_toolkit", "pygments", "asyncio"),  # CEL's shell
)


def loaded(script: str) -> set[str]:
    """The modules in a fresh process behind this."""
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_a_terminal_loads_what_taps_need_and_nothing_more() -> None:
    modules = loaded("import terminal.command_line, terminal.commands")
    assert "terminal.validator" in modules
    assert modules.isdisjoint(chain.from_iterable(ELSEWHERE))


def test_the_cel_library_is_one_however_it_is_imported() -> None:
    modules = loaded(
        "from terminal.decisions import cel_library\n"
        "import cel\n"
        "assert cel.Program is cel_library.Program\n"
        "assert cel.compile('1 + 1').execute() == cel_library.compile_cel('1 + 1').execute() == 2"
    )
    assert "cel.cli" in modules  # as its package has it
