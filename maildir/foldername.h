/* maildir/foldername.h: what folders are called, on disk and above; for this room only */
#pragma once
#include "base/arena.h"
#include "maildir/folders.h"

enum { FOLDER_NAME_MAX = 254 }; /* octets; with its dot a directory's name has one more */

/* Whether name can be that of a folder that exists: it has a directory, and lines and paths can hold it. */
bool folder_name_possible(struct str name);

/* The name that the directory dir goes by. False if it can't be a folder's. *ret is in a's memory, or part of
 * dir; *ret_utf7 tells which spelling it has.
 */
bool folder_name_of_dir(struct str dir, struct arena *a, struct str *ret, bool *ret_utf7);

/* The directory of name, in UTF-8 or in modified UTF-7; in a's memory. NULL if it has none in that spelling:
 * a name is not spelled in UTF-8 where that would be read as modified UTF-7, nor in modified UTF-7 where that
 * is the same.
 */
const char *folder_name_dir(struct str name, bool utf7, struct arena *a);

/* The name normalized to NFC, in a's memory: two names that give the same are one to the eye. */
struct str folder_name_nfc(struct str name, struct arena *a);
bool folder_name_ascii(struct str name); /* so it is normalized */
