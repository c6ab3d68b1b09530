"""What a network sees: feature maps, the pooled vector, logits, and where it looked."""

from eyeful.explain.explanation import Explanation, FeatureMaps, explain
from eyeful.explain.network import Network
from eyeful.explain.walk import Step, walk

__all__ = ["Explanation", "FeatureMaps", "Network", "Step", "explain", "walk"]
