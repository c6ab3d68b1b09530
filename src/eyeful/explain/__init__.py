"""What a network sees: feature maps, the pooled vector, logits, and where it looked."""

from eyeful.explain.arrays import FeatureMaps
from eyeful.explain.explanation import Explanation, explain
from eyeful.explain.network import Network
from eyeful.explain.summary import LayerSummary, summarize

__all__ = ["Explanation", "FeatureMaps", "LayerSummary", "Network", "explain", "summarize"]
