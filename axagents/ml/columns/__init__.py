"""Columns of a data set: what they are, how they are read, and what a target asks for."""

from axagents.ml.columns.parse import parse_column, prepare_frame
from axagents.ml.columns.spec import ColumnSpec, Dtype, Kind, NumberFormat

__all__ = ["ColumnSpec", "Dtype", "Kind", "NumberFormat", "parse_column", "prepare_frame"]
