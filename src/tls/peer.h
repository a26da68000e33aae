/* tls/peer.h: who the client is, if it has a certificate */
#pragma once
#include <gnutls/gnutls.h>
#include "tls/config.h"

/* The authorities that client certificates are believed from: the octets of TLS_TRUSTCERTS and TLS_CRLFILE.
 */
struct trust {
	struct buf authorities, revoked;
};

/* False if a file that is named can't be read; why says so. */
bool trust_read(const struct config *c, struct trust *ret, struct buf *why);
void trust_release(struct trust *t); /* for _cleanup_ */

/* Has session ask for a certificate, and creds judge it, as c says. False if trust makes no sense. */
bool peer_ask(gnutls_session_t session, gnutls_certificate_credentials_t creds, const struct config *c,
	      const struct trust *trust, struct buf *why);

/* Whether the certificate is good for a client of ours, now; also after a session was resumed, which checks
 * nothing. False: it must not be served. *ret_known says if there is one.
 */
bool peer_verify(gnutls_session_t session, const struct config *c, bool *ret_known, struct buf *why);

/* The login name in a verified certificate: the field that TLS_EXTERNAL names, if there is exactly one and it
 * has neither blanks nor control characters. Fields: CN, O, OU, UID, serialNumber, emailaddress (of the
 * subject, or else an rfc822Name of the alternative names), subjectAltName (that only), or an object
 * identifier of the subject.
 */
bool peer_identity(gnutls_session_t session, const struct config *c, struct buf *ret);
