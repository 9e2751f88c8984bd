"""Errors that tell a person what is wrong, where, and what to do about it."""


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

    def __init__(self, message, *, where=None, value=None, remedy=None):
        super().__init__(message)
        self.message = str(message)
        self.where = None if where is None else str(where)
        self.value = value
        self.remedy = remedy

    def __str__(self):
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.value is not None:
            text += f" (got {self.value!r})"
        if self.remedy:
            text += f". {self.remedy}"
        return " ".join(text.split())

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
