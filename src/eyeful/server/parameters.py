"""What a request asks for beside its images. What is not known is refused by its name, never ignored.

Schedulers' own settings are taken and have no effect: Hugging Face's `options`, Triton's priorities and timeouts.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from eyeful.errors import UsageError
from eyeful.predictor import check_range
from eyeful.server.errors import BadRequestError

TOP_K = ("top_k", "topk")
"""How a JSON body's `parameters` may call the number of labels: Hugging Face's name, and timm's."""


def refuse_unknown(names: Iterable[str], known: Collection[str], what: str) -> None:
    """Refuse names that are not known.

    Args:
        names: what a request has.
        known: what there is.
        what: what a name is called in the error.

    Raises:
        BadRequestError: one is not known; its nearest is named, or all that there are.
    """
    unknown = next((name for name in names if name not in known), None)
    if unknown is None:
        return
    near = get_close_matches(unknown, known, 1)
    way_out = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
    raise BadRequestError(f"unknown {what} {unknown[:40]!r}; {way_out}")


async def refuse_unknown_query(request: Request) -> None:
    """A dependency of every call that classifies: its query has only what its description lists.

    Raises:
        BadRequestError: there is more in it.
    """
    described = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    parameters = described.get(request.method.lower(), {}).get("parameters", ())
    known = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    names = (name for name in request.query_params if not (name in TOP_K and "topk" in known))
    refuse_unknown(names, known, "query parameter")
    twice = next((name for name in known if len(request.query_params.getlist(name)) > 1), None)
    if twice is not None:
        raise BadRequestError(f"query parameter {twice!r} is given twice")


def same_topk(*numbers: int | None) -> int | None:
    """How many labels are asked for, where a request may say so in several places.

    Raises:
        BadRequestError: they say different things.
    """
    asked = sorted({number for number in numbers if number is not None})
    if len(asked) > 1:
        raise BadRequestError(f"topk is given twice, as {asked[0]} and as {asked[1]}")
    return asked[0] if asked else None


async def _topk(
    topk: Annotated[
        int | None,
        Query(ge=1, description="Labels for each image; a number beyond the classes gives all. Also `top_k`."),
    ] = None,
    top_k: Annotated[int | None, Query(ge=1, include_in_schema=False)] = None,
) -> int | None:
    return same_topk(topk, top_k)


TopK = Annotated[int | None, Depends(_topk)]
"""A call's `?topk=`, which may be written `?top_k=`."""


Sure = Annotated[
    float | None,
    Query(
        ge=0.5,
        le=1,
        description="Add to each row the smallest group of labels that holds this share of the probability.",
    ),
]
"""A call's `?sure=`."""


def sure_in(body: dict[str, Any], query: float | None) -> float | None:
    """The share for groups that a JSON body's `parameters`, which were looked at, or the query ask for.

    Raises:
        BadRequestError: it is no such share, or contradicts the query.
    """
    sure = (body.get("parameters") or {}).get("sure")
    if sure is None:
        return query
    try:
        sure = check_range("sure", sure)
    except UsageError as error:
        raise BadRequestError(f"parameters.{error}") from None
    if query not in (None, sure):
        raise BadRequestError(f"sure is given twice, as {query:g} and as {sure:g}")
    return sure


def topk_in(body: dict[str, Any], query: int | None, others: Collection[str] = ()) -> int | None:
    """How many labels a JSON body's `parameters` or the query ask for; None where neither says so.

    Args:
        body: the JSON body.
        query: what the query asks for.
        others: what else `parameters` may have.

    Raises:
        BadRequestError: they are no parameters, or unknown ones, or contradict the query.
    """
    parameters = body.get("parameters")
    if not isinstance(parameters, dict | None):
        raise BadRequestError('"parameters" is not an object')
    parameters = parameters or {}
    refuse_unknown(parameters, (*TOP_K, *others), "key of parameters")
    found = [parameters.get(name) for name in TOP_K]
    for topk in found:
        if topk is not None and (not isinstance(topk, int) or isinstance(topk, bool)):
            raise BadRequestError("parameters.top_k is not a whole number")
    return same_topk(*found, query)
