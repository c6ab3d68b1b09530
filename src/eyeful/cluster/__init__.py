"""A run on many machines, with Ray: a worker on each node makes parts; this process only says which.

What is done is what lies in the output (`shards`), so whatever dies takes with it only what it had in hand.
"""

from eyeful.cluster.connection import ClusterOptions
from eyeful.cluster.job import run_on_cluster

__all__ = ["ClusterOptions", "run_on_cluster"]
