"""The program: its commands and where they come from, its errors, its streams, its first moments."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import eyeful
from eyeful import plugins
from eyeful.cli import program
from eyeful.errors import EyefulError
from helpers import noise_image

MAIN = "from eyeful.cli import main; main()"

COMMANDS = [
    "predict",
    "evaluate",
    "calibrate",
    "teach",
    "embed",
    "similar",
    "join",
    "models",
    "info",
    "explain",
    "export",
    "import-mar",
    "verify",
    "bench",
    "serve",
    "page",
    "samples",
    "cache",
    "doctor",
]


@pytest.fixture
def outsider(tmp_path, monkeypatch):
    """Another package's commands, installed: one works, one cannot be imported."""
    (tmp_path / "someones.py").write_text(
        "def count(letters: str, twice: bool = False):\n"
        '    """Count letters."""\n'
        "    print(len(letters) * (1 + twice))\n"
    )
    info = tmp_path / "someones-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someones\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[eyeful.commands]\ncount = someones:count\nlost = someones_gone:lost\npredict = someones:count\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plugins.refresh()
    yield
    plugins.refresh()


def shown_commands(text: str) -> list[str]:
    lines = text.partition("─ Commands ─")[2].splitlines()[1:]
    return [line[2:].split()[0] for line in lines if line.startswith("│ ") and line[2] != " "]


def test_help_shows_every_command_in_a_fixed_order(command):
    done = command("--help")
    assert done.returncode == 0
    assert shown_commands(done.stdout) == COMMANDS


@pytest.mark.slow
def test_a_command_of_another_package(command, outsider):
    assert shown_commands(command("--help").stdout) == [*COMMANDS, "count", "lost"]
    assert command("count", "abc", "--twice").stdout == "6\n"
    assert "Count letters." in command("count", "--help").stdout
    assert "Name what is in images" in command("predict", "--help").stdout


def test_a_command_that_cannot_be_imported_harms_no_other(command, outsider):
    assert "pip uninstall someones" in " ".join(command("--help").stdout.replace("│", "").split())
    done = command("lost", "whatever", "--flag")
    assert done.returncode == 2
    assert done.stderr.startswith("eyeful: error: the plug-in 'lost' of the package someones cannot be loaded")
    assert command("--version").returncode == 0


def test_a_mistyped_command_is_answered_with_the_right_one(command):
    done = command("predit")
    assert done.returncode == 2
    assert "predict" in done.stderr


def test_a_command_imports_no_other(process):
    code = f"import sys\ntry:\n    {MAIN}\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    modules = process("models", "--help", code=code).stderr.split()
    imported = {name for name in modules if name.startswith("eyeful.cli.")}
    assert imported == {
        f"eyeful.cli.{name}" for name in ("program", "misuse", "terminal", "table", "models", "options", "groups")
    }


def test_help_says_what_each_command_says_of_itself():
    own = [name for name in COMMANDS if name in plugins.names("commands")]
    assert own == COMMANDS
    for name in own:
        assert plugins.docstring("commands", name) == inspect.getdoc(plugins.load("commands", name))


