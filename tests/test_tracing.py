"""Spans: nested by the context, handed on in batches, and cheap."""

import contextvars
import threading
import time

import pytest

from axagents.errors import Refused, Waiting
from axagents.tracing import BATCH, Span, add_span, current_span, recording, span


def test_spans_lie_within_one_another_in_one_trace() -> None:
    kept: list[Span] = []
    with recording("outer", kept.extend) as first, span("run", attributes={"a.b": 1, "none": None}):
        with span("turn", kind="client"):
            current_span().tell({"c": "d"})
            current_span().happened("again", {"wait": 0.5})
        with recording("inner", lambda spans: pytest.fail(str(spans))) as second, span("run"):
            pass
    inner, again, outer = kept[1], kept[0], kept[2]
    assert (first, second) == (True, False)
    assert [each.name for each in kept] == ["turn", "run", "run"]
    assert {each.trace_id for each in kept} == {outer.trace_id}
    assert [again.parent_id, inner.parent_id, outer.parent_id] == [outer.span_id, outer.span_id, None]
    assert [again.run_id, inner.run_id, outer.run_id] == ["outer", "inner", "outer"]
    assert (again.attributes, again.events[0].name, outer.attributes) == ({"c": "d"}, "again", {"a.b": 1})
    assert outer.started <= again.started <= again.ended <= outer.ended
    assert (len(outer.trace_id), len(outer.span_id)) == (32, 16)


def test_outside_a_recording_nothing_is_kept() -> None:
    with span("alone") as made:
        made.tell({"a": 1})
    add_span("past", 1, 2, attributes={})
    assert current_span().name == ""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("no, because of sk-secret"), "refused"),
        (KeyError("sk-secret"), "KeyError"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (Waiting("later", needs=[]), None),
    ],
)
def test_an_error_is_told_by_its_kind_alone_and_the_spans_are_kept(error: BaseException, told: str | None) -> None:
    kept: list[Span] = []
    with pytest.raises(type(error)), recording("run", kept.extend), span("run"), span("turn"):
        raise error
    assert [each.error for each in kept] == [told, told]


def test_ended_spans_are_handed_on_in_batches() -> None:
    batches: list[int] = []
    with recording("run", lambda spans: batches.append(len(spans))):
        for _ in range(BATCH + 1):
            with span("turn"):
                pass
        assert batches == [BATCH]
    assert batches == [BATCH, 1]


def test_a_thread_that_takes_the_context_along_takes_the_span_along() -> None:
    kept: list[Span] = []

    def work() -> None:
        with span("beside"):
            pass

    with recording("run", kept.extend), span("run"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert kept[0].parent_id == kept[1].span_id


def test_a_span_costs_little() -> None:
    """A tenth of a millisecond of CPU is what one may cost; it takes a twentieth of that."""
    kept: list[Span] = []
    with recording("run", kept.extend):
        began = time.process_time()
        for number in range(1000):
            with span("chat m", kind="client", attributes={"a": 1, "b": "x"}) as made:
                made.tell({"c": number})
        spent = time.process_time() - began
    assert spent / 1000 < 100e-6
