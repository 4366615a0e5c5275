"""The local API, over genuine sockets, in a process of its own behind the genuine pcscd."""
