"""The errors of domain code, which knows neither HTTP nor Celery."""

from services.common.contracts.results import ErrorCode


class CandorError(Exception):
    """Base of every error that Candor raises on purpose."""


class InputError(CandorError):
    """The input cannot be analysed, now or later. Becomes a failed modality, never a retry.

    Args:
        code: why, for machines.
        reason: why and what to do next, one sentence for a person.
    """

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class TemporaryError(CandorError):
    """Something Candor depends on is out of reach; the same call may work later.

    Args:
        code: what to record once retries are used up.
        reason: what was out of reach.
    """

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class ConfigurationError(CandorError):
    """A setting is missing, unsafe or contradicts another; the process must not start."""
