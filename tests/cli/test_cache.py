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
