#!/bin/bash
# t/chain/refer.sh PROGRAM...: a helper that lets everybody in who says "password", but the mail is elsewhere
IFS= read -r -d '' user <&3 && IFS= read -r -d '' password <&3 || exit 2
exec 3<&-
[ "$password" = password ] || exit 1
export USER=$user SHELL=/bin/sh OPTIONS=referral=mail2.example.org
exec "$@"
