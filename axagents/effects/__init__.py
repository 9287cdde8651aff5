"""The journal's one door: whatever changes what others rely on goes through `perform`."""

from axagents.effects.door import perform, perform_command, resume_command, undo, undo_run
from axagents.effects.effect import Effect, Performed, Probe

__all__ = ["Effect", "Performed", "Probe", "perform", "perform_command", "resume_command", "undo", "undo_run"]
