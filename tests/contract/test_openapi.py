"""The OpenAPI document keeps its promises: 3.1, stable names, every problem, examples that hold."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.assessments.schemas import AcceptedAssessment, AssessmentForm, AssessmentView
from gateway.benchmarks.schemas import BenchmarkView, DriftView
from gateway.http.errors import ProblemDetails
from gateway.interviews.question_schemas import NewQuestion, QuestionChange, QuestionView
from gateway.interviews.schemas import InterviewView, NewInterview
from gateway.law.consent_schemas import ConsentView, NewConsent
from gateway.main import create_app
from gateway.problem_codes import ProblemCode
from gateway.rights.schemas import ErasureView
from gateway.rights.voice_schemas import VoiceSummaryView
from gateway.settings import GatewaySettings
from gateway.tenancy.tenant_schemas import TenantChange, TenantView
from services.common.settings import CommonSettings

OPERATIONS = {
    ("POST", "/v1/assessments"): "createAssessment",
    ("GET", "/v1/assessments"): "listAssessments",
    ("GET", "/v1/assessments/{assessment_id}"): "getAssessment",
    ("DELETE", "/v1/assessments/{assessment_id}"): "deleteAssessment",
    ("GET", "/v1/assessments/{assessment_id}/report"): "getReport",
    ("GET", "/v1/assessments/{assessment_id}/events"): "followAssessment",
    ("GET", "/v1/candidates/{candidate}/voice-summary"): "getVoiceSummary",
    ("DELETE", "/v1/candidates/{candidate}/voice-summary"): "deleteVoiceSummary",
    ("GET", "/v1/benchmarks"): "listBenchmarks",
    ("GET", "/v1/benchmarks/drift"): "listBenchmarkDrift",
    ("POST", "/v1/interviews"): "createInterview",
    ("GET", "/v1/interviews"): "listInterviews",
    ("GET", "/v1/interviews/{interview_id}"): "getInterview",
    ("DELETE", "/v1/interviews/{interview_id}"): "deleteInterview",
    ("GET", "/v1/interviews/{interview_id}/report"): "getInterviewReport",
    ("GET", "/v1/questions"): "listQuestions",
    ("GET", "/v1/questions/{question_id}"): "getQuestion",
    ("PATCH", "/v1/questions/{question_id}"): "changeQuestion",
    ("POST", "/v1/questions"): "createQuestion",
    ("POST", "/v1/webhook_endpoints"): "createWebhookEndpoint",
    ("GET", "/v1/webhook_endpoints"): "listWebhookEndpoints",
    ("GET", "/v1/webhook_endpoints/{endpoint_id}"): "getWebhookEndpoint",
    ("PATCH", "/v1/webhook_endpoints/{endpoint_id}"): "updateWebhookEndpoint",
    ("DELETE", "/v1/webhook_endpoints/{endpoint_id}"): "deleteWebhookEndpoint",
    ("POST", "/v1/webhook_endpoints/{endpoint_id}/rotate"): "rotateWebhookSecret",
    ("POST", "/v1/webhook_endpoints/{endpoint_id}/test"): "testWebhookEndpoint",
    ("GET", "/v1/webhook_endpoints/{endpoint_id}/deliveries"): "listWebhookDeliveries",
    ("GET", "/v1/events"): "listEvents",
    ("GET", "/v1/events/{event_id}"): "getEvent",
    ("GET", "/v1/events/{event_id}/deliveries"): "listEventDeliveries",
    ("POST", "/v1/events/{event_id}/replay"): "replayEvent",
    ("GET", "/v1/candidates"): "listCandidates",
    ("POST", "/v1/candidates"): "createCandidate",
    ("GET", "/v1/candidates/{candidate}"): "getCandidate",
    ("DELETE", "/v1/candidates/{candidate}"): "deleteCandidate",
    ("DELETE", "/v1/candidates/{candidate}/tokens"): "revokeCandidateTokens",
    ("GET", "/v1/audit_events"): "listAuditEvents",
    ("GET", "/v1/reports"): "listReports",
    ("GET", "/v1/exports/assessments.csv"): "exportAssessmentsCsv",
    ("GET", "/v1/exports/assessments.jsonl"): "exportAssessmentsJsonl",
    ("GET", "/v1/api_keys"): "listApiKeys",
    ("POST", "/v1/api_keys"): "createApiKey",
    ("GET", "/v1/api_keys/self"): "getOwnApiKey",
    ("GET", "/v1/api_keys/{key_id}"): "getApiKey",
    ("DELETE", "/v1/api_keys/{key_id}"): "revokeApiKey",
    ("POST", "/v1/api_keys/{key_id}/rotate"): "rotateApiKey",
    ("POST", "/v1/consents"): "createConsent",
    ("GET", "/v1/consents"): "listConsents",
    ("GET", "/v1/consents/{consent_id}"): "getConsent",
    ("POST", "/v1/consents/{consent_id}/withdraw"): "withdrawConsent",
    ("GET", "/v1/candidates/{candidate}/access_export"): "exportCandidate",
    ("PUT", "/v1/candidates/{candidate}/demographics"): "keepDemographics",
    ("DELETE", "/v1/candidates/{candidate}/demographics"): "deleteDemographics",
    ("GET", "/v1/impact_ratios"): "getImpactRatios",
    ("GET", "/v1/tenant"): "getTenant",
    ("PATCH", "/v1/tenant"): "updateTenant",
    ("GET", "/v1/erasures/{erasure_id}"): "getErasure",
    ("POST", "/v1/uploads"): "createUpload",
    ("GET", "/v1/uploads/{upload_id}"): "getUpload",
    ("HEAD", "/v1/uploads/{upload_id}"): "getUploadOffset",
    ("PATCH", "/v1/uploads/{upload_id}"): "sendUploadPiece",
    ("DELETE", "/v1/uploads/{upload_id}"): "deleteUpload",
    ("GET", "/livez"): "getLiveness",
    ("GET", "/readyz"): "getReadiness",
    ("GET", "/metrics"): "getMetrics",
}
"""Clients are generated from these names: adding is fine, renaming is not."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with TestClient(create_app(GatewaySettings(), CommonSettings())) as client:
        answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")


