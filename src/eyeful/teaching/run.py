"""`eyeful.teach`: labelled images and a frozen network → a bundle that names the user's own labels."""

from __future__ import annotations

import logging
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.classifier import Classifier, open_classifier
from eyeful.evaluation.inputs import Inputs
from eyeful.extras import require
from eyeful.loading import load
from eyeful.predictor import base_of
from eyeful.prepare.frozen import weights_of
from eyeful.prepare.taught import write_taught
from eyeful.sources import Source
from eyeful.teaching.checks import check_output, check_report
from eyeful.teaching.copies import groups_of
from eyeful.teaching.fit import fit
from eyeful.teaching.judged import KnownLabels, cross_validated, evaluation_of_rows
from eyeful.teaching.labelled import labelled_images, labelled_test
from eyeful.teaching.refused import check_better, check_groups, check_opened
from eyeful.teaching.result import Taught
from eyeful.teaching.vectors import labelled_vectors
from eyeful.types import Labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eyeful.evaluation.result import Evaluation
    from eyeful.predictor import PredictorSpec
    from eyeful.teaching.fit import Fitted
    from eyeful.teaching.labelled import Labelled
    from eyeful.teaching.vectors import LabelledVectors
    from eyeful.types import Prediction

log = logging.getLogger("eyeful")
_LONG = 10_000
"""Images times labels from which the fit takes so many seconds that it is told."""


def teach(
    images: Any,
    output: str | Path,
    *,
    model: str | Path | Classifier | None = None,
    test: Any = None,
    outsiders: Any = None,
    truth: str | Path = "auto",
    overwrite: bool = False,
    report: str | Path | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
    **search: Any,
) -> Taught:
    """Teach a model labels of one's own: its network stays as it is, and its last layer is made anew.

        taught = eyeful.teach("photos/", "mymodel/")
        eyeful.load("mymodel/").predict("new.jpg").label

    The same images and model give the same head, to the bit, in whatever order they are found.

    Args:
        images: a folder with a folder of images for each label, or whatever `labelled_images` takes.
        output: the folder of the bundle.
        model: whose features are used: a classifier, which stays open, or a name for `eyeful.load`; None: its
            default.
        test: other images with the same labels, to evaluate the bundle with.
        outsiders: images of no label, as for `Classifier.stream`, to count how many are answered "none of these".
        truth: what says the label: auto, folders, or a .csv or .jsonl file.
        overwrite: replace a bundle, and a report, that exist.
        report: the HTML file of a report; None: none is written.
        on_rows: called with the number of images that were opened, for progress.
        **search: how images are found: `recursive`, `column` and `every`, as for `Classifier.stream`.

    Raises:
        UsageError: it cannot be taught: the text says why, and what to do. Or the output is there already.
        ModelError: the model cannot be had, or has no features.
        OutputError: the output cannot be written.
        MissingExtraError: scikit-learn is not installed.
    """
    require("sklearn", "teaching")
    labelled = labelled_images(images, truth, **search)
    folder = check_output(output, labelled.roots, overwrite=overwrite)
    if report is not None:
        check_report(Path(report), folder, overwrite=overwrite)
    tested = None if test is None else labelled_test(test, labelled, truth, **search)
    beyond = None if outsiders is None else Inputs(outsiders, **search)
    opened = nullcontext(model) if isinstance(model, Classifier) else load(model)
    with opened as classifier:
        result = _taught(classifier, labelled, folder, on_rows)
        if tested is not None or beyond is not None:
            with open_classifier(_spec_of(classifier, folder)) as own:
                result = replace(
                    result,
                    test=None if tested is None else _tested(own, tested, on_rows),
                    outsiders=None if beyond is None else _flagged(own, beyond, on_rows),
                )
        if report is not None:
            from eyeful.teaching.report import write_report

            items = [] if tested is None else tested.items
            write_report(result, labelled, Path(report), items, classifier.spec.limits)
    return result


