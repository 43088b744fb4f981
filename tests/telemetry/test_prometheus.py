import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from digit_core.telemetry import prometheus
from digit_core.telemetry.events import log_event, predicting
from tests.resource_limits import is_quick


@pytest.fixture(autouse=True)
def counting():
    prometheus.start(
        "a version", sessions=lambda: 3, running_tasks=lambda: 1, waiting_tasks=lambda: 2, waiting_labels=lambda: 4
    )


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("event", "fields", "name", "labels"),
    [
        ("training_started", {"preset": "quick"}, "digit_lab_trainings_started_total", {"preset": "quick"}),
        ("training_ended", {"outcome": "failed"}, "digit_lab_trainings_ended_total", {"outcome": "failed"}),
        ("refused", {"reason": "rate"}, "digit_lab_refusals_total", {"reason": "rate"}),
        ("refused", {}, "digit_lab_refusals_total", {"reason": "other"}),
        ("error_shown", {"kind": "NoInk"}, "digit_lab_errors_shown_total", {"kind": "NoInk"}),
    ],
)
def test_an_event_is_counted_once_under_its_label(event, fields, name, labels):
    before = value(name, **labels)
    log_event(event, **fields)
    assert value(name, **labels) == before + 1


def test_a_prediction_is_counted_with_its_source_and_time():
    before = value("digit_lab_prediction_seconds_count", source="canvas")
    with predicting("canvas"):
        pass
    assert value("digit_lab_prediction_seconds_count", source="canvas") == before + 1


def test_a_prediction_that_fails_is_none():
    before = value("digit_lab_prediction_seconds_count", source="canvas")
    with pytest.raises(ZeroDivisionError), predicting("canvas"):
        raise ZeroDivisionError
    assert value("digit_lab_prediction_seconds_count", source="canvas") == before


def test_the_exposition_is_prometheus_text_with_what_is_open_now():
    families = {family.name: family for family in text_string_to_metric_families(prometheus.exposition().decode())}
    assert families["digit_lab_open_sessions"].samples[0].value == 3
    tasks = {sample.labels["state"]: sample.value for sample in families["digit_lab_background_tasks"].samples}
    assert tasks == {"running": 1, "waiting": 2}
    assert families["digit_lab_waiting_labels"].samples[0].value == 4
    assert families["digit_lab_info"].samples[-1].labels == {"version": "a version"}
    assert "process_resident_memory_bytes" in families


def test_to_record_a_prediction_takes_microseconds():
    def record():
        for _ in range(2000):
            with predicting("canvas"):
                pass

    assert is_quick(record, 2000 * 100e-6)
