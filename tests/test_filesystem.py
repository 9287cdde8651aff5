"""Network file systems are recognised from the kernel's own table; files are written whole."""

from pathlib import Path

import pytest

from axagents import filesystem
from axagents.errors import UserError
from axagents.filesystem import find_mount, refuse_network, write_whole

# The form is that of proc_pid_mounts(5): device, place, type, options; blanks are written \040.
MOUNTS = r"""
/dev/sda1 / ext4 rw 0 0
server:/export /net nfs4 rw,vers=4.2 0 0
/dev/sdb1 /net/local xfs rw 0 0
//server/share /mnt/my\040share cifs rw 0 0
host:/x /srv/remote fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "place", "network"),
    [
        ("/var/lib/x", "/", False),
        ("/net/me/project", "/net", True),
        ("/net/local/project", "/net/local", False),
        ("/network/me", "/", False),
        ("/mnt/my share/project", "/mnt/my share", True),
        ("/srv/remote", "/srv/remote", True),
    ],
)
def test_the_longest_mount_holds_the_path(path: str, place: str, network: bool) -> None:
    mount = find_mount(Path(path), MOUNTS)
    assert (mount.place, mount.is_network) == (Path(place), network)


def test_where_the_system_does_not_tell_nothing_is_refused() -> None:
    assert find_mount(Path("/anywhere"), "").type == "unknown"
    assert not find_mount(Path("/anywhere"), "").is_network


def test_a_network_file_system_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_network(tmp_path)
    monkeypatch.setattr(filesystem, "read_mounts", lambda: f"server:/export {tmp_path} nfs4 rw 0 0\n")
    with pytest.raises(UserError, match="nfs4"):
        refuse_network(tmp_path / "project")


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    place = tmp_path / "report.md"
    assert write_whole(place, "first") == place
    with pytest.raises(UnicodeEncodeError):
        write_whole(place, "half \ud800")
    with pytest.raises(OSError, match="Not a directory"):
        write_whole(place / "below", "second")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("report.md", "first")]
    write_whole(place, b"second")
    assert place.read_text() == "second"
