"""The versions of the database's schema, by Alembic; `digit_core.storage.database` upgrades to the last."""