def _taught(classifier: Classifier, labelled: Labelled, folder: Path, on_rows: Callable[[int], None]) -> Taught:
    """Teach, and write the bundle.

    Raises:
        UsageError: see `teaching.refused`.
    """
    vectors = labelled_vectors(classifier, labelled, on_rows)
    check_opened(vectors, labelled.labels)
    group_N = groups_of(vectors.unit_ND, vectors.label_N)
    check_groups(vectors, group_N, labelled.labels)
    if len(vectors.filenames) * len(labelled.labels) > _LONG:
        log.info("making a last layer of %d labels from %d images", len(labelled.labels), len(vectors.filenames))
    fitted = fit(vectors.unit_ND, vectors.label_N, group_N)
    found = _cross_validated(classifier, labelled, vectors, fitted)
    check_better(found.top1, vectors, labelled.labels)
    manifest = _manifest(classifier, labelled, vectors, fitted, found)
    bundle = write_taught(
        base_of(classifier.spec),
        classifier.engine,
        fitted.head,
        labelled.labels,
        folder,
        taught=manifest,
        preprocessing=classifier.preprocessing,
        checkpoint=None if classifier.spec.checkpoint is None else Path(classifier.spec.checkpoint),
    )
    return Taught(
        model=bundle.manifest.title,
        output=folder,
        labels=labelled.labels,
        images_of=manifest["labels"],
        left_out=manifest["left_out"],
        near_copies=len(group_N) - int(group_N.max()) - 1,
        cross_validated=found,
        false_alarms=manifest["false_alarms"],
        test=None,
        outsiders=None,
        manifest=bundle.manifest.taught or manifest,
    )


def _cross_validated(
    classifier: Classifier, labelled: Labelled, vectors: LabelledVectors, fitted: Fitted
) -> Evaluation:
    label_of = dict(zip(vectors.filenames, vectors.label_N.tolist(), strict=True))
    truth = KnownLabels(labelled.truth, label_of, labelled.labels)
    labels = Labels(labelled.labels, (None,) * len(labelled.labels)).with_none()
    return cross_validated(
        vectors.filenames,
        fitted.logits_NK,
        truth,
        labels,
        provenance=classifier.provenance,
        folds=fitted.folds,
    )


def _manifest(
    classifier: Classifier, labelled: Labelled, vectors: LabelledVectors, fitted: Fitted, found: Evaluation
) -> dict[str, Any]:
    """What the bundle's manifest says of what was taught."""
    images_K = np.bincount(vectors.label_N, minlength=len(labelled.labels)).tolist()
    accuracy = {name: getattr(found.top1, name) for name in ("right", "of", "share", "low", "high")}
    return {
        "base_weights": weights_of(classifier.predictor.manifest),
        "images": len(vectors.filenames),
        "labels": dict(zip(labelled.labels, images_K, strict=True)),
        "left_out": {**labelled.left_out, **vectors.left_out},
        "accuracy": accuracy,
        "ece": found.ece,
        "false_alarms": float((fitted.logits_NK.argmax(axis=1) == len(labelled.labels)).mean()),
        "temperature": fitted.temperature,
        "least_cosine": fitted.head.least_cosine,
        "slope": fitted.head.slope,
        "made": datetime.now(UTC).date().isoformat(),
        "precision": classifier.precision,
    }


def _spec_of(classifier: Classifier, folder: Path) -> PredictorSpec:
    """The bundle, run as the network was; it holds the preprocessing."""
    changed = (
        "checkpoint",
        "labels",
        "crop_mode",
        "img_size",
        "mean",
        "std",
        "crop_pct",
        "interpolation",
        "activation",
    )
    unset = dict.fromkeys((*changed, "sure", "calibration", "pinned"))
    return replace(classifier.spec, model=str(folder), min_prob=0.0, engine=classifier.engine, **unset)  # type: ignore[arg-type]


def _tested(classifier: Classifier, test: Labelled, on_rows: Callable[[int], None]) -> Evaluation:
    """The answers of a bundle to images that were not taught."""
    label_of = {item.filename: place for item, place in zip(test.items, test.label_N, strict=True)}
    labels = classifier.predictor.manifest.labels
    truth = KnownLabels(test.truth, label_of, labels.names)
    rows = _counted(classifier, Source(iter(test.items), single=False), len(labels), on_rows)
    return evaluation_of_rows(rows, truth, labels, classifier.provenance)


def _flagged(classifier: Classifier, outsiders: Inputs, on_rows: Callable[[int], None]) -> Mapping[str, int]:
    """How many images of no label are answered "none of these"."""
    found = [row.none_of_these for row in _counted(classifier, outsiders.open(), 1, on_rows) if row.ok]
    return {"images": len(found), "flagged": sum(found)}


def _counted(
    classifier: Classifier, source: Source, topk: int, on_rows: Callable[[int], None]
) -> Iterator[Prediction]:
    with closing(classifier.stream(source, topk=topk)) as stream:
        for prediction in stream:
            on_rows(1)
            yield prediction
