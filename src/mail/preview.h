/* mail/preview.h: the first words of a message (RFC 8970) */
#pragma once
#include "base/buf.h"
#include "mail/mime.h"

/* Adds what a reader sees first of the message in fd, as UTF-8 in one line of at most 200 characters: of its first part that is
 * text and no attachment, without what is quoted there, if there is anything else. Nothing is added if there is no such text, or it
 * is encrypted. Reads a bounded part of the file. Returns 0 or a negative errno.
 */
int preview(int fd, const struct part *root, struct buf *ret);
