"""For those who run the server: metrics."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from eyeful.server.protocols import describe
from eyeful.server.service import InferenceService


def router(service: InferenceService) -> APIRouter:
    """`/metrics`."""
    routes = APIRouter(tags=[describe.OPERATIONS])

    @routes.get(
        "/metrics",
        summary="Report metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    async def metrics() -> Response:
        """Counters and latencies for Prometheus."""
        return Response(service.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return routes
