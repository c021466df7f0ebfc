from concurrent.futures import ThreadPoolExecutor

from amber.metrics import Metrics, PluginCost


def test_what_a_plugin_costs_is_added_up() -> None:
    metrics = Metrics()
    assert metrics.cost("p") == PluginCost()
    for number in range(100):
        metrics.called("p", "enrich_events", number / 100)
    metrics.called("p", "group_events", 0.0, "ValueError: oh", "ValueError")
    metrics.called("p", "group_events", 0.0)
    assert metrics.cost("p") == PluginCost(102, 1, 0, 0.94, "ValueError: oh")
    assert (
        'amber_plugin_errors_total{error="ValueError",hook="group_events",plugin="p"} 1.0' in metrics.render().decode()
    )


def test_what_a_plugin_has_no_right_to_is_counted_from_any_thread() -> None:
    metrics = Metrics()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: metrics.refused("p", "tables", f"no {number}"), range(100)))
    metrics.refused("p", "hosts", "not there")
    assert metrics.cost("p") == PluginCost(refused=101, last_error="not there")
    assert 'amber_plugin_refusals_total{plugin="p",right="tables"} 100.0' in metrics.render().decode()


def test_two_kernels_count_apart() -> None:
    one, two = Metrics(), Metrics()
    one.dead.labels("ITEMS", "digest").inc()
    one.lag_from(lambda: 7)
    assert b"amber_digest_lag 7.0" in one.render()
    assert b"amber_digest_lag 0.0" in two.render()
    assert b'amber_dead_letters_total{plugin="digest"' not in two.render()
