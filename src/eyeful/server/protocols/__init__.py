"""The protocols that the server speaks, one file each: a function that makes a router over the same service."""

from eyeful.server.protocols import huggingface, native, operations, torchserve, v2

ROUTERS = (operations.router, native.router, v2.router, torchserve.router, huggingface.router)

__all__ = ["ROUTERS"]
