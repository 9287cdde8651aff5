"""The texts that mean missing, true or false, and the names that mean an identifier or a time."""

import re

# Missing in a column of any type. "?" is the mark of the UCI archive, \N that of MySQL and Hive dumps.
MISSING_TOKENS = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "null", "<na>", "nat", "\\n", "#null!"})

# Missing only where the rest of the column are numbers or dates; among categories they are categories.
WEAK_MISSING_TOKENS = frozenset(
    {
        "-",
        "--",
        "---",
        ".",
        "..",
        "none",
        "nil",
        "n.a.",
        "n/d",
        "n.d.",
        "unknown",
        "missing",
        "tbd",
        "(null)",
        "#div/0!",
    }
)

BOOLEAN_PAIRS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("1", "0"), ("1.0", "0.0"), ("on", "off"))

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_IDENTIFIER_WORDS = frozenset(
    {"id", "ids", "uuid", "guid", "key", "pk", "sk", "ssn", "iban", "imei", "msisdn", "email"}
)
_IDENTIFIER_ENDINGS = ("userid", "customerid", "clientid", "accountid", "orderid", "sessionid", "transactionid")
_TIME_WORDS = frozenset(
    {"date", "time", "timestamp", "datetime", "ts", "epoch", "at", "day", "created", "updated", "dt", "since", "dob"}
)


def split_name(name: str) -> list[str]:
    """Split a column name into lower-case words: customerID and customer_id give customer, id."""
    return [word.lower() for word in _WORDS.findall(name)]


def names_identifier(name: str) -> bool:
    """Say whether a column's name is that of an identifier."""
    words = split_name(name)
    if not words:
        return False
    return (
        words[-1] in _IDENTIFIER_WORDS
        or words[0] in {"id", "uuid", "guid"}
        or "".join(words).endswith(_IDENTIFIER_ENDINGS)
    )


def names_postal_code(name: str) -> bool:
    """Say whether a column's name is that of a postal code."""
    return bool({"zip", "zipcode", "postcode", "postal", "plz"}.intersection(split_name(name)))


def names_row_number(name: str) -> bool:
    """Say whether a column's name is that of a row number, or no name at all."""
    words = split_name(name)
    return not words or words[0] in {
        "unnamed",
        "index",
        "row",
        "rownum",
        "rownumber",
        "idx",
        "nr",
        "no",
        "seq",
        "column",
    }


def names_time(name: str) -> bool:
    """Say whether a column's name is that of a date or a time."""
    return bool(_TIME_WORDS.intersection(split_name(name)))


def is_missing_token(token: str) -> bool:
    """Say whether a stripped text means missing in a column of any type."""
    return token.casefold() in MISSING_TOKENS


def is_weak_missing_token(token: str) -> bool:
    """Say whether a stripped text means missing among numbers and dates."""
    return token.casefold() in WEAK_MISSING_TOKENS
