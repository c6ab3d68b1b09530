"""int8: another network, quantised on the user's images, judged against fp32 on others, and measured."""

from eyeful.int8.asked import in_int8
from eyeful.int8.made import export_int8
from eyeful.int8.sample import sample_of

__all__ = ["export_int8", "in_int8", "sample_of"]
