"""What an evaluation found: made of judged images in one pass, written as JSON, said in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np

from eyeful.evaluation.compare import Against, against_of
from eyeful.evaluation.confusions import (
    ClassShare,
    Confusion,
    Distance,
    Names,
    Steps,
    Suspicious,
    classes_of,
    confusions_of,
    distance_of,
    none_of_these_of,
    suspicious_of,
    truth_names,
)
from eyeful.evaluation.group_answers import GroupAnswers, group_answers_of
from eyeful.evaluation.judged import Judged
from eyeful.evaluation.metrics import (
    Answered,
    Bin,
    Share,
    TopK,
    bins_of,
    brier_of,
    ece_of,
    nll_of,
    risk_coverage_of,
    share_of,
    topk_of,
)
from eyeful.evaluation.outcomes import Outcomes, Suspicion, outcomes_of
from eyeful.evaluation.outsiders import Outsiders, outsiders_of
from eyeful.evaluation.summary import (
    against_sentences,
    answered_sentences,
    belief_sentences,
    class_sentences,
    confusion_sentences,
    group_sentences,
    none_sentences,
    outsider_sentences,
    right_sentences,
    suspicious_sentences,
    threshold_sentences,
    unscored_sentences,
)
from eyeful.evaluation.unmatched import Unmatched
from eyeful.filenames import portable_name, printable
from eyeful.types import Labels
from eyeful.wording import rate

__all__ = ["Evaluation", "Unmatched", "evaluation_of"]

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a model is on labelled images. What is not known is None; fields are those of its JSON.

    Attributes:
        model: its title.
        provenance: what determines its answers, as in reports.
        truth: where the right labels are from: "folders", "names" or a file.
        images: all, with those that are not scored.
        scored: those with an answer and a known right label.
        errors: how many images could not be classified, by kind; never in a denominator.
        unmatched: what matches no label.
        top1: how often a right label comes first.
        topk: how often one is among the k best.
        nll: how far the probabilities are from the truth: mean negative log-likelihood, in nats.
        brier: the same as Brier's score, 0 to 2.
        ece: the same as expected calibration error, 0 to 1.
        bins: the reliability diagram.
        risk_coverage: what answering only when sure would give.
        answered: of the answers that are not "unsure", how many are right; None where all are sure.
        classes: of 5 images or more, worst first.
        confusions: most first.
        none_of_these: what was taken for none of the labels, most first; None where a model cannot say so.
        distance: of wrong answers, in WordNet.
        suspicious: truths that look wrong.
        groups: answers with groups; None where they were not asked for, and so for the next two.
        against: another model beside this one.
        outsiders: what images of no label get.
        seconds: how long the run took that classified them.
        images_per_second: how fast it was.
    """

    model: str
    provenance: Mapping[str, Any]
    truth: str
    images: int
    scored: int
    errors: Mapping[str, int]
    unmatched: tuple[Unmatched, ...]
    top1: Share
    topk: TopK
    nll: float | None
    brier: float | None
    ece: float | None
    bins: tuple[Bin, ...]
    risk_coverage: tuple[Answered, ...]
    answered: Share | None
    classes: tuple[ClassShare, ...]
    confusions: tuple[Confusion, ...]
    none_of_these: tuple[Confusion, ...] | None
    distance: Distance | None
    suspicious: tuple[Suspicious, ...]
    groups: GroupAnswers | None
    against: Against | None
    outsiders: Outsiders | None
    seconds: float | None
    images_per_second: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, numbers to seven digits, filenames as in rows."""
        found = plain(asdict(self))
        for one in found["suspicious"]:
            one["filename"] = portable_name(one["filename"])[0]
        for one in (*found["confusions"], *(found["none_of_these"] or ())):
            one["examples"] = [portable_name(name)[0] for name in one["examples"]]
        return {"format": FORMAT, **found, "provenance": dict(self.provenance)}

    def summary(self) -> list[str]:
        """Plain sentences, the most important first."""
        speed = self.images_per_second
        sentences = [
            *right_sentences(self.top1, self.topk),
            *belief_sentences(self.bins, self.top1, self.nll, self.brier),
            *threshold_sentences(self.risk_coverage),
            *answered_sentences(self.answered, self.scored),
            *group_sentences(self.groups),
            *against_sentences(self.against),
            *outsider_sentences(self.outsiders),
            *class_sentences(self.classes, self.scored),
            *none_sentences(self.none_of_these, self.scored),
            *confusion_sentences(self.confusions, self.distance),
            *suspicious_sentences(self.suspicious),
            *unscored_sentences(self.images, self.scored, self.errors, self.unmatched),
            *([f"{rate(speed)} images/s."] if speed else []),
        ]
        return [printable(one) for one in sentences]

    def __str__(self) -> str:
        return "\n".join(self.summary())

    def _repr_html_(self) -> str:
        """A notebook shows the summary as a list."""
        return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in self.summary())}</ul>"


def evaluation_of(
    judged: Iterable[Judged],
    labels: Labels,
    *,
    model: str,
    provenance: Mapping[str, Any],
    truth: str,
    unmatched: Sequence[Unmatched] = (),
    names: Names | None = None,
    k: int = 5,
    sure: float | None = None,
    steps: Steps | None = None,
    against: tuple[str, Iterable[Judged]] | None = None,
    outsiders: Iterable[Judged] | None = None,
    suspicion: Suspicion = Suspicion(),  # noqa: B008 - frozen
    seconds: float | None = None,
    images_per_second: float | None = None,
) -> Evaluation:
    """Reads all judged images once. It takes about 80 bytes for each; 200 beside another model's answers.

    Args:
        judged: every image, also those with errors or without a right label, which are counted and not scored.
        labels: the model's.
        model: its title.
        provenance: what determines its answers.
        truth: where the right labels are from.
        unmatched: what matches no label.
        names: what people call several right labels together ("dog"); else their labels' names.
        k: of top-k; less where some image's ranked labels are fewer and hold no right one.
        sure: the share that groups had to hold; None without groups.
        steps: `Hierarchy.steps` of the model's labels; None without a tree.
        against: another model's name, and its answers to the same images.
        outsiders: answers to images of no label.
        suspicion: when a truth looks wrong.
        seconds: how long the run took.
        images_per_second: how fast it was.
    """
    found = outcomes_of(judged, suspicion)
    bins = bins_of(found.prob, found.right)
    truths = truth_names(found, labels, names or {})
    known_N = np.where(found.answer == labels.none_of_these, 0.0, found.prob)
    return Evaluation(
        model=model,
        provenance=provenance,
        truth=truth,
        images=found.images,
        scored=len(found),
        errors=dict(sorted(found.errors.items(), key=lambda one: (-one[1], one[0]))),
        unmatched=tuple(unmatched),
        top1=share_of(int(found.right.sum()), len(found)),
        topk=topk_of(found.rank, min(k, len(labels), found.shortest or k)),
        nll=nll_of(found.right_prob),
        brier=brier_of(found.brier),
        ece=ece_of(bins),
        bins=bins,
        risk_coverage=risk_coverage_of(found.prob, found.right),
        answered=answered_of(found, labels),
        classes=classes_of(found, labels, truths),
        confusions=confusions_of(found, labels, truths),
        none_of_these=none_of_these_of(found, labels, truths),
        distance=None if steps is None else distance_of(found, steps),
        suspicious=suspicious_of(found, labels, truths),
        groups=None if sure is None else group_answers_of(found, sure),
        against=None if against is None else against_of(against[0], found, outcomes_of(against[1])),
        outsiders=None if outsiders is None else outsiders_of(outsiders, labels, known_N),
        seconds=seconds,
        images_per_second=images_per_second,
    )


def answered_of(outcomes: Outcomes, labels: Labels) -> Share | None:
    """How many are right of the best labels that are not below the threshold; None where none is below."""
    if not outcomes.abstained.any():
        return None
    answered = (outcomes.abstained == 0) & (outcomes.answer != labels.none_of_these)
    return share_of(int(outcomes.right[answered].sum()), int(answered.sum()))


def plain(value: Any) -> Any:
    """JSON values of what `asdict` gives: numbers to seven digits, keys as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value
