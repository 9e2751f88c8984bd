"""Snakemake's command line over and over, imported once: each line of the input is one call.

Importing Snakemake takes longer than most plans, and importing numpy, torch and the like longer
than most jobs of a tiny study. Each call is a process of its own, forked from this one, which has
imported Snakemake and nothing of choreo. The Python of its jobs is forked from another one, which
has imported what they import; of choreo it has nothing either.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import socket
import struct
import sys
import tempfile
import traceback
from pathlib import Path

from snakemake.cli import get_argument_parser, main

IMPORTED = (
    *("numpy", "pandas", "scipy.signal", "scipy.stats", "scipy.ndimage", "scipy.optimize"),
    *("scipy.linalg", "scipy.spatial", "scipy.interpolate", "h5py", "cv2", "pydantic"),
    *("soundfile", "matplotlib.figure", "matplotlib.backends.backend_agg", "safetensors.torch"),
    *("torch", "snakemake.script", "librosa.core", "librosa.beat", "librosa.feature"),
    *("librosa.onset", "librosa.sequence", "librosa.util"),
)
"""What takes long to import, and starts no thread that a fork would lose."""

FIRST = "CHOREO_TESTS_RUN_FIRST"

CLIENT = '''\
#!{python} -IS
"""Python for the jobs: a script of Snakemake goes to the process that has its imports."""
import os, socket, sys
if len(sys.argv) != 2 or not sys.argv[1].endswith(".py"):
    os.execv("{python}", ["{python}", *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect("{address}")
    said = repr((os.getcwd(), dict(os.environ), sys.argv[1])).encode()
    socket.send_fds(server, [len(said).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(said)
    status = int(server.makefile().readline() or 1)
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
'''


def become(folder, environment):
    """Give this process a folder and an environment, as if it had been started with them."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # as in a new Python: by TMPDIR, when it is first asked for
    if first := environment.get(FIRST):
        exec(compile(Path(first).read_text(), first, "exec"), {})
    return environment["PYTHONPATH"].split(os.pathsep)


def end(function, *arguments, **options):
    """End this process with what a function comes to.

    The interpreter is not taken down: of all that was imported, that would take the longest.
    """
    status = 0
    try:
        function(*arguments, **options)
    except SystemExit as error:
        status = error.code
        if status is not None and not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status or 0)


def call(folder, environment, arguments, output, python, alone=False):
    """Do what `python -m snakemake ARGUMENTS` does in this folder and this environment."""
    if alone:
        os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.argv = ["snakemake", *arguments]
    sys.path[:1] = [folder, *become(folder, environment)]
    sys.executable = python
    end(main, arguments)


def join_group(connection):
    """Go into the process group of who asked, as its child would be in it."""
    if not hasattr(socket, "SO_PEERCRED"):
        return
    size = struct.calcsize("3i")
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    try:
        os.setpgid(0, os.getpgid(struct.unpack("3i", said)[0]))
    except ProcessLookupError:
        os._exit(1)  # killed meanwhile, and its group with it


def run_job(connection):
    """Do what `python SCRIPT` does; this process is forked for it."""
    start, streams, _, _ = socket.recv_fds(connection, 8, 3)
    said = connection.makefile("rb").read(int.from_bytes(start, "big"))
    folder, environment, script = eval(said)
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):  # who asked may have been killed with it
            connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    join_group(connection)
    connection.close()
    for stream, given in enumerate(streams):
        os.dup2(given, stream)
        os.close(given)
    sys.argv = [script]
    sys.path[:1] = [os.path.dirname(script), *become(folder, environment)]
    end(runpy.run_path, script, run_name="__main__")


def serve_jobs(address):
    """Fork for each script that asks at a socket, until the process that began it ends.

    Returns in that process, with the descriptor whose closing ends the other one.
    """
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.fspath(address))
    listening.listen(16)
    ended, held = os.pipe()
    if os.fork():
        listening.close()
        return held
    os.close(held)
    imported = False
    while True:
        asked, _, _ = select.select([listening, ended], [], [])
        if ended in asked:
            os._exit(0)
        if not imported:
            for name in IMPORTED:
                importlib.import_module(name)
            assert not any(name.partition(".")[0] == "choreo" for name in sys.modules)
            imported = True
            gc.freeze()  # no collection of a job touches the pages that it shares with the others
        connection, _ = listening.accept()
        if not os.fork():
            listening.close()
            run_job(connection)
        connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def serve(folder):
    """Serve the calls of one test process, with a folder of its own."""
    address, python = folder / "jobs.socket", folder / "python"
    python.write_text(CLIENT.format(python=sys.executable, address=address))
    python.chmod(0o700)
    held = serve_jobs(address)
    get_argument_parser()  # imports Snakemake's plugins
    assert not any(name.partition(".")[0] == "choreo" for name in sys.modules)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            call(**json.loads(line), python=os.fspath(python))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    os.close(held)
    os.wait()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
