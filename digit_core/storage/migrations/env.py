"""Runs the migrations in the connection, and the transaction, that `digit_core.storage.database` has begun."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
