"""The event loop of serving processes: uvloop's, where it is installed."""

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

__all__ = ["new_event_loop"]
