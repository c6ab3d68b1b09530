"""`eyeful samples`: images to try."""


def test_samples_are_written_and_named(command, tmp_path):
    done = command("samples", tmp_path / "s")
    assert done.returncode == 0
    assert {line.rpartition("/")[2] for line in done.stdout.split()} == {
        path.name for path in (tmp_path / "s").iterdir()
    }


def test_samples_replace_nothing_of_the_users(command, tmp_path):
    (tmp_path / "cat.png").write_text("my cat")
    assert command("samples", tmp_path).returncode == 2
    assert (tmp_path / "cat.png").read_text() == "my cat"
