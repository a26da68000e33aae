#!/bin/bash
# t/chain/check.sh: a third party's checkpassword program, in shell: joe, secret
IFS= read -r -d '' user <&3 && IFS= read -r -d '' password <&3 && IFS= read -r -d '' stamp <&3 || exit 2
exec 3<&-
[ "$user" = joe ] && [ "$password" = secret ] || exit 1
case $stamp in '' | *[!0-9]*) exit 2 ;; esac
cd / || exit 111
export USER=joe HOME=/ SHELL=/bin/sh
exec "$@"
