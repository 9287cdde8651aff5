"""Columns of a data set: what they are, how they are read, and what a target asks for."""

from axagents.ml.columns.infer import infer_column, infer_columns
from axagents.ml.columns.parse import parse_column, prepare_frame
from axagents.ml.columns.spec import ColumnSpec, Dtype, Kind, NumberFormat
from axagents.ml.columns.target import TASKS, TargetChoice, Task, choose_task, encode_target, label_target

__all__ = [
    "TASKS",
    "ColumnSpec",
    "Dtype",
    "Kind",
    "NumberFormat",
    "TargetChoice",
    "Task",
    "choose_task",
    "encode_target",
    "infer_column",
    "infer_columns",
    "label_target",
    "parse_column",
    "prepare_frame",
]
