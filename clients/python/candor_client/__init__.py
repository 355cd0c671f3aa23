"""Candor's client: `Client` for threads, `AsyncClient` for asyncio, the same operations on both."""

from candor_client.client import AsyncClient, Client
from candor_client.errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    CandorClientError,
    ConflictError,
    ConnectionFailedError,
    GoneError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    ServerError,
    ServiceUnavailableError,
    SignatureError,
    TooLargeError,
    UnexpectedAnswerError,
    UnsupportedMediaError,
    UploadFailedError,
    WaitTimeoutError,
)
from candor_client.retry import RetryPolicy
from candor_client.version import __version__
from candor_client.waiting import Progress
from candor_client.webhooks import verify_webhook

__all__ = [
    "ApiError",
    "AsyncClient",
    "AuthenticationError",
    "BadRequestError",
    "CandorClientError",
    "Client",
    "ConflictError",
    "ConnectionFailedError",
    "GoneError",
    "InvalidRequestError",
    "NotFoundError",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "Progress",
    "RateLimitedError",
    "RetryPolicy",
    "ServerError",
    "ServiceUnavailableError",
    "SignatureError",
    "TooLargeError",
    "UnexpectedAnswerError",
    "UnsupportedMediaError",
    "UploadFailedError",
    "WaitTimeoutError",
    "__version__",
    "verify_webhook",
]
