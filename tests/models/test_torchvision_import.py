"""The one module that makes TorchVision import beside a torch it was not compiled for."""

import subprocess
import sys

import pytest

_CODE = """
import sys
from eyeful.models.torchvision_import import import_torchvision
{before}
torchvision = import_torchvision()
assert torchvision is sys.modules["torchvision"]
assert import_torchvision() is torchvision
model = torchvision.models.resnet18().eval()
import torch
assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
import timm
print("fine")
"""

_FAILED_FIRST = """
try:
    import torchvision
except RuntimeError:
    pass
"""


def run(before: str) -> str:
    done = subprocess.run([sys.executable, "-c", _CODE.format(before=before)], capture_output=True, text=True)
    return done.stdout + done.stderr[-2000:]


@pytest.mark.slow
def test_torchvision_imports_and_works():
    assert run("") == "fine\n"


@pytest.mark.slow
def test_it_imports_after_a_failed_attempt_of_the_users_own():
    assert run(_FAILED_FIRST) == "fine\n"
