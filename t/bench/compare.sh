#!/bin/sh
# Build everything, start the peers, generate the mail, compare the servers.
#   ./compare.sh [--work DIR] [--no-image] [--peers "NAME ..."]
#                [--conf FILE]... [--keep] [imapbench options]
# Results go to DIR/results/.  Must run as root; all traffic is on loopback.
#
# DIR becomes the mount point of a new ext4 in the file DIR.img, so that every
# machine is measured with the same, journaled file system; --no-image uses
# whatever DIR is on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${IMAPBENCH_WORK:-/var/tmp/imapbench}
peers="courier dovecot dovecot-tuned imapd"
confs=
keep=no
small=no
image=yes
while [ $# -gt 0 ]; do
    case $1 in
    --work) work=$2; shift 2 ;;
    --peers) peers=$2; shift 2 ;;
    --conf) confs="$confs $2"; shift 2 ;;
    --keep) keep=yes; shift ;;
    --no-image) image=no; shift ;;
    --quick) small=yes; break ;;
    *) break ;;
    esac
done
mkdir -p "$work"
work=$(cd "$work" && pwd)
# Starting a peer stops the one that is there.
exec 9>"$work.lock"
flock -n 9 || { echo "compare.sh: another comparison is running in $work" >&2; exit 1; }
if [ $image = yes ] && ! mountpoint -q "$work"; then
    if [ ! -e "$work.img" ]; then
        truncate -s 16G "$work.img"
        mkfs.ext4 -q -F -m 0 -i 8192 "$work.img"
    fi
    mount -o loop "$work.img" "$work" ||
        echo "compare.sh: no loop mount here, using $work as it is" >&2
fi
mkdir -p "$work/masters" "$work/results"
make -s -C "$here" OUT="$work/build"

# Let a benchmark be disturbed as little as possible by other programs.
renice -n -10 -p $$ >/dev/null 2>&1 || :

started=
finish() {
    [ $keep = yes ] || for p in $started; do
        "$here/peers/$p" stop "$work" || :
    done
}
trap finish EXIT
trap 'exit 1' INT TERM
for p in $peers; do
    started="$started $p"
    "$here/peers/$p" start "$work" 9>&-
    confs="$confs $work/$p/server.conf"
done

# The master Maildirs, made once: set and options of mkmaildir.
master() {
    set_name=$1
    shift
    [ ! -e "$work/masters/$set_name.ok" ] || return 0
    rm -rf "$work/masters/$set_name"
    "$work/build/mkmaildir" "$@" "$work/masters/$set_name"
    chown -R imapbench:imapbench "$work/masters/$set_name"
    : >"$work/masters/$set_name.ok"
}
master tiny -n 5 --small
master 1k -n 1000 --small --seed 2
master 10k -n 10000 --small --seed 3
master real -n 1000 --seed 4
master big --large 50
[ $small = yes ] || master 100k -n 100000 --small --seed 5
# A million files would take half of the image, and longer than all others together: names count here.
case " $* " in *" --full "*) master 1M -n 1000000 --small --seed 6 --links 100 ;; esac

stamp=$(date +%Y%m%d-%H%M%S)
# shellcheck disable=SC2086
"$work/build/imapbench" --masters "$work/masters" \
    --json "$work/results/$stamp.jsonl" --table "$work/results/$stamp.md" \
    "$@" $confs
echo "results: $work/results/$stamp.jsonl, .md"
