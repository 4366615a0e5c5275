"""The system's own words for why it refused something, in Chinese; in English they stay as they are."""

from __future__ import annotations

import errno
import os
from types import MappingProxyType
from typing import Final

_BY_NUMBER: Final = MappingProxyType(
    {
        errno.EACCES: "权限不够",
        errno.EADDRINUSE: "地址已被占用",
        errno.EADDRNOTAVAIL: "本机没有这个地址",
        errno.EBUSY: "设备或文件正被占用",
        errno.ECONNREFUSED: "对方拒绝连接",
        errno.ECONNRESET: "连接被对方断开",
        errno.EDQUOT: "磁盘配额已满",
        errno.EEXIST: "文件已存在",
        errno.EFBIG: "文件太大",
        errno.EHOSTUNREACH: "找不到对方主机",
        errno.EINVAL: "参数无效",
        errno.EIO: "读写出错",
        errno.EISDIR: "这是目录，不是文件",
        errno.ELOOP: "符号链接太多",
        errno.EMFILE: "打开的文件太多",
        errno.ENAMETOOLONG: "文件名太长",
        errno.ENETUNREACH: "网络不通",
        errno.ENODEV: "没有这个设备",
        errno.ENOENT: "没有这个文件或目录",
        errno.ENOMEM: "内存不足",
        errno.ENOSPC: "磁盘已满",
        errno.ENOTDIR: "路径中有一段不是目录",
        errno.ENOTEMPTY: "目录不为空",
        errno.ENXIO: "没有这个设备或地址",
        errno.EPERM: "不允许这样操作",
        errno.EPIPE: "对方已不再读取",
        errno.EROFS: "文件系统只读",
        errno.ETIMEDOUT: "等待超时",
        errno.EXDEV: "不在同一个磁盘上",
    }
)
#: By what `OSError.strerror` says.
IN_CHINESE: Final = MappingProxyType({os.strerror(number): said for number, said in _BY_NUMBER.items()})
