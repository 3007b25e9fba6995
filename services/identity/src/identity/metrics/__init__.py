"""The catalogue of identity's metrics (OPS-4), one module for each process.

No label may contain a name, an address or a token.
`deploy/observability/metrics.md` is generated from this catalogue.
"""

from collections.abc import Mapping

from port_runtime.metrics import Metric
from port_runtime.process_metrics import PROCESS, build_info

BUILD = build_info("identity")


def catalogue(module: Mapping[str, object]) -> tuple[Metric, ...]:
    """Return the metrics that the variables of a module declare, and those of every process."""
    return (*(each for each in module.values() if isinstance(each, Metric)), BUILD, *PROCESS)
