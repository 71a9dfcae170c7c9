# Installs the Debian packages named as arguments, as root, and leaves no service of theirs running.
#
# The lab runs PostgreSQL, Redis, Prometheus, Alertmanager and nginx itself, on its own ports and data. The packages would start
# them on their standard ports, and at every boot: on a developer's machine that is a surprise, so
#   - a policy-rc.d that says "not now" (101) keeps package scripts from starting services, for as long as we install;
#   - postgresql-common is told not to create the default cluster, if PostgreSQL is new to this machine;
#   - redis-server, prometheus, prometheus-alertmanager and nginx are disabled afterwards, if they are new to this machine.
# Everything that was changed for the installation is changed back, also when it fails. What was there before
# (a running redis-server, clusters, a policy-rc.d as container images have it) stays as it was.
set -eu

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
made_policy=
kept_clusters=

restore() {
    if [ -n "$made_policy" ]; then rm -f "$policy"; fi
    if [ -n "$kept_clusters" ]; then cat "$kept_clusters" >"$clusters"; rm -f "$kept_clusters"; fi
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
wants() { case " $packages " in *" $1 "*) true ;; *) false ;; esac; }
get() { apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" </dev/null; }

export DEBIAN_FRONTEND=noninteractive
packages="$*"

new_services=
for service in redis-server prometheus prometheus-alertmanager nginx-light; do
    if wants "$service" && ! is_installed "$service"; then new_services="$new_services $service"; fi
done

if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

# An old list of packages names files that the mirrors no longer have.
apt-get -o DPkg::Lock::Timeout=120 update

if wants postgresql && ! is_installed postgresql; then
    get postgresql-common
    if [ -e "$clusters" ]; then
        kept_clusters=$(mktemp)
        cat "$clusters" >"$kept_clusters"
        printf 'create_main_cluster = false\n' >>"$clusters"
    fi
fi

get "$@"

if [ -n "$new_services" ] && [ -d /run/systemd/system ]; then
    # Unquoted: one word for each service. The unit of nginx-light is nginx.
    systemctl disable $(printf '%s' "$new_services" | sed 's/nginx-light/nginx/')
fi
