"""The memory of a project: what people, agents and workflows want remembered and found again."""

from datetime import timedelta
from functools import cached_property
from importlib import import_module
from typing import Any

from axagents.clock import stamp, utc_now
from axagents.errors import NotFound
from axagents.project import Project
from axagents.stores.memory.hit import Hit
from axagents.stores.memory.namespaces import Namespaces, declared_namespaces
from axagents.stores.memory.records import Change, Check, Page, Record, Records, allow
from axagents.stores.memory.values import check_key, check_namespace, check_ttl, write_value


class Memory:
    """Store, find and look back, in one project.

    Every namespace may be given by its name or an alias of it.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.records = Records(project)

    @cached_property
    def declared(self) -> Namespaces:
        """The namespaces that content declares, the project's own included once trusted."""
        return declared_namespaces(self.project)

    def store(
        self, key: str, value: dict[str, Any], *, namespace: str, ttl: float | None = None, merge: bool = False
    ) -> Record:
        """Write the next version of a record.

        Args:
            key: 1 to 500 characters.
            value: a JSON object of at most 1 MB.
            namespace: declared or not; a declared one's schema is held against the value.
            ttl: seconds to live, at most the namespace's retention.
            merge: lay the value's top-level fields over those of the present version.

        Raises:
            UserError: a key, namespace, value or ttl that is not legal.
        """
        name = self.declared.resolve(check_namespace(namespace))
        change = Change(name, check_key(key), write_value(value), self._expiry(name, check_ttl(ttl)))
        return self.records.put(change, merge=merge, check=self._check_schema(name))

    def plan(self, key: str, value: dict[str, Any], *, namespace: str) -> Change:
        """Check a record that is to be stored as it is, and return it as the change it will be.

        Raises:
            UserError: a key, namespace or value that is not legal.
        """
        name = self.declared.resolve(check_namespace(namespace))
        change = Change(name, check_key(key), write_value(value), self._expiry(name, None))
        self._check_schema(name)(value)
        return change

    def retrieve(self, key: str, *, namespace: str) -> Record | None:
        """Return the newest version of a record, or None when there is none.

        Raises:
            NotFound: the namespace is neither declared nor holds a record.
        """
        found = self.records.get(check_namespace(namespace), check_key(key))
        if found is None:
            name = self.resolve(namespace)
            found = self.records.get(name, key) if name != namespace else None
        return found

    def search(self, query: str, *, namespace: str | None = None, limit: int | None = None) -> "list[Hit]":
        """Return the records that fit a query best, by key, words and vectors.

        Args:
            query: a key, the beginning of one, or what the record is about.
            namespace: where to look; by default everywhere.
            limit: at most so many; by default 10, or every key under the query where these are more.

        Raises:
            NotFound: the namespace is neither declared nor holds a record.
        """
        names = self.records.namespaces() if namespace is None else [self.resolve(check_namespace(namespace))]
        # The one gate to chromadb and numpy: everything else here starts without them.
        search = import_module("axagents.stores.memory.search")
        return search.search(self.project, self.declared, search.Search(query, tuple(names), limit))

    def list(self, namespace: str, *, prefix: str = "", limit: int | None = None) -> Page:
        """Return the keys of a namespace that begin with `prefix`."""
        return self.records.keys(self.resolve(check_namespace(namespace)), prefix, limit=limit)

    def history(self, key: str, *, namespace: str) -> "list[Record]":
        """Return all versions of a record, oldest first; the list is empty when there never was one."""
        return self.records.versions(self.resolve(check_namespace(namespace)), check_key(key))

    def resolve(self, namespace: str) -> str:
        """Return the namespace that a name means.

        Raises:
            NotFound: it is neither declared nor holds a record.
        """
        name = self.declared.resolve(namespace)
        if self.declared.get(name) is None and not self.records.holds(name):
            known = [*self.declared.declarations, *self.declared.aliases, *self.records.namespaces()]
            raise NotFound("namespace", namespace, known, field="namespace", hint="ax memory stats")
        return name

    def _check_schema(self, namespace: str) -> Check:
        declaration = self.declared.get(namespace)
        return declaration.check if declaration else allow

    def _expiry(self, namespace: str, ttl: float | None) -> str | None:
        declaration = self.declared.get(namespace)
        retention = declaration.retention_days if declaration else None
        seconds = [ttl] if ttl is not None else []
        if retention is not None:
            seconds.append(retention * 86_400)
        return stamp(utc_now() + timedelta(seconds=min(seconds))) if seconds else None
