/* maildir/mdname.h: names of message files: base name, ":2,", letters; and names that are unique */
#pragma once
#include <sys/stat.h>
#include "base/arena.h"

/* A set of letters: A to Z are the bits 0 to 25, a to z 26 to 51. */
#define MDNAME_UPPER ((UINT64_C(1) << 26) - 1)
#define MDNAME_LOWER (MDNAME_UPPER << 26)
uint64_t mdname_letter(char c);				   /* its bit; 0 if it is no letter */
uint64_t mdname_letters(struct str s);			   /* those in s */
size_t mdname_put_letters(uint64_t letters, char ret[52]); /* in order of ASCII; returns how many */
uint64_t mdname_flag_letters(uint8_t flags);		   /* enum md_flag to D F R S T */
uint8_t mdname_flags(uint64_t letters);			   /* and back; others mean nothing */

/* The parts of a name. Only ":2,…", ":1,…" and ":2" at its end are a suffix, so that "12.host:25" has none.
 */
struct mdname {
	struct str base, suffix;
	uint64_t letters; /* what ":2," has behind it */
};
struct mdname mdname_split(struct str name);

/* ":2," and letters. Returns its length; the NUL behind it is not counted. */
enum { MDNAME_SUFFIX = 56, MDNAME_MAX = 255 };
size_t mdname_suffix(uint64_t letters, char ret[MDNAME_SUFFIX]);
/* Whether a file of this base name can carry those letters at all. */
bool mdname_fits(struct str base, uint64_t letters);

/* The base name without the fields at its end that other programs add or change: ",S=123", ",W=130", ",U=7".
 */
struct str mdname_stem(struct str base);
/* Of those the one that tells the file's size, with ",S="; empty if there is none. */
struct str mdname_size(struct str base);
/* The order in which new messages get UIDs: by the number in front, then by octets. */
int mdname_cmp(struct str a, struct str b);
/* Where it stands in that order, as far as its first digits tell: those with the same still have to be compared. */
uint64_t mdname_order(struct str base);

/* Fingerprint of a file, the same after it is renamed: inode, size and mtime; never 0. */
uint64_t mdname_print(const struct stat *st);

/* A new name for the file st is of: seconds, microseconds, process, device, inode, serial and host, and ",S="
 * its size; without st, for a file that is yet to be made in tmp/. Never longer than 200 octets. serial
 * differs within a process.
 */
void mdname_unique(const struct stat *st, unsigned serial, const char *hostname, char ret[MDNAME_MAX + 1]);
