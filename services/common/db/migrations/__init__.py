"""The Alembic chain. Run it with `services.common.db.bootstrap.migrate`."""
