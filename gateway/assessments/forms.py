"""The form fields of an upload, validated like JSON would be."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from gateway.assessments.schemas import AssessmentForm
from gateway.errors import FieldFault, RefusedError
from gateway.problem_codes import ProblemCode
from gateway.uploads.multipart import REPEATED_FIELDS, SINGLE_FIELDS


def parse_form(fields: Mapping[str, Sequence[str]]) -> AssessmentForm:
    """Validate raw form fields (each name with all its values, in order).

    A field that is sent empty counts as not sent, as browsers do with inputs that nobody touched.

    Raises:
        RefusedError: `validation_failed`, with every fault in `errors`.
    """
    given = {name: [value for value in values if value.strip()] for name, values in fields.items()}
    repeated = [name for name in SINGLE_FIELDS if len(given.get(name, ())) > 1]
    raw: dict[str, object] = {name: given[name][0] for name in SINGLE_FIELDS if given.get(name)}
    raw |= {name: given[name] for name in REPEATED_FIELDS if given.get(name)}
    faults = [FieldFault(field=name, detail="Send this field once.") for name in repeated]
    try:
        form = AssessmentForm.model_validate(raw)
    except ValidationError as fault:
        faults += [
            FieldFault(field=".".join(map(str, error["loc"])), detail=error["msg"])
            for error in fault.errors(include_url=False, include_input=False)
        ]
        raise RefusedError(ProblemCode.VALIDATION_FAILED, _DETAIL, faults=faults) from fault
    if faults:
        raise RefusedError(ProblemCode.VALIDATION_FAILED, _DETAIL, faults=faults)
    return form


_DETAIL = "Correct the fields listed in `errors`."
