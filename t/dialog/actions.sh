# t/dialog/actions.sh: what other programs do to a Maildir while a dialogue runs

# The directory of a folder: INBOX, A.B
box() {
	case $1 in INBOX) echo Maildir ;; *) echo "Maildir/.$1" ;; esac
}

# deliver FOLDER FILE [NAME]: as a mail transport does: written in tmp/, then renamed into new/
deliver() {
	name=${3:-2000000000.M$$P$$.mta}
	cp "$MAIL_DIR/mail/$2" "$(box "$1")/tmp/$name"
	mv "$(box "$1")/tmp/$name" "$(box "$1")/new/$name"
}

# message N [FOLDER]: the path of the Nth message that was given, wherever and whatever its flags are now
message() {
	set -- "$(box "${2:-INBOX}")" "$((1000000000 + $1))"
	for path in "$1"/cur/"$2".* "$1"/new/"$2".*; do
		if test -e "$path"; then
			echo "$path"
			return 0
		fi
	done
	echo "no message $2 in $1" >&2
	return 1
}

# flags N LETTERS [FOLDER]: another client changes the flags of message N by renaming it
flags() {
	path=$(message "$1" "${3:-INBOX}")
	base=${path##*/}
	mv "$path" "$(box "${3:-INBOX}")/cur/${base%%:*}:2,$2"
}

# remove N [FOLDER]: another client removes it
remove() {
	rm "$(message "$1" "${2:-INBOX}")"
}

# holds FOLDER N: it has so many messages
holds() {
	n=$(find "$(box "$1")/cur" "$(box "$1")/new" -type f | wc -l)
	test "$n" -eq "$2" || { echo "$1 holds $n messages, not $2"; ls "$(box "$1")/cur" "$(box "$1")/new"; return 1; }
}

# flagged N LETTERS [FOLDER]: message N has just these flags in its name
flagged() {
	path=$(message "$1" "${3:-INBOX}")
	test "${path##*:2,}" = "$2" || { echo "flags are in the name: $path"; return 1; }
}

# tidy: nothing half-made is left behind. A session that has nothing else to do may have its lock there for a moment.
tidy() {
	for _ in $(seq 600); do
		left=$(find Maildir/tmp Maildir/.*/tmp -type f 2>/dev/null) || true
		test -n "$left" || break
		sleep 0.1
	done
	test -z "$left" || { echo "left behind: $left"; return 1; }
}
