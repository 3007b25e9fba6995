"""Instruments come from a catalogue, and a scrape leaves out a failing or slow source (OPS-4)."""

import threading
from collections.abc import Iterator

import pytest
from port_runtime.metrics import Instruments, Sample, counter, histogram, observable_gauge
from port_runtime.scrape_collector import ScrapeCollector
from prometheus_client import generate_latest

EATEN = counter("cakes_eaten_total", "cakes", "Cakes eaten", kind=("plum", "apple"))
LEFT = observable_gauge("cakes_left", "cakes", "Cakes that are left", shelf=())
BAKING = histogram("cakes_baking_seconds", "Baking one", buckets=(1.0, 60.0))


def _lines(meters: Instruments, *looks: ScrapeCollector) -> list[str]:
    registry = meters.registry(*looks)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


@pytest.mark.rule("OPS-4")
def test_labels_of_known_values_start_at_zero() -> None:
    meters = Instruments((EATEN,))

    meters.counter(EATEN).labels("plum").inc()

    assert _lines(meters) == ['cakes_eaten_total{kind="plum"} 1.0', 'cakes_eaten_total{kind="apple"} 0.0']


@pytest.mark.rule("OPS-4")
def test_a_metric_outside_the_catalogue_has_no_instrument_and_is_not_exposed() -> None:
    meters = Instruments((EATEN,))

    lines = _lines(meters, ScrapeCollector(lambda: [Sample(LEFT, 3, ("top",))]))

    assert [line for line in lines if "left" in line] == []
    with pytest.raises(KeyError):
        meters.histogram(BAKING)


@pytest.mark.rule("OPS-4")
def test_instruments_of_one_process_do_not_share_values() -> None:
    one, other = Instruments((BAKING,)), Instruments((BAKING,))

    one.histogram(BAKING).observe(30)

    assert "cakes_baking_seconds_count 1.0" in _lines(one)
    assert "cakes_baking_seconds_count 0.0" in _lines(other)


@pytest.mark.rule("OPS-4")
def test_a_source_that_fails_or_hangs_is_left_out_of_the_scrape() -> None:
    release = threading.Event()
    calls = []

    def hangs() -> Iterator[Sample]:
        calls.append("once")
        release.wait(20)
        yield Sample(LEFT, 1, ("hanging",))

    def fails() -> Iterator[Sample]:
        yield Sample(LEFT, 2, ("failing",))
        raise ConnectionError("redis://user:secret@host")

    observer = ScrapeCollector(hangs, fails, lambda: [Sample(LEFT, 3, ("top",))], timeout_seconds=0.2)
    lines = [_lines(Instruments((LEFT,)), observer) for _ in range(2)]
    release.set()

    assert lines == [['cakes_left{shelf="top"} 3.0']] * 2
    assert calls == ["once"]
