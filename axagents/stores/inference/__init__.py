"""The inference log: what each version answered to whom, and what became true afterwards.

This half, with which the gateway writes, is light; `reading`, `labelled`, `importing`, `forgetting` and `fold` load
deltalake, pyarrow and DuckDB.
"""

from axagents.stores.inference.keys import hash_unit, unit_key, unit_text
from axagents.stores.inference.outcomes import append_outcomes, parse_outcomes
from axagents.stores.inference.places import LogPlace, every_log, outcomes_log, predictions_log
from axagents.stores.inference.record import Outcome, Record
from axagents.stores.inference.segments import SegmentWriter, unfolded_bytes

__all__ = [
    "LogPlace",
    "Outcome",
    "Record",
    "SegmentWriter",
    "append_outcomes",
    "every_log",
    "hash_unit",
    "outcomes_log",
    "parse_outcomes",
    "predictions_log",
    "unfolded_bytes",
    "unit_key",
    "unit_text",
]
