"""The form fields of an upload, validated like JSON would be."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from gateway.assessments.schemas import AssessmentForm
from gateway.http.errors import FieldError, Problem, ProblemCode
from gateway.uploads.multipart import REPEATED_FIELDS, SINGLE_FIELDS


def parse_form(fields: Mapping[str, Sequence[str]]) -> AssessmentForm:
    """The form behind raw fields (each name with all its values, in order).

    A field that is sent empty counts as not sent, as browsers do with inputs that nobody touched.

    Raises:
        Problem: `validation_failed`, with every fault in `errors`.
    """
    given = {name: [value for value in values if value.strip()] for name, values in fields.items()}
    repeated = [name for name in SINGLE_FIELDS if len(given.get(name, ())) > 1]
    raw: dict[str, object] = {name: given[name][0] for name in SINGLE_FIELDS if given.get(name)}
    raw |= {name: given[name] for name in REPEATED_FIELDS if given.get(name)}
    errors = [FieldError(field=name, detail="Send this field once.") for name in repeated]
    try:
        form = AssessmentForm.model_validate(raw)
    except ValidationError as fault:
        errors += [
            FieldError(field=".".join(map(str, error["loc"])), detail=error["msg"])
            for error in fault.errors(include_url=False, include_input=False)
        ]
        raise Problem(ProblemCode.VALIDATION_FAILED, _DETAIL, errors=errors) from fault
    if errors:
        raise Problem(ProblemCode.VALIDATION_FAILED, _DETAIL, errors=errors)
    return form


_DETAIL = "Correct the fields listed in `errors`."
