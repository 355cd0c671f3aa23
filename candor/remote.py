"""A client of the server that the user signed in to, and its errors as this program's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from candor.credentials import Credentials, load_credentials
from candor_client import ApiError, AuthenticationError, CandorClientError, Client
from candor_client.models import Assessment, AssessmentStatus
from services.common.errors import CandorError

FAILED = (AssessmentStatus.FAILED, AssessmentStatus.CANCELED, AssessmentStatus.EXPIRED)


class RemoteError(CandorError):
    """The server refused, or could not be reached; the message says what to do."""


@contextmanager
def remote_client(credentials: Credentials | None = None) -> Iterator[Client]:
    """Yield a client, with `credentials` or those of the environment and of `candor login`.

    Raises:
        NotSignedInError: there are none.
        RemoteError: whatever the client raised meanwhile.
    """
    known = credentials or load_credentials()
    try:
        with Client(known.server, known.key, user_agent="candor-cli") as client:
            yield client
    except CandorClientError as fault:
        raise RemoteError(_explained(fault, server=known.server)) from fault


def _explained(fault: CandorClientError, *, server: str) -> str:
    if isinstance(fault, AuthenticationError):
        return f"{server} does not accept the key: {fault.detail} Then run `candor login` again."
    if not isinstance(fault, ApiError):
        return f"{server}: {fault}"
    faults = "".join(f"\n  {error.field}: {error.detail}" for error in fault.errors)
    return f"{fault.title}. {fault.detail}{faults}\n  ({fault.code}, request {fault.request_id})"


def has_failed(assessment: Assessment) -> bool:
    """Tell whether an assessment has ended without a report."""
    return assessment.status in FAILED
