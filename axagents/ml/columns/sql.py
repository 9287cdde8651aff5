"""The same reading of a column as `parse_column`, as a DuckDB expression, for tables that do not fit in memory."""

from typing import Literal

from axagents.ml.columns.spec import ColumnSpec, NumberFormat
from axagents.ml.columns.tokens import MISSING_TOKENS

Stored = Literal["text", "number", "boolean", "date"]

# What nanoseconds since 1970 can hold.
_FIRST, _LAST = "TIMESTAMP '1677-09-22 00:00:00'", "TIMESTAMP '2262-04-11 00:00:00'"
_WHITESPACE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)"


def quote_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def read_expression(spec: ColumnSpec, column: str, stored: Stored) -> str:
    """Return the DuckDB expression that reads `column` (an SQL name) as its specification says.

    Gives DOUBLE for numbers and booleans, TIMESTAMP for dates, VARCHAR for strings, NULL where missing.
    The session's time zone must be UTC.
    """
    if spec.dtype == "number":
        value = _read_number(column, spec) if stored == "text" else f"CAST({column} AS DOUBLE)"
        return f"(CASE WHEN isfinite({value}) THEN {value} END)" if stored != "boolean" else value
    if spec.dtype == "boolean":
        return _read_boolean(spec, _as_text(column, stored))
    if spec.dtype == "date":
        moment = column if stored == "date" else _read_date(spec, column, stored)
        return f"(CASE WHEN {moment} BETWEEN {_FIRST} AND {_LAST} THEN {moment} END)"
    return _read_string(spec, _as_text(column, stored))


def _as_text(column: str, stored: Stored) -> str:
    if stored == "text":
        return f"trim({column}, {_WHITESPACE})"
    if stored == "number":
        whole = f"CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR)"
        return f"(CASE WHEN {column} = TRY_CAST({column} AS HUGEINT) THEN {whole} ELSE CAST({column} AS VARCHAR) END)"
    return f"CAST({column} AS VARCHAR)"


def _read_number(column: str, spec: ColumnSpec) -> str:
    form = spec.number_format or NumberFormat()
    if form == NumberFormat():
        # DuckDB 2.0 turns a TRY_CAST of a CSV column itself into a CAST by the reader, which fails on the first text.
        return f"TRY_CAST(trim({column}) AS DOUBLE)"
    text = f"trim({column}, {_WHITESPACE})"
    if form.parentheses:
        text = f"regexp_replace({text}, '^\\((.*)\\)$', '-\\1')"
    for unit in form.units:
        text = f"replace({text}, {quote_text(unit)}, '')"
    if form.thousands:
        text = f"replace({text}, {quote_text(form.thousands)}, '')"
    if form.decimal != ".":
        text = f"replace({text}, {quote_text(form.decimal)}, '.')"
    return f"TRY_CAST({text} AS DOUBLE)"


def _read_boolean(spec: ColumnSpec, text: str) -> str:
    truths = ", ".join(quote_text(token) for token in sorted({*spec.true_tokens, "true", "1", "1.0"}))
    lies = ", ".join(quote_text(token) for token in sorted({*spec.false_tokens, "false", "0", "0.0"}))
    return (
        f"(CASE WHEN lower({text}) IN ({truths}) THEN 1.0::DOUBLE WHEN lower({text}) IN ({lies}) THEN 0.0::DOUBLE END)"
    )


def _read_date(spec: ColumnSpec, column: str, stored: Stored) -> str:
    date_format = spec.date_format or "iso"
    text = _as_text(column, stored)
    if date_format in ("epoch-s", "epoch-ms"):
        scale = 1_000_000 if date_format == "epoch-s" else 1_000
        return f"make_timestamp(CAST(TRY_CAST({text} AS DOUBLE) * {scale} AS BIGINT))"
    if date_format == "iso":
        return f"make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)))"
    return f"try_strptime({text}, {quote_text(date_format)})"


def _read_string(spec: ColumnSpec, text: str) -> str:
    gone = ", ".join(quote_text(token) for token in sorted({*spec.missing_tokens, ""}))
    marks = ", ".join(quote_text(token) for token in sorted(MISSING_TOKENS))
    longest = max(len(token) for token in MISSING_TOKENS)
    missing = f"{text} IN ({gone}) OR (strlen({text}) <= {longest} AND lower({text}) IN ({marks}))"
    if spec.kept_tokens:
        kept = ", ".join(quote_text(token) for token in spec.kept_tokens)
        missing = f"({missing}) AND {text} NOT IN ({kept})"
    value = f"regexp_replace({text}, '\\.$', '')" if spec.suffix == "." else text
    return f"(CASE WHEN {missing} THEN NULL ELSE {value} END)"