@pytest.mark.parametrize("completing", [False, True])
def test_help_and_completion_import_no_command(process, completing):
    code = (
        f"import sys\nsys.argv[0] = 'eyeful'\ntry:\n    {MAIN}\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    words = {"_EYEFUL_COMPLETE": "complete_bash", "COMP_WORDS": "eyeful p", "COMP_CWORD": "1"}
    done = process(code=code, env=os.environ | words) if completing else process("--help", code=code)
    assert "predict" in done.stdout
    modules = done.stderr.split()
    assert "numpy" not in modules
    assert {one for one in modules if one.startswith("eyeful.cli.")} == {
        f"eyeful.cli.{name}" for name in ("program", "misuse", "terminal")
    }


ENDING = """
import atexit, sys
from eyeful import cli
class Late:
    def __del__(self):
        print("taken apart")
def main():
    atexit.register(print, "library")
    global late
    late = Late()
    print("rows")
    {ends}
cli.main = main
cli.console_script()
"""


@pytest.mark.parametrize(
    ("ends", "code"), [("pass", 0), ("sys.exit()", 0), ("sys.exit(1)", 1), ("sys.exit(130)", 130)]
)
def test_the_process_ends_without_taking_modules_apart(process, ends, code):
    done = process(code=ENDING.format(ends=ends))
    assert (done.returncode, done.stdout, done.stderr) == (code, "rows\nlibrary\n", "")


def test_what_is_no_exit_code_is_left_to_the_interpreter(process):
    done = process(code=ENDING.format(ends="sys.exit('why')"))
    assert (done.returncode, done.stdout, done.stderr) == (1, "rows\nlibrary\ntaken apart\n", "why\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_at_the_end_is_no_success():
    with Path("/dev/full").open("w") as full:
        run = [sys.executable, "-c", ENDING.format(ends="pass")]
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        done = subprocess.run(run, stdout=full, stderr=subprocess.PIPE, text=True, env=buffered)
    assert done.returncode == 120
    assert "No space left" in done.stderr


def test_python_m_eyeful():
    done = subprocess.run([sys.executable, "-m", "eyeful", "--version"], capture_output=True, text=True)
    assert done.stdout == f"eyeful {eyeful.__version__}\n"


def test_version(command):
    assert command("--version").stdout == f"eyeful {eyeful.__version__}\n"


@pytest.mark.parametrize("module", ["typer", "numpy"])
def test_control_c_while_it_imports_is_quiet(process, module):
    code = f"""
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
{MAIN}
"""
    done = process("predict", "x.jpg", code=code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_names_of_models_are_completed_without_torch(process):
    code = f"import sys\nsys.argv[0] = 'eyeful'\ntry:\n    {MAIN}\nfinally:\n    assert 'torch' not in sys.modules"
    names = {}
    for words in ("predict --model resnet1", "verify efficientnet_l", "serve -m vit_b"):
        line = {"COMP_WORDS": f"eyeful {words}", "COMP_CWORD": str(len(words.split()))}
        environment = os.environ | {"_EYEFUL_COMPLETE": "complete_bash"} | line
        done = process(code=code, env=environment)
        assert done.stderr == ""
        names[words] = done.stdout.split()
    assert list(names.values()) == [
        ["resnet101", "resnet152", "resnet18"],
        ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"],
        ["vit_b_16", "vit_b_32"],
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["predict"], "name an image"),
        (["predict", "x.jpg", "--model", "resnet19"], "did you mean resnet18"),
        (["predict", "x.jpg", "--device", "cuda:9"], "there is no"),
        (["predict", "x.jpg", "--checkpoint", "none.pth", "--model", "resnet18"], "none.pth"),
        (["predict", "x.jpg", "-o", "rows.xlsx"], ".jsonl"),
        (["predict", "x.jpg", "--topk", "0"], "topk"),
        (["predict", "x.jpg", "--server", "http://127.0.0.1:9", "--crop-mode", "squash"], "--crop-mode"),
        (["predict", "x.jpg", "--server", "http://127.0.0.1:9", "--report", "r.html"], "--report"),
        (["info", "nonsense"], "unknown model"),
        (["models", "zzzz"], "zzzz"),
        (["serve", "--model", "a=resnet18", "--model", "a=resnet50"], "two models are called a"),
        (["serve", "--model", "timm/resnet18"], "--model ALIAS=timm/resnet18"),
        (["export"], "-o DIR"),
        (["export", "-o", "b", "--precision", "int8"], "--calibrate PHOTOS"),
        (["verify"], "--images PHOTOS"),
        (["bench"], "--images PHOTOS"),
        (["explain", "x.jpg", "-o", "x.gif"], ".png, .svg or .pdf"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_2(command, arguments, says, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.startswith("eyeful: error: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "LIST", "-o", "LIST", "--overwrite"),
        ("predict", "IMAGE", "-o", "a.jsonl", "--report", "a.jsonl"),
        ("predict", "FOLDER", "--figures", "FOLDER/figures"),
        ("predict", "IMAGE", "-o", "a.jsonl", "--resume", "--overwrite"),
        ("predict", "IMAGE", "--resume"),
        ("predict", "IMAGE", "-o", "a.jsonl", "--resume", "--figures", "f"),
        ("predict", ""),
        ("predict", "IMAGE", "-o", ""),
        ("predict", "IMAGE", "--max-pixels", "0"),
        ("bench", "--images", "IMAGE", "--num-images", "0"),
        ("export", "-o", "FOLDER", "--overwrite"),
    ],
)
def test_what_would_destroy_something_or_mean_nothing_is_refused(command, arguments, tmp_path):
    (tmp_path / "images").mkdir()
    noise_image(1, 64, 64).save(tmp_path / "images" / "a.png")
    listing = tmp_path / "list.csv"
    listing.write_text(f"filename\n{tmp_path}/images/a.png\n")
    (tmp_path / "images" / "manifest.json").write_text("{}")
    places = {"LIST": listing, "IMAGE": tmp_path / "images" / "a.png", "FOLDER": tmp_path / "images"}
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    filled = [str(places.get(one, one)).replace("FOLDER", str(tmp_path / "images")) for one in arguments]
    assert command(*filled, cwd=tmp_path).returncode == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_one_line():
    with Path("/dev/full").open("w") as full:
        run = [sys.executable, "-c", MAIN, "cache"]
        done = subprocess.run([*run, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_error_changes_no_exit_code():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "eyeful", "cache"], stdout=subprocess.DEVNULL, stderr=full)
    assert done.returncode == 0


def test_a_reader_that_ends_first_is_not_rows_that_are_errors():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "eyeful", "--help"], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (2, b"")


def test_ctrl_c_inside_an_import_is_no_error_of_the_library(monkeypatch, capsys):
    def interrupted(**_):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            try:
                raise ImportError("initialization failed")
            except ImportError as error:
                raise EyefulError("the engine cannot be opened") from error

    monkeypatch.setattr(program, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        program.run()
    assert ended.value.code == 130
    assert "cannot be opened" not in capsys.readouterr().err
