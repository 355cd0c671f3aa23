#!/bin/sh
# First start of the database container: the roles that services/common/db/bootstrap.py would make,
# and the database handed to its owner. The migration job then runs as candor_owner.
set -eu

: "${CANDOR_OWNER_PASSWORD:?}" "${CANDOR_GATEWAY_PASSWORD:?}" "${CANDOR_FUSION_PASSWORD:?}"

psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet \
    --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-candor}" <<'SQL'
\getenv owner_password CANDOR_OWNER_PASSWORD
\getenv gateway_password CANDOR_GATEWAY_PASSWORD
\getenv fusion_password CANDOR_FUSION_PASSWORD

CREATE ROLE candor_owner NOINHERIT LOGIN PASSWORD :'owner_password';
CREATE ROLE candor_gateway NOINHERIT LOGIN PASSWORD :'gateway_password';
CREATE ROLE candor_fusion NOINHERIT LOGIN PASSWORD :'fusion_password';
CREATE ROLE candor_definer NOINHERIT NOLOGIN;
GRANT candor_definer TO candor_owner;

SELECT current_database() AS name \gset
ALTER DATABASE :"name" OWNER TO candor_owner;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO candor_gateway, candor_fusion;
GRANT USAGE, CREATE ON SCHEMA public TO candor_owner, candor_definer;
SQL
