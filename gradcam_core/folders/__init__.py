"""A folder of photographs: one row each, maps that look at the same place, and a report.

    found = audit(Explainer(), "photographs", rows="rows.parquet")
    found.report("audit.html")

Public names: `LEFT_OUT`, `SCHEMA`, `Audit`, `Cluster`, `Confusion`, `Effect`, `Row`, `audit`, `steps`.
"""

from .audit import LEFT_OUT, Audit, audit, steps
from .clusters import Cluster, Effect
from .confusions import Confusion
from .rows import SCHEMA, Row

__all__ = ["LEFT_OUT", "SCHEMA", "Audit", "Cluster", "Confusion", "Effect", "Row", "audit", "steps"]
