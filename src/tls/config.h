/* tls/config.h: the settings of imaptls, which are environment variables */
#pragma once
#include "base/buf.h"

enum config_verify { VERIFY_NONE, VERIFY_PEER, VERIFY_REQUIREPEER };

/* Strings point into the environment. NULL is unset. */
struct config {
	const char *certfile; /* TLS_CERTFILE: PEM files, separated by blanks or ":" */
	const char *keyfile;  /* TLS_PRIVATE_KEYFILE: their keys in the same order; NULL: in the same files */
	const char *certdir;  /* IMAPD_TLS_CERTDIR: NAME.pem with NAME.key, NAME/fullchain.pem with
				 NAME/privkey.pem */
	const char *credentials;   /* IMAPD_CREDENTIALS, CREDENTIALS_DIRECTORY: as certdir, and where relative
				      names are */
	const char *priority;	   /* TLS_PRIORITY, or what TLS_PROTOCOL and TLS_MIN_DH_BITS come to */
	const char *alpn;	   /* TLS_ALPN: protocols, separated by blanks, commas or ":" */
	enum config_verify verify; /* TLS_VERIFYPEER */
	const char *trustcerts;	   /* TLS_TRUSTCERTS: PEM file, or a directory of them */
	const char *crlfile;	   /* TLS_CRLFILE */
	const char *external;	   /* TLS_EXTERNAL: the field that holds the login name */
	const char *tickets; /* IMAPD_TLS_TICKETS, else tls-ticket.key in the credentials or IMAPD_STATEDIR */
	bool tickets_wanted; /* it was named, so that it must be there */
	const char *local_ip; /* TCPLOCALIP, an IPv4 address as such */
	unsigned dh_bits;     /* TLS_MIN_DH_BITS; 0: no Diffie-Hellman over finite fields */
	struct buf text;      /* what some of the above point into */
};

/* False: a value can't be meant, and why says which, in words for the log. */
bool config_read(struct config *ret, struct buf *why);
void config_release(struct config *c); /* for _cleanup_ */
