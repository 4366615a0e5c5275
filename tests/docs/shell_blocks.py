"""Running the commands that a document shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def bash_blocks(document: Path) -> list[str]:
    """The document's ```bash blocks, in order; a ```sh block shows a command that is not run as it stands."""
    return re.findall(r"^```bash\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)


def run_bash(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """One strict bash for a whole script, with `tongka` of this environment on its PATH."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
