"""Downloading one image, with limits on time and size while reading."""

import time
import urllib.error
import urllib.request
from http.client import HTTPException

from eyeful.errors import ImageError

TIMEOUT = 20.0
"""Seconds for a whole download."""
MAX_BYTES = 64 << 20
_CHUNK = 1 << 16


def fetch(address: str, timeout: float = TIMEOUT, max_bytes: int = MAX_BYTES) -> bytes:
    """Download one image.

    Args:
        address: an http or https URL; redirects to the same protocols are followed.
        timeout: seconds for the whole download.
        max_bytes: the largest body that is read.

    Raises:
        ImageError: `fetch_failed`, `timeout` or `too_large`.
    """
    deadline = time.monotonic() + timeout
    try:
        # _opener speaks http and https only, whatever the scheme of the address
        request = urllib.request.Request(address, headers={"User-Agent": "eyeful"})  # noqa: S310
        with _opener().open(request, timeout=timeout) as reply:
            body = bytearray()
            while chunk := reply.read1(_CHUNK):
                body += chunk
                if len(body) > max_bytes:
                    raise ImageError("too_large", f"the download is larger than {max_bytes >> 20} MB")
                if time.monotonic() > deadline:
                    raise TimeoutError
            return bytes(body)
    except TimeoutError as error:
        raise ImageError("timeout", f"not downloaded within {timeout:g} seconds") from error
    except urllib.error.HTTPError as error:
        raise ImageError("fetch_failed", f"the server answered {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise ImageError("timeout", f"not downloaded within {timeout:g} seconds") from error
        raise ImageError("fetch_failed", f"not downloaded: {getattr(error, 'reason', error)}") from error


def _opener() -> urllib.request.OpenerDirector:
    """An opener that knows http and https and nothing else: a redirect to file: or ftp: leads nowhere."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
