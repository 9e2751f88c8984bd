"""Scripts of the project that belong to no package."""

import importlib.util


def load_script(path):
    """The module that a script makes when it is run, under a name of its own.

    Parameters
    ----------
    path : Path
    """
    name = f"script_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
