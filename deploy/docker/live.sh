#!/usr/bin/env bash
# Does the admin port answer GET /live? Bash alone, so that the image needs no HTTP client.
set -eu

port=${SERVICE_ADMIN_ADDR##*:}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /live HTTP/1.0\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
