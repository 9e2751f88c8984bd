"""A Slurm cluster of one node on the loopback address, with all that is its in one folder."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

import psutil

DAEMONS = ("slurmctld", "slurmd", "munged")
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "sinfo", "scontrol")

CONFIG = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
# Both listen on the loopback address alone.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
# A job that its node lost starts again when its credential has expired: by default after 2 minutes.
AuthInfo=socket={folder}/munge.socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=1
# A node is down when it was silent for 10 s, and is taken back when it speaks.
SlurmdTimeout=10
ReturnToService=2
MinJobAge=3600
# More CPUs than there may be: the jobs of this test are small.
SlurmdParameters=config_overrides
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=20000
PartitionName=main Nodes=node Default=YES State=UP
"""

DIES_WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: where the tests are killed, no daemon is left."""

# A node's steps are no children of its daemon; with this one they have a parent to be found by.
NODE = """\
import ctypes, os, sys
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
if os.fork() == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""


def lacking():
    """Say why no cluster can be started here; empty where one can."""
    if not sys.platform.startswith("linux"):
        return "Slurm's daemons are started on Linux alone"
    if os.geteuid() != 0:
        return "Slurm's daemons are started by root alone"
    missing = [program for program in (*DAEMONS, *CLIENTS, "setpriv") if not shutil.which(program)]
    if missing:
        return (
            f"no {', '.join(missing)} here: apt-get install slurm-wlm, or CHOREO_TEST_SLURM=1 to "
            "have the test do it on Debian"
        )
    return ""


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Cluster:
    """Starts, breaks and ends the daemons.

    Parameters
    ----------
    folder : Path
        With a short path: a socket's may have no more than 107 characters.
    """

    def __init__(self, folder):
        self.folder = folder
        self._config = folder / "slurm.conf"
        self._processes = []
        self._node = None

    def environment(self, of):
        """Environment of a process that uses the cluster, from another one.

        Slurm's programs say by themselves where its config is: the executor's plugin takes all
        variables of Slurm from what it starts.
        """
        return of | {"PATH": f"{self.folder / 'bin'}{os.pathsep}{of['PATH']}"}

    def start(self):
        for name in ("bin", "state", "spool"):
            (self.folder / name).mkdir()
        host = socket.gethostname().partition(".")[0]
        ports = free_port(), free_port()
        self._config.write_text(CONFIG.format(folder=self.folder, host=host, ports=ports))
        for program in CLIENTS:
            file = self.folder / "bin" / program
            own = shutil.which(program)
            file.write_text(f'#!/bin/sh\nSLURM_CONF="{self._config}" exec "{own}" "$@"\n')
            file.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {"key-file": key} | {
            f"{kind}": self.folder / f"munge.{kind.partition('-')[0]}"
            for kind in ("socket", "pid-file", "seed-file", "log-file")
        }
        options = [f"--{option}={path}" for option, path in files.items()]
        self._start("munged", "munged", "--foreground", "--force", *options)
        self.wait_until(files["socket"].exists, 30)
        self._start("slurmctld", "slurmctld", "-D")
        self.start_node()

    def _start(self, daemon, *command):
        log = open(self.folder / f"{daemon}.out", "ab")  # noqa: SIM115  (its process has it)
        environment = os.environ | {"SLURM_CONF": str(self._config)}
        self._processes.append(
            subprocess.Popen(
                [*DIES_WITH_ITS_PARENT, *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )
        log.close()
        return self._processes[-1]

    def run(self, *command):
        """Output of one of Slurm's programs."""
        environment = self.environment(dict(os.environ))
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.stdout

    def start_node(self):
        """Start the node's daemon; returns when jobs can be had."""
        node = (sys.executable, "-c", NODE, *DIES_WITH_ITS_PARENT, "slurmd", "-D", "-N", "node")
        self._node = self._start("slurmd", *node)
        self.wait_until(
            lambda: self.run("sinfo", "--noheader", "--format=%t").strip() in ("idle", "mix"), 60
        )

    def fail_node(self):
        """Kill the node's daemon and all that it started, as if its power was cut."""
        for process in [*psutil.Process(self._node.pid).children(recursive=True), self._node]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._node.wait()
        self._node = None

    def jobs(self):
        """State and comment (which has the rule's name) of every job, by its number."""
        lines = self.run("squeue", "--states=all", "--noheader", "--format=%i|%T|%k").splitlines()
        return {number: rest for number, *rest in (line.split("|") for line in lines)}

    def wait_until(self, condition, seconds, running=None):
        """Wait for something; fails after some seconds, or where a process has ended."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if running is not None and running.poll() is not None:
                raise AssertionError("the run ended before what the test waits for")
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s:\n{self.said()}")
            time.sleep(0.2)
        return found

    def said(self):
        """The ends of the daemons' logs."""
        logs = (self.folder / f"{daemon}.out" for daemon in ("slurmctld", "slurmd"))
        return "\n".join(log.read_text()[-6000:] for log in logs if log.exists())

    def stop(self):
        if self._node is not None:
            self.fail_node()
        for process in reversed(self._processes):
            process.kill()
            process.wait()
