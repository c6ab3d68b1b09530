"""`eyeful samples`: images to try."""


def test_samples_are_written_and_named(command, tmp_path):
    done = command("samples", tmp_path / "s")
    assert done.returncode == 0
    written = {str(path) for path in (tmp_path / "s").iterdir() if path.suffix != ".md"}
    assert set(done.stdout.split()) == written


def test_samples_replace_nothing_of_the_users(command, tmp_path):
    (tmp_path / "cat.png").write_text("my cat")
    assert command("samples", tmp_path).returncode == 2
    assert (tmp_path / "cat.png").read_text() == "my cat"
