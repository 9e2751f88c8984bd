"""Where a project may lie. `make env` asks it of a bare Python: nothing installed is imported."""

from choreo.errors import ConfigError

UNFIT = "\"'\\`$&;|<>()*?[]{}:"
"""Characters that a shell, PATH or Snakemake reads in its own way."""


def unfit_for_a_shell(path):
    """Characters of a path that Snakemake's unquoted command lines can't take.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
        Empty where there is none.
    """
    return "".join(dict.fromkeys(c for c in str(path) if c.isspace() or c in UNFIT))


def check_no_wildcard(path):
    """Refuse a workflow in whose path Snakemake would look for wildcards.

    Its scripts and messages go through Python's formatting there; spaces and quotes do no harm.

    Parameters
    ----------
    path : str or Path
        The folder of the Snakefile.

    Raises
    ------
    ConfigError
    """
    if found := "".join(c for c in "{}" if c in str(path)):
        raise ConfigError(
            f"a path from which no job can be started: Snakemake takes {found!r} for a wildcard",
            where=path,
            remedy="Move the project to a folder without braces",
        )


def check_place(*paths):
    """Refuse a project or a Python from which no job could be started.

    Parameters
    ----------
    *paths : str or Path

    Raises
    ------
    ConfigError
        With the characters and the remedy.
    """
    for path in paths:
        if found := unfit_for_a_shell(path):
            raise ConfigError(
                f"a path from which no job can be started: it holds {found!r}",
                where=path,
                remedy="Move the project to a folder without spaces, quotes and other characters "
                "that a shell reads, delete .venv there and run `make env`",
            )