def test_operation_ids_are_stable_and_unique(document: dict[str, Any]) -> None:
    found = {(method, path): operation["operationId"] for method, path, operation in operations(document)}
    assert found == OPERATIONS
    assert len(set(found.values())) == len(found)


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    known = {
        f"#/components/{group}/{name}"
        for group, members in document["components"].items()
        for name in members
    }
    assert set(references(document)) <= known


def test_every_error_is_a_problem_with_examples(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        errors = {int(status): body for status, body in operation["responses"].items() if int(status) >= 400}
        assert 500 in errors, (method, path)
        for status, response in errors.items():
            assert list(response["content"]) == ["application/problem+json"], (method, path, status)
            media = response["content"]["application/problem+json"]
            assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert media["examples"], (method, path, status)
            for code, example in media["examples"].items():
                shown = ProblemDetails.model_validate(example["value"])
                assert (shown.code, shown.status) == (code, status)
                assert ProblemCode(shown.code).status == status  # type: ignore[call-arg]


def test_every_operation_under_v1_wants_a_key_and_says_how_it_refuses(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        if not path.startswith("/v1/"):
            assert operation["security"] == []
            continue
        assert operation["security"], path
        codes = operation["responses"]["401"]["content"]["application/problem+json"]["examples"]
        assert set(codes) == {
            "api_key_missing",
            *(f"api_key_{fault}" for fault in ("unknown", "revoked", "expired")),
            *(f"candidate_token_{fault}" for fault in ("unknown", "revoked", "expired")),
        }
        assert "403" in operation["responses"]
        assert "503" in operation["responses"]


def test_operations_with_checked_parameters_document_the_422(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        checked = [
            parameter
            for parameter in operation.get("parameters", [])
            if parameter["in"] in ("query", "header") and parameter["name"] != "If-None-Match"  # any will do
        ]
        if checked or "requestBody" in operation:
            assert "422" in operation["responses"], (method, path)


def test_upload_names_every_part(document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/assessments"]["post"]["requestBody"]
    schema = body["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == {
        "video",
        "audio",
        "document",
        "text",
        "candidate",
        "question",
        "interview",
        "purpose",
        "tags",
        "upload",
        "consent",
        "consent_version",
        "consented_at",
    }
    assert set(schema["required"]) == {"candidate", "question"}


def test_examples_are_valid(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, model in (
        ("AssessmentView", AssessmentView),
        ("AcceptedAssessment", AcceptedAssessment),
        ("QuestionView", QuestionView),
        ("VoiceSummaryView", VoiceSummaryView),
        ("NewQuestion", NewQuestion),
        ("QuestionChange", QuestionChange),
        ("InterviewView", InterviewView),
        ("NewInterview", NewInterview),
        ("ConsentView", ConsentView),
        ("NewConsent", NewConsent),
        ("TenantView", TenantView),
        ("TenantChange", TenantChange),
        ("ErasureView", ErasureView),
        ("BenchmarkView", BenchmarkView),
        ("DriftView", DriftView),
    ):
        key = name if name in schemas else name.removesuffix("View")
        examples = schemas[key]["examples"]
        assert examples, name
        for example in examples:
            model.model_validate(example)  # type: ignore[attr-defined]
    upload = document["paths"]["/v1/assessments"]["post"]["requestBody"]["content"]["multipart/form-data"]
    for example in upload["schema"]["examples"]:
        fields = {name: value for name, value in example.items() if name in AssessmentForm.model_fields}
        AssessmentForm.model_validate(fields)
