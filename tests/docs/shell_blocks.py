"""Running the commands that a document shows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def bash_blocks(document: Path) -> list[str]:
    """The document's ```bash blocks, in order; a ```sh block shows a command that is not run as it stands."""
    return re.findall(r"^```bash\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)


def run_bash(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One strict bash for a whole script."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
