"""Runs the migrations on the connection that `bootstrap.migrate` opened, as the owner role."""

from alembic import context
from sqlalchemy import Connection

from services.common.db.models import Base

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
