import json

from services.training.evaluate import evaluation_report
from services.training.metrics import Interval, classification_metrics


def test_report_is_plain_json_when_it_has_intervals_and_a_note() -> None:
    scores = classification_metrics([0, 1], [[0.9, 0.1], [0.2, 0.8]], ("a", "b"))

    report = evaluation_report(
        "m", 3, scores, corpus="c", intervals={"uar": Interval(0.4, 0.6)}, note="careful", folds=5
    )

    assert json.loads(json.dumps(report)) == report
    assert {"model", "version", "n", "accuracy", "uar", "macro_f1", "ece", "per_class"} <= set(report)
    assert report["intervals"] == {"uar": [0.4, 0.6]}
    assert (report["note"], report["folds"]) == ("careful", 5)
