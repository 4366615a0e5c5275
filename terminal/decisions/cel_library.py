"""The CEL library without its command line.

`import cel` also loads what its own interactive shell needs (prompt_toolkit, pygments, asyncio): 13 MB in
every terminal process and as long a start as all of `terminal`. The extension module is found in the package
and loaded alone; `import cel` elsewhere in the process finds the same one.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cel import Context, Program
    from cel import compile as compile_cel
else:
    _NAME: Final = "cel.cel"

    def _extension() -> ModuleType:
        """Raises ModuleNotFoundError where the library is not installed, or keeps its extension elsewhere."""
        if (loaded := sys.modules.get(_NAME)) is not None:
            return loaded
        package = find_spec("cel")
        found = PathFinder.find_spec(_NAME, package.submodule_search_locations) if package else None
        if found is None or found.loader is None:
            raise ModuleNotFoundError(f"No module named {_NAME!r}", name=_NAME)
        module = module_from_spec(found)
        found.loader.exec_module(module)
        return sys.modules.setdefault(_NAME, module)

    _CEL: Final = _extension()
    Context, Program, compile_cel = _CEL.Context, _CEL.Program, _CEL.compile

__all__ = ["Context", "Program", "compile_cel"]
