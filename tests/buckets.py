"""A real S3-compatible server on this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def s3(*names: str) -> Iterator[str]:
    """The address of a server that holds empty buckets of these names; meanwhile it is this process's S3."""
    moto, s3fs = pytest.importorskip("moto.server"), pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ({"AWS_ENDPOINT_URL": address} | keys).items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()  # they keep the address of the server that was before
        for name in names:
            s3fs.S3FileSystem().mkdir(name)
        yield address
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def environment(address: str) -> dict[str, str]:
    """That of a process whose S3 a server at this address is."""
    return os.environ | {"AWS_ENDPOINT_URL": address}
