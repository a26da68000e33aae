/* tls/control.h: what imaptls says to the monitor (doc/CHAIN.md) */
#pragma once
#include "base/buf.h"

/* One datagram. Octets that are no printable text become "?". */
void control_say(int control, const char *fmt, ...) _printf_(2, 3);

/* Waits for the monitor to say GO. False if it is gone, or says anything else. */
bool control_go(int control);

/* After poll(): whether the monitor is gone. */
bool control_ended(int control);
