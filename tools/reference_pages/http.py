"""Every call of the server, of its OpenAPI description."""

import json
from typing import Any

from eyeful.bundle import Manifest
from eyeful.classifier import Classifier
from eyeful.engines import Outputs, ThreadedEngine
from eyeful.predictor import Predictor, PredictorSpec
from eyeful.preprocessing import Preprocessing
from eyeful.server import create_app
from eyeful.server.protocols import describe
from eyeful.types import Labels
from reference_pages.markdown import code, document, paragraphs, table

_INTRO = """
What `eyeful serve` answers, and every application that `create_app` makes. All calls of all protocols give the
same answers. A running server describes itself at `/docs`, and for programs, with the names of its models, at
`/openapi.json`. With examples for `curl`: [serving](../serving.md#calls-and-answers); which parameters are
known and which are refused: [parameters](../serving.md#parameters); what the server does under load, and its
limits: [load](../serving.md#what-it-does-under-load), [limits](command-line.md#eyeful-serve).
"""
_ACCESS = """
Where the server has a token, every call but `/ping` and those under `/v2/health` asks for it: `Authorization:
Bearer TOKEN` or `X-API-Key: TOKEN`. A call may carry `X-Request-Id`; every reply has one, and so has the
server's log.
"""
_ERRORS = """
Every error is `{"error": TEXT}`, whatever the protocol. Of an image that cannot be classified, the text begins
with its [kind](errors.md#errors-of-a-row): `unidentified: not an image of a known format`.
"""


class _NoEngine(ThreadedEngine):
    """Stands where a model would; the description of calls asks nothing of it."""

    name = "none"
    precision = "fp32"

    def _run(self, batch_NHWC: Any) -> Outputs:
        raise NotImplementedError


def page() -> str:
    """The page."""
    description = _description()
    calls: dict[str, list[str]] = {tag["name"]: [] for tag in description["tags"]}
    statuses: dict[str, str] = {}
    for path, methods in description["paths"].items():
        for names, call in _by_answer(methods):
            calls[call["tags"][0]].append(_call(f"{names} {path}", call))
            statuses |= _errors_of(call)
    sections = [
        f"## {tag['name']}\n\n{tag['description']}\n\n" + "\n\n".join(calls[tag["name"]])
        for tag in description["tags"]
    ]
    return document(
        "# HTTP",
        _INTRO,
        _ACCESS,
        describe.NONE,
        *sections,
        "## Errors",
        _ERRORS,
        table(("Status", "When"), sorted(statuses.items())),
    )


def _description() -> dict[str, Any]:
    preprocessing = Preprocessing((8, 8), (8, 8), "bilinear", (0.5,) * 3, (0.5,) * 3)
    labels = Labels(("a label",), (None,))
    manifest = Manifest("model", {}, preprocessing, labels, {"sha256": ""}, _NoEngine.name)
    with Classifier(Predictor(PredictorSpec(), _NoEngine(1), manifest)) as classifier:
        return create_app(classifier).openapi()


def _by_answer(methods: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The calls of a path; those that say the same under several methods as one: `POST, PUT`."""
    names: dict[str, list[str]] = {}
    for method, call in methods.items():
        names.setdefault(call["description"], []).append(method)
    return [(", ".join(some).upper(), methods[some[0]]) for some in names.values()]


def _call(title: str, call: dict[str, Any]) -> str:
    parts = [f"### `{title}`", f"**{call['summary']}.**", paragraphs(call["description"])]
    parameters = [
        (code(one["name"]), one["in"], _type(one["schema"]), one.get("description", ""))
        for one in call.get("parameters", ())
    ]
    parts.append(table(("Parameter", "In", "Type", "What it says"), parameters))
    if "requestBody" in call:
        parts.append(_body(call["requestBody"]["content"]))
    if errors := _errors_of(call):
        parts.append(f"Errors: {', '.join(sorted(errors))}.")
    return "\n\n".join(part for part in parts if part)


def _body(content: dict[str, Any]) -> str:
    """What a call takes as its body."""
    parts, raw = [], []
    for media, one in content.items():
        if one["schema"].get("format") == "binary":
            raw.append(code(media))
            continue
        required = one["schema"].get("required", ())
        keys = [
            f"{code(name)} ({_type(schema)}{', required' if name in required else ''})"
            for name, schema in one["schema"]["properties"].items()
        ]
        parts.append(f"- {code(media)}: {', '.join(keys)}")
        if "example" in one:
            example = json.dumps(one["example"]).replace(describe.EXAMPLE, "BASE64")
            parts[-1] += f", as in `{example}`"
    first = [f"- The image itself: {', '.join(raw)}, or another type"] if raw else []
    return "Body:\n\n" + "\n".join([*first, *parts])


def _type(schema: dict[str, Any]) -> str:
    """What a value is, in words."""
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    (kind,) = kinds
    name = kind.get("type", "string")
    name = next(one for one in name if one != "null") if isinstance(name, list) else name
    if name == "array":
        return f"array of {_type(kind['items'])}s" if kind.get("items") else kind["description"]
    if name == "object" and kind.get("properties"):
        return f"object with {', '.join(code(one) for one in kind['properties'])}"
    low, high = kind.get("minimum"), kind.get("maximum")
    span = "" if low is None else f", at least {low:g}" if high is None else f", {low:g} to {high:g}"
    if kind.get("description") == "base64":
        return "base64 string"
    return "file" if kind.get("format") == "binary" else f"{name}{span}"


def _errors_of(call: dict[str, Any]) -> dict[str, str]:
    """The errors that a call is described with, by status."""
    return {
        status: said["description"]
        for status, said in call["responses"].items()
        if describe.ERROR["content"] == said.get("content")
    }
