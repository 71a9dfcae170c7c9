#!/bin/sh
# Writes .env for docker-compose.yml: fresh random passwords and keys, once. Prints nothing secret, replaces nothing.
#   deploy/secrets.sh [FILE]
set -eu

file=${1:-.env}
if [ -e "$file" ]; then
    echo "$file is there already; remove it (and the volumes: docker compose down -v) for new secrets" >&2
    exit 1
fi

random_hex() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
partner=fl_$(random_hex)

umask 077
{
    for name in POSTGRES_PASSWORD REDIS_PASSWORD GRAFANA_PASSWORD ADMIN_PASSWORD \
        DB_PASSWORD_USER DB_PASSWORD_PRODUCT DB_PASSWORD_INVENTORY DB_PASSWORD_ORDER DB_PASSWORD_PAYMENT DB_PASSWORD_PSP \
        SERVICE_TOKEN_KEY KEY_ENCRYPTION_KEY PSP_WEBHOOK_SECRET; do
        echo "$name=$(random_hex)"
    done
    echo "PSP_API_KEY=sk_$(random_hex)"
    echo "PAYMENT_ENCRYPTION_KEYS=1:$(head -c 32 /dev/urandom | base64)"
    echo "PARTNER_API_KEY=$partner"
    echo "PARTNER_API_KEY_SHA256=$(printf %s "$partner" | sha256sum | cut -d ' ' -f 1)"
} >"$file"
echo "wrote $file" >&2
