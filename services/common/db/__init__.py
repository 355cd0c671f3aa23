"""Postgres: tables, sessions bound to one tenant, migrations. Installed in gateway and fusion only."""
