/* maildir/metadata.h: what clients have written down about folders, or about the whole account (RFC 5464) */
#pragma once
#include "maildir/account.h"

/* Kept as text, in the file imapd.metadata of the folder's directory; that of the account is
 * imapd.metadata-account in the Maildir (doc/FORMATS.md). So entries go where the folder goes, and end with
 * it. Names are in small letters, begin with "/", and hold printable ASCII only; values are any octets.
 */
struct metadata {
	struct str name, value; /* value.s is NULL: there is none */
};

enum {
	METADATA_ENTRIES = 200,	  /* in one file */
	METADATA_VALUE = 32768,	  /* octets of one value */
	METADATA_TOTAL = 1 << 20, /* octets of all values in one file */
	METADATA_NAME = 1000,	  /* octets of a name */
};

/* Where: a folder, or NULL for the account. */

/* All there are, sorted by name, in a's memory. -ENOENT: there is no such folder. A file that can't be
 * understood has none. */
int metadata_read(struct account *acc, const struct str *folder, struct arena *a, struct metadata **ret,
		  size_t *ret_n);

/* Sets those that have a value and removes the others: all or none, on disk when it returns 0; the last of a
 * name counts. Under the account's lock. -E2BIG: there would be more than METADATA_ENTRIES or METADATA_TOTAL;
 * -EFBIG: a value has more than METADATA_VALUE octets; -EINVAL: a name can't be one.
 */
int metadata_write(struct account *acc, const struct str *folder, const struct metadata *v, size_t n);

/* Changes when somebody has written: to tell clients of it. All zero: there is no file. */
struct metadata_state {
	uint64_t inode, mtime_ns, size;
};
int metadata_state(struct account *acc, const struct str *folder, struct metadata_state *ret);
