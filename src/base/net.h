/* base/net.h: a TCP connection, as a mail client's needs it */
#pragma once
#include "base/base.h"

/* Answers leave at once (TCP_NODELAY: else they wait 40 ms for the client's acknowledgement), and a client
 * that is gone without a word (a phone out of reach) is noticed after NET_GONE seconds, whether we are
 * sending or idle. Does nothing to what is no TCP socket.
 */
enum { NET_IDLE = 300, NET_PROBE = 75, NET_PROBES = 5, NET_GONE = NET_IDLE + NET_PROBE * NET_PROBES };
void net_tune(int fd);
