"""eyeful in Ray Serve, for those who run it already: `serve run --app-dir deploy ray_serve:app`.

Every node needs `pip install "ray[serve]" "eyeful[serve,models]"`. Plain replicas of `eyeful serve` answer more
requests with less memory; docs/cluster.md says how much, and what else is lost here.
"""

import os

from fastapi import FastAPI
from ray import serve

from eyeful import PredictorSpec
from eyeful.classifier import open_classifier
from eyeful.server import create_app

MODEL = os.environ.get("EYEFUL_MODEL", "efficientnet_lite0")
CPUS = int(os.environ.get("EYEFUL_CPUS", "1"))


def build() -> FastAPI:
    """The application of one replica, made in its process, whose end closes the classifier."""
    return create_app(open_classifier(PredictorSpec(model=MODEL, workers=CPUS, threads=CPUS)))


deployment = serve.deployment(
    serve.ingress(build)(),
    name="eyeful",
    num_replicas=int(os.environ.get("EYEFUL_REPLICAS", "2")),
    ray_actor_options={"num_cpus": CPUS},  # which Ray counts and does not enforce: the spec bounds the threads
    max_ongoing_requests=64,  # Ray Serve's default of 5 would be the largest batch
    max_queued_requests=64,  # for each proxy; beyond them 503, where its default is to wait without an end
)
app = deployment.bind()
