"""What every request passes, one concern in each file; `app.py` lists them in order."""

from eyeful.server.middleware.access_log import AccessLogMiddleware
from eyeful.server.middleware.admission import AdmissionMiddleware
from eyeful.server.middleware.auth import AuthMiddleware
from eyeful.server.middleware.deadline import ReceiveDeadlineMiddleware
from eyeful.server.middleware.error_net import ErrorNetMiddleware
from eyeful.server.middleware.request_id import RequestIdMiddleware

__all__ = [
    "AccessLogMiddleware",
    "AdmissionMiddleware",
    "AuthMiddleware",
    "ErrorNetMiddleware",
    "ReceiveDeadlineMiddleware",
    "RequestIdMiddleware",
]
