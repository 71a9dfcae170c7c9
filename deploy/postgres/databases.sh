#!/usr/bin/env bash
# A database and a role for each service, closed to every other one: what `faultline up` does in a lab. Run once by the
# postgres image, when its volume is empty.
set -euo pipefail

for service in user product inventory order payment psp; do
    variable="DB_PASSWORD_${service^^}"
    psql --quiet --set ON_ERROR_STOP=1 --set role="$service" --set password="${!variable}" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role" TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE :"role" FROM PUBLIC;
SQL
done

psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --command 'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC'
