"""Every reason why a request is refused, with its HTTP status, a title and what to do next."""

from enum import StrEnum
from typing import Self


class ProblemCode(StrEnum):
    """Why a request is refused, for machines. A value never changes once it is published.

    Attributes:
        status: of the HTTP answer.
        title_text: what it is, a phrase without a full stop.
        help_text: what to do next, one sentence for whoever meets the code.
    """

    status: int
    title_text: str
    help_text: str

    def __new__(cls, value: str, status: int, title_text: str, help_text: str) -> Self:
        """Make a member whose value is the code alone."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.status, member.title_text, member.help_text = status, title_text, help_text
        return member

    BAD_REQUEST = (
        "bad_request",
        400,
        "The request cannot be read",
        "Check that the body is well-formed; sent again as it is, it fails again.",
    )
    MALFORMED_MULTIPART = (
        "malformed_multipart",
        400,
        "The multipart body is broken or incomplete",
        "Send the whole body as multipart/form-data with its boundary; it broke off or is not multipart.",
    )
    IDEMPOTENCY_KEY_INVALID = (
        "idempotency_key_invalid",
        400,
        "The idempotency key cannot be used",
        "Choose a key of printable ASCII characters, a UUID for example.",
    )

    API_KEY_MISSING = ("api_key_missing", 401, "An API key is needed", "Send `Authorization: Bearer <key>`.")
    API_KEY_UNKNOWN = (
        "api_key_unknown",
        401,
        "The API key is unknown",
        "Check the key for missing characters, or ask the administrator for a new one.",
    )
    API_KEY_REVOKED = (
        "api_key_revoked",
        401,
        "The API key has been revoked",
        "Ask the administrator for a new key.",
    )
    API_KEY_EXPIRED = (
        "api_key_expired",
        401,
        "The API key has expired",
        "Use the key that replaces it, or ask the administrator for a new one.",
    )
    CANDIDATE_TOKEN_UNKNOWN = (
        "candidate_token_unknown",
        401,
        "The candidate token is unknown",
        "Check the token for missing characters; it came with the answer and is shown once.",
    )
    CANDIDATE_TOKEN_REVOKED = (
        "candidate_token_revoked",
        401,
        "The candidate token has been revoked",
        "Ask whoever handed the answer in for the results.",
    )
    CANDIDATE_TOKEN_EXPIRED = (
        "candidate_token_expired",
        401,
        "The candidate token has expired",
        "Ask whoever handed the answer in for the results.",
    )

    CANDIDATE_TOKEN_REFUSED = (
        "candidate_token_refused",
        403,
        "A candidate token does not open this",
        "A candidate token opens the candidate's own practice results; for anything else send an API key.",
    )
    SCOPE_MISSING = (
        "scope_missing",
        403,
        "The API key lacks a scope",
        "Ask the administrator for a key with the scope that `detail` names.",
    )
    REPORT_READABLE_BY_CANDIDATE_ONLY = (
        "report_readable_by_candidate_only",
        403,
        "Only the candidate may read this report",
        "Let the candidate read the report with the token that came with the answer.",
    )
    GRANT_EXCEEDS_OWN = (
        "grant_exceeds_own",
        403,
        "A key cannot give more than it has",
        "Ask with a key that has the scopes, and lives as long as, the key that it is to make.",
    )
    EMOTION_INFERENCE_NOT_PERMITTED = (
        "emotion_inference_not_permitted",
        403,
        "Emotions may not be inferred for this purpose",
        "Send the answer as `text` or `document` to have its words analysed.",
    )
    CONSENT_REQUIRED = (
        "consent_required",
        403,
        "The candidate's consent is needed",
        "Record the candidate's consent at /v1/consents, or send `consent_version` and `consented_at` along.",
    )

    API_KEY_NOT_FOUND = (
        "api_key_not_found",
        404,
        "There is no such API key",
        "Choose one of the keys at /v1/api_keys.",
    )
    NOT_FOUND = (
        "not_found",
        404,
        "There is nothing here",
        "Check the address; the interface is described at /openapi.json.",
    )
    ASSESSMENT_NOT_FOUND = (
        "assessment_not_found",
        404,
        "There is no such assessment",
        "Check the identifier. What belongs to another tenant looks the same as what never was.",
    )
    CANDIDATE_NOT_FOUND = (
        "candidate_not_found",
        404,
        "There is no such candidate",
        "Check the identifier. What belongs to another tenant looks the same as what never was.",
    )
    CONSENT_NOT_FOUND = (
        "consent_not_found",
        404,
        "There is no such consent",
        "Check the identifier. What belongs to another tenant looks the same as what never was.",
    )
    ERASURE_NOT_FOUND = (
        "erasure_not_found",
        404,
        "There is no such erasure",
        "Check the identifier; the receipt came with the erasure.",
    )
    WEBHOOK_ENDPOINT_NOT_FOUND = (
        "webhook_endpoint_not_found",
        404,
        "There is no such webhook endpoint",
        "Choose one of the endpoints at /v1/webhook_endpoints.",
    )
    EVENT_NOT_FOUND = (
        "event_not_found",
        404,
        "There is no such event",
        "Choose one of the events at /v1/events; those of an erased answer are gone with it.",
    )
    QUESTION_NOT_FOUND = (
        "question_not_found",
        404,
        "There is no such question",
        "Choose one of the questions at /v1/questions.",
    )
    INTERVIEW_NOT_FOUND = (
        "interview_not_found",
        404,
        "There is no such interview",
        "Choose one of the interviews at /v1/interviews.",
    )
    REPORT_NOT_READY = (
        "report_not_ready",
        404,
        "The report is not ready yet",
        "Follow the assessment's events, or ask again later.",
    )
    REPORT_UNAVAILABLE = (
        "report_unavailable",
        404,
        "There will be no report",
        "Hand the answer in again; its analysis was canceled or given up.",
    )
    UPLOAD_NOT_FOUND = (
        "upload_not_found",
        404,
        "There is no such upload",
        "Begin another upload; this one has expired, been used, or never was.",
    )

    METHOD_NOT_ALLOWED = (
        "method_not_allowed",
        405,
        "The method is not allowed here",
        "Use a method that the `Allow` header names.",
    )

    API_KEY_NOT_ACTIVE = (
        "api_key_not_active",
        409,
        "The API key cannot be rotated any more",
        "Make a new key; this one is revoked, expired or rotated already.",
    )
    UPLOAD_OFFSET_MISMATCH = (
        "upload_offset_mismatch",
        409,
        "The upload goes on at another offset",
        "Ask for the present offset with HEAD, and go on from there.",
    )
    UPLOAD_ENDED = (
        "upload_ended",
        409,
        "The upload takes no more bytes",
        "Use the upload in an answer, or begin another one where it has failed.",
    )
    UPLOADS_EXHAUSTED = (
        "uploads_exhausted",
        409,
        "There are too many unfinished uploads",
        "Finish, use or delete an unfinished upload, or wait until one expires.",
    )
    CHANGED_MEANWHILE = (
        "changed_meanwhile",
        409,
        "Something changed at the same moment",
        "Look at the present state, and send the request again if it still makes sense.",
    )
    IDEMPOTENCY_KEY_IN_USE = (
        "idempotency_key_in_use",
        409,
        "A request with this idempotency key is running",
        "Wait for the seconds in `Retry-After`, then send the same request again.",
    )
    QUESTION_ANSWERED = (
        "question_answered",
        409,
        "The question has been answered",
        "Archive the question and add a new one; its wording is what people have answered.",
    )
    WEBHOOK_ENDPOINT_DISABLED = (
        "webhook_endpoint_disabled",
        409,
        "The webhook endpoint is disabled",
        "Enable the endpoint first.",
    )
    WEBHOOK_ENDPOINTS_EXHAUSTED = (
        "webhook_endpoints_exhausted",
        409,
        "There are too many webhook endpoints",
        "Delete an endpoint that is not needed any more.",
    )

    BODY_TOO_LARGE = ("body_too_large", 413, "The body is too large", "Send less at once.")
    MEDIA_TOO_LARGE = (
        "media_too_large",
        413,
        "The media is too large",
        "Shorten or compress the recording; `detail` says how large it may be.",
    )
    TEXT_TOO_LONG = (
        "text_too_long",
        413,
        "The typed answer is too long",
        "Shorten the text, or send it as a document.",
    )

    UNSUPPORTED_CONTENT_TYPE = (
        "unsupported_content_type",
        415,
        "The body must be multipart/form-data",
        "Send the answer as multipart/form-data, as `curl -F` does.",
    )
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported_media_type",
        415,
        "This type of file cannot be analysed",
        "Convert the file to a type that `detail` names.",
    )
    MEDIA_TYPE_MISMATCH = (
        "media_type_mismatch",
        415,
        "The file is not what its name says",
        "Rename the file, or convert it to what its name says.",
    )

    VALIDATION_FAILED = (
        "validation_failed",
        422,
        "The request is not valid",
        "Correct the fields that are listed in `errors`.",
    )
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        422,
        "The idempotency key belongs to another request",
        "Choose a new key; this one belongs to a request with another body.",
    )
    UPLOAD_CHECKSUM_MISMATCH = (
        "upload_checksum_mismatch",
        422,
        "The bytes that came are not those announced",
        "Begin another upload and send the bytes again.",
    )
    UPLOAD_INCOMPLETE = (
        "upload_incomplete",
        422,
        "The upload is not complete",
        "Send the rest of the upload first.",
    )
    UNKNOWN_UPLOAD = (
        "unknown_upload",
        422,
        "The upload is unknown",
        "Begin another upload; this one has expired or been used before.",
    )
    MEDIA_REQUIRED = (
        "media_required",
        422,
        "The answer is missing",
        "Send at least one of the parts video, audio, document or text.",
    )
    MEDIA_CONFLICT = (
        "media_conflict",
        422,
        "The parts of the answer exclude each other",
        "Send each kind of media once, and either `document` or `text`.",
    )
    MEDIA_EMPTY = ("media_empty", 422, "The file is empty", "Choose the file again; no byte of it came.")
    ANSWER_EMPTY = ("answer_empty", 422, "The typed answer is empty", "Type an answer, or send a file.")
    TEXT_NOT_UTF8 = (
        "text_not_utf8",
        422,
        "The text is not UTF-8",
        "Encode the text as UTF-8 and send it again.",
    )
    UNKNOWN_QUESTION = (
        "unknown_question",
        422,
        "The question is unknown",
        "Choose one of the questions at /v1/questions.",
    )
    UNKNOWN_CONSENT = (
        "unknown_consent",
        422,
        "The consent is unknown",
        "Name a consent of this candidate to this purpose, or none.",
    )
    WEBHOOK_TARGET_REFUSED = (
        "webhook_target_refused",
        422,
        "Nothing is sent to this address",
        "Choose an https address that is reachable from the internet; private networks are refused.",
    )
    QUESTION_ARCHIVED = (
        "question_archived",
        422,
        "The question is archived",
        "Choose another of the questions at /v1/questions.",
    )
    UNKNOWN_INTERVIEW = (
        "unknown_interview",
        422,
        "The interview is unknown",
        "Choose one of the interviews at /v1/interviews.",
    )
    INTERVIEW_MISMATCH = (
        "interview_mismatch",
        422,
        "The answer does not fit the interview",
        "Send the candidate, a question and the purpose of the interview.",
    )

    RATE_LIMITED = (
        "rate_limited",
        429,
        "Too many requests",
        "Wait for the seconds in `Retry-After`, then send the request again.",
    )

    INTERNAL = ("internal", 500, "Something went wrong on our side", "Tell the operator the `request_id`.")

    SERVICE_UNAVAILABLE = (
        "service_unavailable",
        503,
        "A service is out of reach",
        "Send it again after the seconds in `Retry-After`; that is safe with an `Idempotency-Key`.",
    )
    DATABASE_UNAVAILABLE = (
        "database_unavailable",
        503,
        "The database is out of reach",
        "Send it again after the seconds in `Retry-After`; that is safe with an `Idempotency-Key`.",
    )
    STORAGE_UNAVAILABLE = (
        "storage_unavailable",
        503,
        "The object store is out of reach",
        "Send it again after the seconds in `Retry-After`; that is safe with an `Idempotency-Key`.",
    )
    NOT_READY = ("not_ready", 503, "The gateway is not ready", "Wait; `errors` names what is out of reach.")

    STORAGE_FULL = (
        "storage_full",
        507,
        "The object store is full",
        "Tell the operator; waiting alone does not help.",
    )
