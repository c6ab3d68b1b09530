"""What a bundle says of its model: `manifest.json`."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self, get_args

from eyeful.errors import UsageError
from eyeful.preprocessing import Preprocessing
from eyeful.types import NONE_OF_THESE, Activation, Labels

FORMAT = 2

QUANTIZATION = {
    "images": "how many images set the ranges of its numbers",
    "pixels_sha256": "a digest of their pixels",
    "held_out": "how many other images judged it",
    "agreement": "the share of these on which it gave the label of fp32",
    "network_sha256": "of the int8 network",
    "refused": "why it is not used; only in the cache",
}
"""What `quantization` says, by key."""

TAUGHT = {
    "base": "the title of the frozen network",
    "base_weights": "the sha256 of its weights",
    "images": "how many images were taught",
    "labels": "how many of each label",
    "left_out": "how many were not, by reason",
    "accuracy": "in cross-validation: `right` `of` so many, their `share`, and `low` and `high`, between which it "
    "is with 95% confidence",
    "ece": "the expected calibration error, there too",
    "false_alarms": 'the share of the images that were answered "none of these", there too',
    "temperature": "what logits were divided by; in weight and bias already",
    "least_cosine": "an image is none of the labels if it is less like the mean vector of each",
    "slope": 'how fast the logit of "none of these" grows beyond that',
    "made": "the date, YYYY-MM-DD",
    "precision": "in which the vectors were made",
}
"""What `taught` says, by key."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What determines a model's answers, and where it comes from.

    Attributes:
        model: the name that finds the model again.
        architecture: library, name and number of classes; of one that was taught, of the frozen network.
        preprocessing: the preprocessing that belongs to the weights.
        labels: names and WordNet ids, by position in the output vector.
        activation: what makes probabilities of its logits.
        weights: source, license and sha256 of the weights.
        engine: which engine the files are for.
        precision: int8 where the files hold a quantised network; fp32 files run in whatever the engine can.
        checkpoint: the name of the file whose weights took the place of the model's own; None for its own.
        quantization: how an int8 network was made and what it was found to agree with; None for others.
        calibration: what `eyeful calibrate` found for it; None without.
        taught: what `eyeful teach` made its last layer of, and how good that was found to be; None of others.
        tuning: how its engine works fastest on this machine, as measured; only of a model that is open, since a
            bundle on disk may travel.
        notes: what a user should know before trusting its answers, one line each.
        versions: the tools that made the files.
        files: sha256 of every file of the bundle, by name.
        format: of the bundle; another number is refused.
    """

    model: str
    architecture: dict[str, Any]
    preprocessing: Preprocessing
    labels: Labels
    weights: dict[str, Any]
    engine: str
    activation: Activation = "softmax"
    precision: str = "fp32"
    checkpoint: str | None = None
    quantization: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    taught: dict[str, Any] | None = None
    tuning: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def title(self) -> str:
        """The model as people call it."""
        title = self.model if self.checkpoint is None else f"{self.model} with {self.checkpoint}"
        return title if self.taught is None else f"{title} taught {len(self.labels) - 1} labels"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, without what belongs to this machine."""
        values = asdict(self) | {"preprocessing": self.preprocessing.as_dict()}
        del values["tuning"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Manifest":
        """The inverse of `as_dict`.

        Raises:
            KeyError, TypeError, ValueError: it is not a manifest.
        """
        said = values["labels"]
        labels = Labels(tuple(said["names"]), tuple(said["wnids"]), said.get("assumed", False))
        preprocessing = Preprocessing.from_dict(values["preprocessing"])
        notes = tuple(map(str, values.get("notes", ())))
        manifest = cls(
            **(values | {"tuning": None, "preprocessing": preprocessing, "labels": labels, "notes": notes})
        )
        fault = manifest.fault()
        if fault:
            raise ValueError(fault)
        return manifest

    def with_activation(self, activation: Activation | None) -> Self:
        """The same with another activation; with its own for None.

        Raises:
            UsageError: softmax of a single logit, which is 1.0 whatever the image; or another than softmax of a
                model that was taught.
        """
        if self.taught is not None and activation not in (None, "softmax"):
            raise UsageError(f"{self.title} is a softmax over these and {NONE_OF_THESE!r}: leave --activation out")
        if activation == "softmax" and len(self.labels) == 1:
            raise UsageError(f"{self.title} has one output, of which softmax is always 1.0: --activation sigmoid")
        return self if activation is None else replace(self, activation=activation)

    def fault(self) -> str | None:
        """What is wrong with it, if anything: a hand may have changed it."""
        return next((fault for fault, is_so in FAULTS.items() if is_so(self)), None)


def unknown_fields(values: dict[str, Any]) -> list[str]:
    """What a manifest says that is not known here, and so might decide answers: a newer eyeful wrote it."""
    known = {
        "": {one.name for one in fields(Manifest)},
        "preprocessing": {one.name for one in fields(Preprocessing)},
        "labels": {one.name for one in fields(Labels)},
    }
    said = {place: values.get(place) if place else values for place in known}
    return sorted(
        f"{place}.{name}".lstrip(".")
        for place, there in said.items()
        if isinstance(there, dict)
        for name in there.keys() - known[place]
    )


def _says_what_was_taught(taught: Any, names: tuple[str, ...]) -> bool:
    if taught is None:
        return True
    texts = isinstance(taught, dict) and all(
        isinstance(taught.get(name), str) for name in ("base", "base_weights")
    )
    return texts and len(names) > 1 and names[-1] == NONE_OF_THESE


def _has_wrong_labels(manifest: Manifest) -> bool:
    names = manifest.labels.names
    return not names or not all(isinstance(name, str) for name in names)


def _has_wrong_wnids(manifest: Manifest) -> bool:
    names, wnids = manifest.labels.names, manifest.labels.wnids
    return len(wnids) != len(names) or not all(isinstance(wnid, str | None) for wnid in wnids)


def _has_other_classes(manifest: Manifest) -> bool:
    number = len(manifest.labels.names)
    return manifest.taught is None and manifest.architecture.get("num_classes", number) != number


def _lists_no_files(manifest: Manifest) -> bool:
    return not manifest.files or not all(isinstance(one, str) for one in manifest.files.values())


FAULTS: dict[str, Callable[[Manifest], bool]] = {
    "its labels are not names": _has_wrong_labels,
    "its WordNet ids are not one for each label": _has_wrong_wnids,
    "its labels are neither assumed nor not": lambda one: not isinstance(one.labels.assumed, bool),
    "its labels are not those of its classes": _has_other_classes,
    "it does not say what was taught": lambda one: not _says_what_was_taught(one.taught, one.labels.names),
    "its weights have no sha256": lambda one: not isinstance(one.weights.get("sha256"), str),
    "its activation is unknown": lambda one: one.activation not in get_args(Activation),
    "its precision is neither fp32 nor int8": lambda one: one.precision not in ("fp32", "int8"),
    "it lists no files": _lists_no_files,
}
"""What a manifest that a hand has changed may have wrong."""
