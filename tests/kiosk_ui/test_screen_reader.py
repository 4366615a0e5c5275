"""The kiosk through AT-SPI, by Debian's pyatspi, on a real X server and session bus."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
SECONDS = 60


def test_a_screen_reader_reads_the_result_and_presses_done() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    ended = subprocess.run(
        [
            *("xvfb-run", "--auto-servernum", "--server-args=-screen 0 1280x800x24"),
            *("dbus-run-session", "--", sys.executable, "-m", "tests.kiosk_ui.atspi_kiosk"),
            *("/usr/bin/python3", HERE / "atspi_client.py"),
        ],
        cwd=CHECKOUT,
        env={**environment, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = ended.stdout.splitlines()
    assert "window 通卡自助终端" in lines, ended.stderr
    assert "focused label: 优惠已生效 | 应付 ¥0.00 本页 15 秒后自动清除，按任意键可延长。" in lines
    assert any(line.startswith("push button: 我的详情 |") for line in lines)
    assert any(line.startswith("check box: 高对比 |") for line in lines)
    assert "只给本人" not in ended.stdout, "details are for whoever asks for them"
    assert lines[-1] == "phase take-card", "the button was pressed through AT-SPI"
