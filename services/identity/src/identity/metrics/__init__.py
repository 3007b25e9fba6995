"""The catalogue of identity's metrics (OPS-4), one module for each process.

No label may contain a name, an address or a token.
`deploy/observability/metrics.md` is generated from this catalogue.
"""

from port_runtime.process_metrics import build_info

BUILD = build_info("identity")
