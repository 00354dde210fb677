"""The access rules of a model as row-level security policies of PostgreSQL.

A policy is the rule's own condition, compiled like every other, about a caller that is a setting of the transaction
(`backwright.caller`) instead of a parameter. What a rule looks at in other rows it sees unfiltered (LANGUAGE, semantics
1), or membership rules would go round in circles: its subqueries read views that belong to the owner of the tables.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.emit.sql import quoted
from backwright.emit.storage import ModelStorage, unfiltered
from backwright.expr import sql
from backwright.expr.setwise import setwise
from backwright.expr.typed import Expression, Linked, Member, Name
from backwright.migrate.schema import Policy, Schema
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Entity, Field, ManyType, Model, Rule, Verb
from backwright_runtime.database.names import caller_role, shortened, trusted_role
from backwright_runtime.database.statement import TOKEN

COMMANDS: dict[Verb, str] = {"read": "SELECT", "create": "INSERT", "update": "UPDATE", "delete": "DELETE"}
NOW = "(SELECT coalesce(nullif(current_setting('backwright.now', true), '')::timestamptz, now()))"


def guarded(schema: Schema, model: Model) -> Schema:
    """The schema with a policy for each entity and verb, where the specification switches them on."""
    if schema.dialect == "sqlite" or model.security is None or not model.security.row_level:
        return schema
    tables = dict(schema.tables)
    for entity in model.entities:
        policies = tuple(_Policies(model, entity).of_entity())
        tables[entity.table] = msgspec.structs.replace(tables[entity.table], policies=policies)
        for field in entity.fields:
            if isinstance(field.type, ManyType):
                name = link_table(entity, field.name)
                links = tuple(_of_links(model, entity, field))
                tables[name] = msgspec.structs.replace(tables[name], policies=links)
    return Schema(schema.dialect, tables, guarded_by=model.service.package)


class _Policies:
    def __init__(self, model: Model, entity: Entity) -> None:
        self.model = model
        self.entity = entity
        self.storage = ModelStorage(model, unfiltered=True)

    def of_entity(self) -> Iterator[Policy]:
        """One policy for each verb; a rule `none` has a policy as well, which says that it is meant."""
        entity = self.entity
        for verb, command in COMMANDS.items():
            rule = entity.access[verb]
            condition = self.condition(rule)
            there = (
                f"({condition})" if entity.soft_delete is None else f"({condition})\n    AND {self.there()}"
            )
            after = entity.after if verb == "update" and entity.after is not None else rule
            yield Policy(
                name=shortened(f"{entity.table}_{verb}"),
                command=command,
                words=f"{entity.name} {verb}: {rule.source}",
                using="" if verb == "create" else there,
                check=f"({self.condition(after)})" if verb in ("create", "update") else "",
            )

    def there(self) -> str:
        entity = self.entity
        return f"{quoted(entity.table)}.{quoted(entity.field(entity.soft_delete or '').column)} IS NULL"

    def condition(self, rule: Rule) -> str:
        """The rule about a row of the table. Raises NotCompiled for what no policy can hold."""
        known = setwise(rule.condition)
        found = sql.compile(known, self.storage, "postgresql", this=quoted(self.entity.table))
        if found.sealed:
            raise sql.NotCompiled("a policy cannot encrypt what it compares with an encrypted field")
        supplied = found.parameters

        def value(name: str) -> str:
            return self.supplied(supplied[name])

        return "".join(
            value(token.group()[1:]) if token.lastgroup == "name" else token.group()
            for token in TOKEN.finditer(found.text)
        )

    def supplied(self, value: Expression) -> str:
        """What stands for a parameter: the caller, a field of the caller, or the instant."""
        match value:
            case Name(root="caller", type=kind):
                identity = kind.entity or ""
                key = sql.type_name(sql.key_type(self.storage, identity), self.storage)
                return f"(SELECT nullif(current_setting('backwright.caller', true), '')::{key})"
            case Name(root="now"):
                return NOW
            case Member(of=of, entity=entity, field=field) if entity in self.entities:
                table = self.storage.source(entity)
                [key] = self.storage.keys(entity)
                column, key = self.storage.column(entity, field), self.storage.column(entity, key)
                return f"(SELECT each.{column} FROM {table} AS each WHERE each.{key} = {self.supplied(of)})"  # noqa: S608
            case Linked(of=of, entity=entity, field=field):
                link = self.storage.link(entity, field)
                if link is not None:
                    rows = f"SELECT each.{link.target} FROM {link.read_from} AS each"  # noqa: S608
                    return f"(ARRAY({rows} WHERE each.{link.holder} = {self.supplied(of)}))"
            case _:
                pass
        raise sql.NotCompiled(f"a policy has no way to be given {type(value).__name__}")

    @property
    def entities(self) -> set[str]:
        return {entity.name for entity in self.model.entities}


def _of_links(model: Model, entity: Entity, field: Field) -> Iterator[Policy]:
    """Links belong to the row that has the field: whoever may read it sees them, whoever may write it sets them."""
    assert isinstance(field.type, ManyType)
    name = link_table(entity, field.name)
    holder, _ = link_columns(entity, field.name, model.entity(field.type.entity))
    key = quoted(entity.field(entity.key).column)
    row = (
        f"SELECT 1 FROM {quoted(entity.table)} AS holder WHERE holder.{key} = {quoted(name)}.{quoted(holder)}"  # noqa: S608
    )
    words = f"links of {entity.name}.{field.name}: those of rows that the caller may read"
    yield Policy(name=shortened(f"{name}_read"), command="SELECT", words=words, using=f"EXISTS ({row})")


def unguarding(schema: Schema, *, for_good: bool) -> Iterator[str]:
    """Statements that take policies and views away. Until they are back the caller's role sees nothing at all."""
    for table in schema.tables.values():
        yield from (f"DROP POLICY {quoted(each.name)} ON {quoted(table.name)};" for each in table.policies)
        yield f"DROP POLICY {quoted(_trusted(table.name))} ON {quoted(table.name)};"
        yield f"ALTER TABLE {quoted(table.name)} NO FORCE ROW LEVEL SECURITY;"
        if for_good:
            yield f"ALTER TABLE {quoted(table.name)} DISABLE ROW LEVEL SECURITY;"
    yield from (f"DROP VIEW {quoted(unfiltered(table.name))};" for table in schema.tables.values())


