"""Errors that tell a person what is wrong, where, and what to do about it.

Three classes of failure: a bad item (`ItemError`: left out and listed), a bad setting
(`ConfigError`: stops before anything runs) and an accident of the machine (`AccidentError`:
fails the job, leaves no record against the item, and is tried again by the next run).
"""

from __future__ import annotations

import errno
import os
import re
import sys
import unicodedata
from collections.abc import Collection
from typing import Any, NamedTuple

_ACCIDENTS = {
    errno.ENOSPC: "Make room on this disk and run the same command again",
    errno.EDQUOT: "Your quota of this disk is used up: make room and run the same command again",
    errno.EFBIG: "Files may not grow so large here: raise `ulimit -f` and run it again",
    errno.EIO: "The disk or its connection failed: check it and run the same command again",
    errno.EROFS: "The folder can't be written to: choose another, or make it writable",
    errno.ENOMEM: "Too little memory was free: close other programs and run it again",
    errno.EAGAIN: "The machine had no more processes to give: run the same command again",
    errno.EMFILE: "Too many files are open: raise `ulimit -n` and run the same command again",
    errno.ENFILE: "Too many files are open on this machine: run the same command again",
    errno.ESTALE: "The network file system lost this file: run the same command again",
    errno.ENOLCK: "The file system gave no lock: run the same command again",
    errno.ETIMEDOUT: "The network did not answer: run the same command again",
    errno.ECONNRESET: "The network connection broke: run the same command again",
    errno.ENETUNREACH: "There is no network: run the same command again when there is",
    errno.EHOSTUNREACH: "There is no network: run the same command again when there is",
    errno.EBUSY: "Another program keeps it: end that and run the same command again",
    errno.EINTR: "Run the same command again",
}
# What a failing disk, a file system with damage, and one whose server or device went away say;
# not every system has all of them.
_ACCIDENTS |= {
    getattr(errno, name): _ACCIDENTS[errno.EIO]
    for name in (
        "EUCLEAN EBADMSG EPROTO EREMOTEIO ENOTCONN ESHUTDOWN ECONNABORTED ENETDOWN EHOSTDOWN "
        "ENODEV ENOMEDIUM EKEYEXPIRED EKEYREVOKED ENOKEY ENOLINK ECOMM"
    ).split()
    if hasattr(errno, name)
}

# What libraries say in words alone where the system gave no memory or no thread. Those of torch,
# of OpenBLAS and of C++ are no OSError and no MemoryError, those of HDF5 have no number.
_NO_MEMORY = re.compile(
    r"can't start new thread|(?:can't|cannot|unable to|failed to|not enough memory: you tried to) "
    r"allocate\b.*(?:memory|bytes)|bad_alloc|CUDA out of memory|CUDA error: out of memory"
    # HDF5, which numbers nothing.
    r"|^['\"]?(?:Unable to|Can't) .*\(memory allocation failed",
    re.IGNORECASE | re.DOTALL,
)
_DISK = {
    number
    for number, remedy in _ACCIDENTS.items()
    if number not in (errno.ENOMEM, errno.EAGAIN, errno.EINTR)
}
FAILED_DISK = re.compile(
    "|".join(re.escape(os.strerror(number)) for number in sorted({*_DISK, errno.EACCES}))
    + "|Stale NFS file handle"
)
"""What the disk, its connection or the account did, in the words of the C library."""

_SHOWN = 500
"""Most characters of a refused value that a message repeats."""


def plain(text: object) -> str:
    r"""Text without what would move a terminal's cursor or turn its direction.

    Control and format characters of outside text (titles, names, values) become their
    escapes, such as ``\x1b``; line ends stay for those who fold them.
    """
    return "".join(
        c
        if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else c.encode("unicode_escape").decode()
        for c in str(text)
    )


