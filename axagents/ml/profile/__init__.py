"""Profiles of datasets: what is in them, how it is spread, and what looks wrong."""

from axagents.ml.profile.frame import Subject, profile_frame
from axagents.ml.profile.model import DataProfile
from axagents.ml.profile.stream import profile_table

__all__ = ["DataProfile", "Subject", "profile_frame", "profile_table"]
