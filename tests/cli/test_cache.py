"""`eyeful cache`: what is cached, and being rid of it."""


def test_the_cache_is_listed_verified_and_cleared(command, home):
    assert "whole" in command("cache").stdout
    assert command("cache", "verify").returncode == 0
    (graph,) = home.glob("prepared/*/model.bin")
    graph.write_bytes(graph.read_bytes()[:-1])
    done = command("cache", "verify")
    assert done.returncode == 1
    assert "sha256 is not the manifest's" in " ".join(done.stdout.split())
    assert command("cache", "clear", "no_such_model").returncode == 0
    assert graph.exists()
    assert command("cache", "clear").returncode == 0
    assert not graph.exists()
    assert command("cache", "verify").returncode == 0


def test_what_cannot_be_deleted_is_not_said_to_be(command, home):
    (bundle,) = home.glob("prepared/*/")
    moved = bundle.rename(home / "moved")
    bundle.symlink_to(moved, target_is_directory=True)
    done = command("cache", "clear")
    assert done.returncode == 2
    assert f"{bundle.name} cannot be deleted" in " ".join(done.stderr.split())
    assert (moved / "model.bin").exists()
