/* tls/serve.h: imaptls from its start to its end */
#pragma once

/* net is the client's socket, plain the server's side, control the monitor's (doc/CHAIN.md). Reads the files,
 * becomes imapd-tls, closes the door, then speaks. Returns the exit code: 0 when the session ended in order
 * (RFC 8446 6.1), EXIT_REFUSED when it broke or there was none, EXIT_PERMANENT when nobody could be served.
 */
int serve(int net, int plain, int control);

/* For an administrator: tells on stdout what the settings come to. Returns the exit code. */
int serve_check(void);