def guarding(schema: Schema) -> Iterator[str]:
    """Statements that switch row-level security on for every table: views first, since policies read them."""
    caller, trusted = quoted(caller_role(schema.guarded_by)), quoted(trusted_role(schema.guarded_by))
    for table in schema.tables.values():
        name, view = quoted(table.name), quoted(unfiltered(table.name))
        yield f"CREATE VIEW {view} AS SELECT * FROM {name};"  # noqa: S608
        yield f"COMMENT ON VIEW {view} IS 'What access rules look at, whoever asks; nothing else reads it.';"
        yield f"GRANT SELECT ON {view} TO {caller};"
    for table in schema.tables.values():
        name = quoted(table.name)
        yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
        yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY;"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {caller}, {trusted};"
        every = quoted(_trusted(table.name))
        yield f"CREATE POLICY {every} ON {name} TO {trusted} USING (true) WITH CHECK (true);"
        for policy in table.policies:
            yield _created(policy, name, caller)
            words = policy.words.replace("'", "''")
            yield f"COMMENT ON POLICY {quoted(policy.name)} ON {name} IS '{words}';"


def _created(policy: Policy, table: str, caller: str) -> str:
    lines = [f"CREATE POLICY {quoted(policy.name)} ON {table} FOR {policy.command} TO {caller}"]
    lines += [f"    USING ({policy.using})"] if policy.using else []
    lines += [f"    WITH CHECK ({policy.check})"] if policy.check else []
    return "\n".join(lines) + ";"


def _trusted(table: str) -> str:
    return shortened(f"{table}_trusted")


def making_roles(package: str) -> Iterator[str]:
    """Statements that make the two roles where they are missing, and let the owner of the tables be both.

    Roles are the cluster's: another database of it may have made them already, even at this moment.
    """
    for role in (caller_role(package), trusted_role(package)):
        yield (
            "DO $$ BEGIN\n"
            f"    CREATE ROLE {quoted(role)} NOLOGIN;\n"
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\nEND $$;"
        )
        yield (
            "DO $$ BEGIN\n"
            f"    IF NOT pg_has_role(current_user, '{role}', 'USAGE') THEN\n"
            f"        GRANT {quoted(role)} TO CURRENT_USER;\n    END IF;\nEND $$;"
        )
        yield f"DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {quoted(role)}', current_schema()); END $$;"
    own = ", ".join(("backwright_revoked_token", "backwright_idempotent_answer"))
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {own} TO {quoted(trusted_role(package))};"
    yield f"GRANT SELECT ON backwright_migration TO {quoted(trusted_role(package))};"


def dropping_roles(package: str) -> Iterator[str]:
    """Statements that drop the two roles, unless another database of the cluster still needs them."""
    for role in (caller_role(package), trusted_role(package)):
        name = quoted(role)
        for what in ("ALL ON ALL TABLES IN SCHEMA", "USAGE ON SCHEMA"):
            yield f"DO $$ BEGIN EXECUTE format('REVOKE {what} %I FROM {name}', current_schema()); END $$;"
        yield (
            "DO $$ BEGIN\n"
            f"    DROP ROLE {name};\n"
            "EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;\nEND $$;"
        )
