#!/usr/bin/env bash
# Installs what the tests use and is not there, when it may (root or sudo without a password, apt).
# Without that the tests concerned are skipped, and this script says so.
set -u
pg() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1; }
want=()
command -v redis-server >/dev/null || want+=(redis-server)
[ -n "$(pg)" ] || want+=(postgresql)
command -v chromium >/dev/null || want+=(chromium)
fc-list 2>/dev/null | grep -qi 'noto.*cjk' || want+=(fonts-noto-cjk)
have() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
have dovecot && [ -x /usr/lib/dovecot/lmtp ] && [ -x /usr/lib/dovecot/imap ] || want+=(dovecot-imapd dovecot-lmtpd)
have postfix || want+=(postfix)
[ ${#want[@]} = 0 ] && exit 0
sudo=
[ "$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && sudo='sudo -n'; } || { echo "tests: not installed and not allowed to install: ${want[*]}; what needs them is skipped" >&2; exit 0; }
command -v apt-get >/dev/null || { echo "tests: no apt here; not installed: ${want[*]}; what needs them is skipped" >&2; exit 0; }
echo "tests: installing ${want[*]}"
export DEBIAN_FRONTEND=noninteractive
{ $sudo apt-get update -q && $sudo apt-get install -qy --no-install-recommends "${want[@]}"; } >/tmp/zongji-apt.log 2>&1 || { tail -5 /tmp/zongji-apt.log >&2; echo "tests: installing ${want[*]} did not work; what needs them is skipped" >&2; }
# A distribution's own service is not used: each test starts its own server.
