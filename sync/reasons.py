"""Why something failed, as a phrase that stands inside an error's sentence in the reader's language."""

from __future__ import annotations

import errno
import os
from types import MappingProxyType
from typing import Final

from crypto.explained import ExplainedError, Language, Text

_SYSTEM: Final = MappingProxyType(
    {
        errno.ENOENT: Text(zh="文件或目录不存在", en="there is no such file or folder"),
        errno.EACCES: Text(zh="没有权限", en="no permission"),
        errno.EPERM: Text(zh="没有权限", en="no permission"),
        errno.EISDIR: Text(zh="它是一个目录", en="it is a folder"),
        errno.ENOTDIR: Text(zh="路径中有一段不是目录", en="a part of the path is no folder"),
        errno.EEXIST: Text(zh="已有同名文件", en="a file of that name is there already"),
        errno.ELOOP: Text(zh="它是一个符号链接", en="it is a symbolic link"),
        errno.EROFS: Text(zh="文件系统只读", en="the file system is read-only"),
        errno.ENOSPC: Text(zh="磁盘空间不足", en="the disk is full"),
        errno.EADDRINUSE: Text(zh="端口已被占用", en="the port is in use"),
        errno.EADDRNOTAVAIL: Text(zh="本机没有此地址", en="this machine has no such address"),
    }
)


def of_system(error: OSError) -> Text:
    """What the operating system refused; in the system's own words where it is nothing usual."""
    if error.errno is not None and error.errno in _SYSTEM:
        return _SYSTEM[error.errno]
    said = error.strerror or (os.strerror(error.errno) if error.errno else type(error).__name__)
    return Text(zh=said, en=said)


def of_error(error: ExplainedError) -> Text:
    """Another error's code and cause, without the full stop that ends its sentence."""
    shown = {language: error.explain(language) for language in Language}
    phrases = {language: f"{one.code} {one.cause.rstrip('。.')}" for language, one in shown.items()}
    return Text(zh=phrases[Language.ZH], en=phrases[Language.EN])
