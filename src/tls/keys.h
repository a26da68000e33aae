/* tls/keys.h: the server's certificates and keys, and which of them a client gets */
#pragma once
#include <gnutls/gnutls.h>
#include "tls/config.h"

/* A certificate with its chain, and the key: the octets of their files. Nothing is parsed before it is
 * chosen. */
struct pair {
	struct buf name;       /* of its file: the host it is for; empty: for any */
	struct buf path;       /* for the log; ends with a NUL that is not counted */
	struct buf chain, key; /* key empty: it is in chain */
	int error;	       /* a negative errno: the files can't be read */
};

struct keys {
	struct pair *pairs;
	size_t n;
};

/* Reads every file that may be wanted: the name of the host comes only when no file can be opened any more.
 * Hosts: TLS_CERTFILE.HOST, and what certdir holds. TLS_CERTFILE.ADDRESS is a host, too, whose name is
 * local_ip. False if there is none, and why says so; one that can't be read is kept with its error.
 */
bool keys_read(const struct config *c, struct keys *ret, struct buf *why);
void keys_release(struct keys *k); /* wipes; for _cleanup_ */

/* The credentials for a client that asked for host ("" if it did not): pairs whose name is host; else those
 * whose certificate is for it (wildcards count); else those of local_ip; else those without a name; else the
 * first. All of them go in, so that RSA and ECDSA can stand side by side.
 *
 * What is expired, not yet valid, malformed, or no key of its certificate, is left out: why gets a line on
 * each. Returns NULL if none is left. The caller frees.
 */
gnutls_certificate_credentials_t keys_choose(const struct keys *k, const char *host, const struct config *c,
					     struct buf *why);

/* For an administrator: a line on each pair, good or bad. False if one is bad. */
bool keys_describe(const struct keys *k, struct buf *ret);
