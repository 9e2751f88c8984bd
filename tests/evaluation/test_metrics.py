"""The registry of metrics: what reads it agrees with it."""

from choreo.evaluation import audit, sensitivity
from choreo.evaluation.metrics import METRICS, headings

GROUPS = ("distance", "beats", "listening", "invention", "motion")


def test_every_metric_has_a_place_and_a_direction():
    parts = [headings(group) for group in GROUPS]
    assert [name for part in parts for name in part] == list(METRICS)
    for metric in METRICS.values():
        assert metric.better == ("lower" if metric.damage > 0 else "higher")
        assert set(metric.notices) <= set(sensitivity.DAMAGES)


def test_the_audit_takes_the_same_direction_for_better():
    shared = METRICS.keys() & audit.MEASURES.keys()
    assert {"frechet", "beat_hit_rate", "seam_jump"} <= shared
    assert all(METRICS[name].better == audit.MEASURES[name][1] for name in shared)


def test_the_sensitivity_study_has_every_metric_that_is_named_for_it():
    wanted = {m.damaged for m in METRICS.values() if m.damaged}
    found = {text.split(", learned")[0] for text, _, _ in sensitivity.STUDIED.values()}
    assert wanted <= found
    assert "diversity_within" not in sensitivity.STUDIED
