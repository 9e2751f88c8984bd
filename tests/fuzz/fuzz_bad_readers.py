"""Readers that do what none may, by what a file asks for: the judge must see each."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from fuzz_readers import _texts, reader

from choreo.errors import AccidentError, ItemError


def _beside(path, data):
    with open(path.parent.parent / "out" / ".." / ".." / "elsewhere", "w") as file:
        file.write("x")


def _left(path, data):
    fd, _ = tempfile.mkstemp()
    os.close(fd)


def _much(path, data):
    held = bytearray(700 << 20)
    held[:: 1 << 12] = b"x" * len(held[:: 1 << 12])


def _raises(error):
    def act(path, data):
        raise error(path) if callable(error) else error

    return act


def _refuses(message):
    return _raises(lambda path: ItemError(message, where=path, remedy="Make it again"))


def _waits(path, data):
    while True:
        pass


ACTS = {
    b"other": _raises(KeyError("a key")),
    b"exits": _raises(SystemExit(0)),
    b"unnamed": _raises(ItemError("damaged")),
    b"helpless": _raises(lambda path: ItemError("damaged", where=path)),
    b"inside": _refuses("<object object at 0x7f0000000000>"),
    b"long": _refuses("x" * 9999),
    b"accident": _raises(lambda path: AccidentError("out of memory", where=path)),
    b"beside": _beside,
    b"left": _left,
    b"much": _much,
    b"starts": lambda path, data: subprocess.run([sys.executable, "-c", ""], check=True),
    b"system": lambda path, data: os.system("true"),
    b"connects": lambda path, data: socket.socket().connect_ex(("127.0.0.1", 9)),
    b"killed": lambda path, data: os.kill(os.getpid(), signal.SIGSEGV),
    b"ended": lambda path, data: os._exit(0),
    b"waits": _waits,
    b"refused": _refuses("not what it should be"),
    b"threads": lambda path, data: threading.Thread(target=int).start(),
}


@reader("bad", "bytes", ".bad", _texts("read"))
def _read_bad(path):
    data = path.read_bytes()
    if act := ACTS.get(data):
        act(path, data)
