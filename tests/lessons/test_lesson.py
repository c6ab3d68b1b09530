"""The lesson runs from top to bottom with the packaged network, and its page in docs/ is of today."""

import re

import nbformat
import pytest

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

SAMPLES = 9
STEPS = (
    *("1  Inference", "2  The path through a CNN", "3  Set-up: the device", "4  Architectures", "5  ResNet"),
    *("6  Load a pretrained network", "7  Labels", "8  Transforms", "9  A folder of images", "10  Predict"),
    *("11  Visualise", "12  Look back", "13  Logits and probabilities", "14  Next: transfer learning"),
    "15  The next lesson, in one minute",
)
"""The steps that people come for, in their order, as headings."""
LITERALLY = (
    'device = "cuda" if torch.cuda.is_available() else "cpu"',
    "ResNet18_Weights.DEFAULT",
    "resnet18(weights=weights).to(device).eval()",
    'weights.meta["categories"]',
    "class_names[110:130]",
    "v2.Resize((224, 224)",
    "v2.ToImage()",
    "v2.ToDtype(torch.float32, scale=True)",
    "v2.Normalize(mean=mean, std=std)",
    "[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]",
    'Path("images").glob("*")',
    '.convert("RGB")',
    ".unsqueeze(0).to(device)",
    "torch.inference_mode()",
    "torch.softmax(logits_NK, dim=1)",
    ".topk(5)",
    "figsize=(6, 3)",
    'set_title("Input Image")',
    'set_xlabel("Probability")',
    'set_title("Top 5 Predictions")',
)


def sources(notebook, kind):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


@pytest.mark.slow
def test_it_runs(render, tmp_path):
    notebook = render.run(tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    words = "".join(output.get("text", "") for output in outputs)
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 8 + SAMPLES
    assert "resnet18's weights are not in torch.hub's cache, and their server does not answer\n" in words
    assert "This run uses efficientnet_lite0: 4,652,008 parameters" in words
    assert "11,689,512 parameters, 1.81 · 10⁹ multiply-adds" in words
    assert "(1280, 7, 7) → (1280,) → (1000,)" in words
    assert re.search(r"admiral\.jpg +military uniform +\d\d\.\d%\n", words)
    assert "galaxies.jpg   unsure" in words
    assert "frozen: 3,371,008 numbers; new: 2,562, in place of 1,281,000" in words
    assert "the same vectors as before: True" in words
    taught = dict(re.findall(r"^(\w+)\.\w+ +(none of these|galaxies|printed text)", words, re.MULTILINE))
    assert taught.pop("galaxies") == "galaxies"
    assert list(taught.values()) == ["none of these"] * (SAMPLES - 1)
    render.render(notebook, tmp_path / "page" / "lesson.md")
    assert (tmp_path / "page" / "lesson.md").read_text().startswith("# CNN inference")
    assert len(list((tmp_path / "page").glob("*.jpg"))) >= 8 + SAMPLES


def test_it_has_every_step_in_order(notebook):
    headings = re.findall(r"^## (\d.*)$", sources(notebook, "markdown"), re.MULTILINE)
    assert headings == list(STEPS)


@pytest.mark.parametrize("line", LITERALLY)
def test_it_has_the_lines_that_are_to_be_learned(notebook, line):
    assert line in sources(notebook, "code")


def test_every_exercise_has_an_answer_to_unfold(notebook):
    exercises = notebook.cells[-1].source
    asked = re.split(r"^\*\*\d+\.\*\* ", exercises, flags=re.MULTILINE)[1:]
    assert len(asked) >= 5
    for exercise in asked:
        assert exercise.count("<details><summary>Answer</summary>\n\n") == exercise.count("\n</details>") == 1


def test_its_links_name_one_repository(notebook):
    found = re.findall(
        r"(?:colab\.research\.google\.com/github/|src=https://github\.com/|git\+https://github\.com/)([\w-]+/[\w-]+)",
        sources(notebook, "markdown") + sources(notebook, "code"),
    )
    assert len(found) == 3
    assert len(set(found)) == 1


def test_it_is_committed_without_outputs(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.get("execution_count") is None
        assert not cell.get("outputs")


def test_its_page_is_of_today(render, notebook):
    page = render.PAGE.read_text()
    for cell in notebook.cells:
        assert (cell.source.strip() in page) != (render.HIDDEN in cell.metadata.get("tags", ()))
    shown = set(re.findall(r"\]\((output_\w+\.jpg)\)", page))
    assert shown == {path.name for path in render.PAGE.parent.glob("*.jpg")}
    assert sum((render.PAGE.parent / name).stat().st_size for name in shown) < 2_500_000
