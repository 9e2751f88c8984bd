"""A file of torch takes no more memory than it has bytes, whatever it asks for."""

import io
import zipfile

import pytest
import torch

from choreo.errors import ItemError
from choreo.files.sealed import load_torch, save_torch

STATE = {
    "step": 3,
    "model": {"weight": torch.arange(12.0)},
    "random": [torch.zeros(3).byte(), None],
}
BYTEARRAY = b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."
LONG_TEXT = b"\x80\x02X\xff\xff\xff\xff" + bytes(40)


def _members(path, change):
    """A file of torch whose members are changed: name and bytes to a list of such."""
    buffer = io.BytesIO()
    torch.save(STATE, buffer)
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(path, "w") as archive:
        for entry in whole.infolist():
            for name, data, kind in change(entry.filename, whole.read(entry)):
                archive.writestr(name, data, kind)


@pytest.mark.parametrize("zipped", [True, False])
def test_what_torch_writes_is_read(tmp_path, zipped):
    path = tmp_path / "a.pt"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    found = load_torch(path, "a checkpoint")
    torch.testing.assert_close(found["model"]["weight"], STATE["model"]["weight"])
    torch.save(torch.nn.Linear(3, 2).state_dict(), path, _use_new_zipfile_serialization=zipped)
    assert load_torch(path, "a checkpoint")["weight"].shape == (2, 3)
    parameter = {"a": torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16)), "b": {1, 2j}}
    torch.save(parameter, path, _use_new_zipfile_serialization=zipped)
    assert load_torch(path, "a checkpoint")["b"] == {1, 2j}


@pytest.mark.parametrize(
    ("program", "said"),
    [(BYTEARRAY, "it asks for builtins.bytearray, which is no tensor"), (LONG_TEXT, "not a check")],
)
def test_what_asks_for_memory_is_refused(tmp_path, program, said):
    path = tmp_path / "a.pt"
    path.write_bytes(program)
    with pytest.raises(ItemError, match=said):
        load_torch(path, "a checkpoint")

    def other(name, data):
        return [(name, program if name.endswith(".pkl") else data, zipfile.ZIP_STORED)]

    _members(path, other)
    with pytest.raises(ItemError, match=rf"a\.pt: ({said}|not a checkpoint)"):
        load_torch(path, "a checkpoint")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n, d: [(n, d, zipfile.ZIP_DEFLATED)], "compressed members"),
        (lambda n, d: [(n, d, zipfile.ZIP_STORED)] * 2, "a member is there twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_torch_does_not_write_are_refused(tmp_path, change, said):
    _members(tmp_path / "a.pt", change)
    with pytest.raises(ItemError, match=said):
        load_torch(tmp_path / "a.pt", "a checkpoint")


def test_a_tensor_that_shows_its_bytes_over_and_over_is_refused(tmp_path):
    save_torch(tmp_path / "a.pt", {"deep": [torch.zeros(1).expand(1 << 40)]})
    assert (tmp_path / "a.pt").stat().st_size < 4096
    with pytest.raises(ItemError, match="that holds less"):
        load_torch(tmp_path / "a.pt", "a checkpoint")
