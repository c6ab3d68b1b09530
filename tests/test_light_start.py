"""`import eyeful` is light, and a prepared model runs without torch."""

import subprocess
import sys

HEAVY = ("torch", "torchvision", "timm", "openvino", "matplotlib", "pandas")


def python(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True)


def test_import_eyeful_imports_nothing_heavy():
    trace = python("import eyeful", "-X", "importtime").stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in trace.splitlines()}
    assert "eyeful" in imported
    assert not imported & set(HEAVY)


def test_the_command_line_imports_nothing_heavy_before_it_is_needed():
    loaded = python("import sys, eyeful.cli; print(*sys.modules)").stdout.split()
    assert not set(loaded) & set(HEAVY)


def test_a_prepared_model_runs_without_torch(lite0, images):
    code = f"""
import sys, eyeful
with eyeful.load(precision="fp32") as classifier:
    print(classifier.predict({str(images / "00.png")!r}).label)
assert not set(sys.modules) & {{"torch", "torchvision", "timm"}}
"""
    assert python(code).stdout.strip() == lite0.predict(images / "00.png").label


def test_one_image_imports_nothing_that_it_does_not_need(lite0, images):
    code = f"""
import sys
from eyeful.cli.program import run
sys.argv = ["eyeful", "predict", {str(images / "00.png")!r}, "--precision", "fp32", "--quiet"]
try:
    run()
finally:
    print(*sys.modules, file=sys.stderr)
"""
    loaded = set(python(code).stderr.split())
    assert "openvino" in loaded
    assert not loaded & {"jinja2", "rich.console", "openvino.tools.ovc"}


def test_openvinos_converter_is_there_when_it_is_called():
    code = """
import sys
from eyeful.openvino_import import import_openvino
ov = import_openvino()
assert "openvino.tools.ovc" not in sys.modules
try:
    ov.convert_model("none.onnx")
except Exception as error:
    print(type(error).__module__)
from openvino.tools.ovc import convert_model
"""
    assert python(code).stdout.startswith("openvino.")
