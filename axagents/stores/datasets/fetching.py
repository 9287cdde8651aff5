"""Datasets that lie elsewhere: URLs that fsspec reads, tables and queries of databases through Ibis."""

import os
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from axagents.errors import Failed, UserError
from axagents.ml.columns.sql import quote_text
from axagents.stores.datasets.record import Source

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_DATABASES = frozenset(
    {"duckdb", "sqlite", "postgres", "postgresql", "mysql", "mssql", "snowflake", "bigquery", "trino", "clickhouse"}
    | {"databricks", "oracle", "motherduck", "athena", "impala", "exasol", "risingwave"}
)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET = re.compile(
    r"://[^/@:]*:(?P<password>[^@/]+)@|[?&](?:password|token|secret|sig|signature|key|access_key)=(?P<value>[^&#]+)",
    re.IGNORECASE,
)
_INSTALL = "pip install 'axagents[remote-data]'"


def find_source(location: str) -> Source:
    """Say whether a location is a file, a URL, or a table of a database."""
    scheme = _SCHEME.match(location)
    if scheme is None:
        return "file"
    return "sql" if scheme.group(1).lower() in _DATABASES else "url"


def refuse_secrets(location: str) -> None:
    """Raise UserError when a location holds a password that is not the name of a variable."""
    for found in _SECRET.finditer(location):
        value = found.group("password") or found.group("value")
        if not _VARIABLE.fullmatch(value):
            raise UserError(
                "the address holds a password, and the catalog keeps none",
                field="path",
                hint="put it in an environment variable and write ${NAME} in its place",
            )


def fetch(location: str, folder: Path) -> Path:
    """Bring a URL or a table into a temporary file of `folder` and return its path.

    Raises UserError when the extra is not installed or the address is wrong, Failed when it cannot be read.
    """
    if find_source(location) == "sql":
        return _fetch_table(location, folder)
    return _fetch_url(location, folder)


def _fetch_url(location: str, folder: Path) -> Path:
    fsspec = _import_extra("fsspec", location)
    target = folder / (Path(location.split("?")[0].split("#")[0]).name or "data")
    try:
        with fsspec.open(_expand(location), "rb") as opened, target.open("wb") as out:
            shutil.copyfileobj(opened, out, 1 << 20)
    except FileNotFoundError:
        raise UserError(f"nothing is at {location}", field="path") from None
    except ImportError as error:
        raise UserError(f"{location} needs a package that is not installed: {error}", hint=_INSTALL) from None
    except (OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise Failed(f"cannot read {location}: {_hide(str(error), location)}") from error
    return target


def _fetch_table(location: str, folder: Path) -> Path:
    address, _, wanted = location.partition("#")
    if not wanted.strip():
        raise UserError(
            f"{location} names a database and no table", field="path", hint=f"write {address}#TABLE, or #SELECT ..."
        )
    is_query = wanted.strip().lower().startswith(("select ", "with "))
    target = folder / "table.parquet"
    copy = _copy_from_duckdb if address.lower().startswith("duckdb://") else _copy_through_ibis
    try:
        copy(location, target, wanted=wanted.strip(), is_query=is_query)
    except ImportError as error:
        raise UserError(f"{location} needs a package that is not installed: {error}", hint=_INSTALL) from None
    except (duckdb.Error, OSError, ValueError, RuntimeError) as error:
        raise UserError(f"cannot read {location}: {_hide(str(error), location)}", field="path") from error
    return target


def _copy_from_duckdb(location: str, target: Path, *, wanted: str, is_query: bool) -> None:
    # Ibis 12 asks DuckDB 2.0 for methods that it no longer has, and there is nothing between the two to gain.
    path = Path(_expand(location.partition("#")[0]).partition("://")[2])
    if not path.is_file():
        raise UserError(f"there is no file {path}", field="path")
    query = wanted if is_query else f"SELECT * FROM {_quote_name(wanted)}"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute(f"COPY ({query}) TO {quote_text(str(target))} (FORMAT PARQUET)")


def _copy_through_ibis(location: str, target: Path, *, wanted: str, is_query: bool) -> None:
    ibis = _import_extra("ibis", location)
    connection = ibis.connect(_expand(location.partition("#")[0]))
    try:
        expression = connection.sql(wanted) if is_query else connection.table(wanted)
        expression.to_parquet(target)
    except Exception as error:
        expected = (ibis.common.exceptions.IbisError, ibis.common.exceptions.TableNotFound)
        if not isinstance(error, expected) and not _is_driver_error(error):
            raise
        raise UserError(f"cannot read {location}: {_hide(str(error), location)}", field="path") from error
    finally:
        connection.disconnect()


def _is_driver_error(error: Exception) -> bool:
    """Say whether a database's driver raised it: each has its own class, and PEP 249 calls their root Error."""
    return any(kind.__name__ == "Error" for kind in type(error).__mro__)


def _quote_name(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _import_extra(name: str, location: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UserError(f"{location} cannot be read: {name} is not installed", field="path", hint=_INSTALL) from None


def _expand(location: str) -> str:
    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise UserError(f"the environment variable {name} of {location} is not set", hint=f"export {name}=...")
        return os.environ[name]

    return _VARIABLE.sub(value, location)


def _hide(text: str, location: str) -> str:
    for name in _VARIABLE.findall(location):
        text = text.replace(os.environ.get(name, "\x00"), "${" + name + "}")
    lines = text.strip().splitlines()
    return lines[0] if lines else "no reason given"
