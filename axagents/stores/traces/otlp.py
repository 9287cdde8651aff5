"""Spans in OpenTelemetry's own encoding, and sending them over HTTP."""

import os
from collections.abc import Sequence

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from axagents import __version__
from axagents.stores.traces.targets import Target
from axagents.tracing import Attributes, Span, Value

SERVICE = "axagents"
_KINDS = {"internal": trace_pb2.Span.SPAN_KIND_INTERNAL, "client": trace_pb2.Span.SPAN_KIND_CLIENT}


def send(spans: Sequence[Span], target: Target) -> str | None:
    """Send spans to a collector, and return what went wrong, if anything."""
    body = encode(spans).SerializeToString()
    headers = {**target.headers, "Content-Type": "application/x-protobuf"}
    try:
        status = httpx2.post(target.url, content=body, headers=headers, timeout=target.seconds).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return f"it cannot be reached ({type(error).__name__})"
    return None if status < 300 else f"it answered with HTTP {status}"


def encode(spans: Sequence[Span]) -> ExportTraceServiceRequest:
    """Return spans as one request of the protocol."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.extend(_pairs(_resource()))
    scope = resource.scope_spans.add()
    scope.scope.name, scope.scope.version = "axagents", __version__
    scope.spans.extend(encode_span(each) for each in spans)
    return request


def encode_span(span: Span) -> trace_pb2.Span:
    """Return one span as the protocol has it."""
    told: Attributes = {**span.attributes, "error.type": span.error}
    made = trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id or ""),
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=span.started,
        end_time_unix_nano=span.ended,
        attributes=_pairs(told),
    )
    for each in span.events:
        made.events.add(name=each.name, time_unix_nano=each.at, attributes=_pairs(each.attributes))
    if span.error:
        made.status.code = trace_pb2.Status.STATUS_CODE_ERROR
    return made


def _resource() -> Attributes:
    """Return what sends: our name, and what OpenTelemetry's own variables put to it."""
    own = dict(each.split("=", 1) for each in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",") if "=" in each)
    name = os.environ.get("OTEL_SERVICE_NAME") or own.get("service.name") or SERVICE
    return {"service.version": __version__, **own, "service.name": name}


def _pairs(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items() if value is not None]


def _value(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, tuple):
        return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=each) for each in value]))
    return AnyValue(string_value=value)