def print_anywhere() -> None:
    """Let what is printed reach any terminal: what its encoding lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        # None where there is no terminal; a test's stand-in may be no text file.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


class ChoreoError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    where : str, optional
        The file, and the row or key in it, for example ``"config/my.tsv, row 3 (id b)"``.
    value : object, optional
        The value that was refused.
    remedy : str, optional
        What to do about it.
    """

    def __init__(
        self,
        message: object,
        *,
        where: object = None,
        value: object = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = str(message)
        # What is wrong with the whole of a thing has no key behind its name.
        self.where = None if where is None else str(where).removesuffix(", ")
        self.value = value
        self.remedy = remedy

    def restated(self, kind: type[ChoreoError], **changed: Any) -> ChoreoError:
        """The same as an error of another class, or with another `where`, `value` or `remedy`."""
        about: dict[str, Any] = {"where": self.where, "value": self.value, "remedy": self.remedy}
        return kind(self.message, **about | changed)

    def __str__(self):
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.value is not None:
            shown = repr(self.value)
            text += f" (got {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + ' ...'})"
        if self.remedy:
            text += f". {self.remedy}"
        return " ".join(plain(text).split())

    def __reduce__(self):
        return _rebuild, (type(self), self.message, self.where, self.value, self.remedy)


def _rebuild(cls, message, where, value, remedy):
    return cls(message, where=where, value=value, remedy=remedy)


class ConfigError(ChoreoError):
    """The config or a table of the study can't be used; the run stops before it starts."""


class ItemError(ChoreoError):
    """One video, track or song can't be used.

    In a study with ``on_bad_video: skip`` the item is left out and listed in
    ``problems.csv``; the rest goes on.
    """


class DamagedError(ItemError):
    """A file of ours has not the digest that was written into it.

    Brought by the user it is a bad item; a study's own file was damaged by the machine, and
    its job fails without a record (`choreo.pipeline.jobs.run_item`).
    """


class AccidentError(ChoreoError):
    """The machine failed (no space, a killed tool, no network), not the item.

    The job fails, nothing is recorded against the item, and the next run tries again.
    """


def lacks_memory(error: BaseException | None) -> bool:
    """Tell whether an error that has no number of the system says that there was no memory."""
    if isinstance(error, MemoryError):
        return True
    numbered = isinstance(error, OSError) and error.errno is not None
    by_words = isinstance(error, (RuntimeError, OSError, KeyError)) and not numbered
    return by_words and bool(_NO_MEMORY.search(str(error)))


def accident(error: BaseException, *, where: object = None) -> AccidentError | None:
    """Tell an accident of the machine from a fault of a file.

    Parameters
    ----------
    error : BaseException
        What was caught.
    where : str or Path, optional
        The file that was being read or written.

    Returns
    -------
    AccidentError or None
        None where the error says something about the file itself.
    """
    if isinstance(error, AccidentError):
        return error
    if lacks_memory(error):
        return AccidentError("out of memory", where=where, remedy=_ACCIDENTS[errno.ENOMEM])
    if isinstance(error, OSError) and error.errno in _ACCIDENTS:
        return AccidentError(
            error.strerror or str(error),
            where=error.filename or where,
            remedy=_ACCIDENTS[error.errno],
        )
    return None


class Complaint(NamedTuple):
    """What is wrong with a value of an outside file.

    Attributes
    ----------
    place : str
        Keys and numbers that lead there, with dots between; empty for the whole.
    message : str
    value : object
        A number, or the beginning of a text; None of the whole, and where something is missing.
    """

    place: str
    message: str
    value: object


def first_complaint(error: Any) -> Complaint:
    """Take the first of pydantic's complaints, short enough for one line.

    Parameters
    ----------
    error : pydantic.ValidationError

    Returns
    -------
    Complaint
    """
    first = error.errors(include_url=False)[0]
    value = None if first["type"] == "missing" or not first["loc"] else first["input"]
    if value is not None and not isinstance(value, (int, float)):
        value = str(value)[:60]
    place = ".".join(str(part) for part in first["loc"])[:80]
    return Complaint(place, first["msg"].removeprefix("Value error, "), value)


def check_known(
    value: object,
    known: Collection[str],
    *,
    what: str,
    kind: type[ChoreoError] = ConfigError,
    where: object = None,
) -> None:
    """Refuse a word that is none of those to choose from.

    Parameters
    ----------
    value : object
    known : collection of str
    what : str
        What it is, such as ``"method"``.
    kind : type
        Of the error.
    where : str or Path, optional
        Where it stands.
    """
    if value not in list(known):
        remedy = f"Use one of {', '.join(known)}"
        raise kind(f"unknown {what}", where=where, value=value, remedy=remedy)
