# shellcheck shell=bash
# Sourced by the scripts beside it: which Python the project uses.

# The first Python that is new enough and complete; 3.11 first, as Debian 12 and the tests have it.
# Complete means: it can make a virtual environment, and has the headers that pyscard is built with.
find_python() {
    local candidate
    for candidate in $(type -ap python3.11 python3.12 python3.13 python3); do
        # Not one of an active environment: the project's own may be about to be removed.
        if "$candidate" - 2>/dev/null <<'PYTHON'
import ensurepip, pathlib, sys, sysconfig, venv
headers = pathlib.Path(sysconfig.get_path("include"), "Python.h")
sys.exit(sys.prefix != sys.base_prefix or not (sys.version_info >= (3, 11) and headers.is_file()))
PYTHON
        then
            echo "$candidate"
            return
        fi
    done
    refuse "找不到 Python 3.11 或更高版本（须带 venv、ensurepip 和头文件）。请安装 Debian 软件包 python3、python3-venv、python3-dev。" \
        "No Python 3.11 or newer with venv, ensurepip and headers was found. Install the Debian packages python3, python3-venv and python3-dev."
}
