/* tls/serve.c: imaptls from its start to its end */
#include <stdio.h>
#include <string.h>
#include "base/sandbox.h"
#include "base/user.h"
#include "tls/control.h"
#include "tls/handshake.h"
#include "tls/pump.h"
#include "tls/serve.h"

/* From here on: the three sockets, the log, memory, the time and random numbers. No file, no other process.
 */
static bool close_the_door(struct buf *why)
{
	int r = user_become("imapd-tls");

	if (r >= 0)
		r = sandbox_enter(SANDBOX_TLS, NULL, 0);
	if (r < 0)
		buf_printf(why, "closing the door: %s", strerror(-r));
	return r >= 0;
}

static int unfit(int control, struct buf *why)
{
	control_say(control, "FAIL %s", buf_cstr(why));
	return EXIT_PERMANENT;
}

int serve(int net, int plain, int control)
{
	_cleanup_(buf_release) struct buf why = { 0 };
	_cleanup_(material_forget) struct material material = { 0 };
	_cleanup_(handshake_close) struct handshake h = { 0 };

	if (!material_read(&material, &why) || !close_the_door(&why))
		return unfit(control, &why);
	if (!handshake_open(&h, &material))
		return unfit(control, &h.why);
	control_say(control, "READY");
	if (!control_go(control))
		return EXIT_REFUSED;
	if (!handshake_run(&h, net, control)) {
		control_say(control, "FAIL %s", buf_cstr(&h.why));
		transport_linger(&h.net, LINGER_MS, LINGER_MS);
		return EXIT_REFUSED;
	}
	handshake_report(&h, control);
	handshake_forget(&h);
	return pump_run(h.session, &h.net, plain, control) == PUMP_CLOSED ? EXIT_OK : EXIT_REFUSED;
}

int serve_check(void)
{
	_cleanup_(buf_release) struct buf why = { 0 }, text = { 0 };
	_cleanup_(material_forget) struct material material = { 0 };
	_cleanup_(handshake_close) struct handshake h = { 0 };
	bool good;

	if (!material_read(&material, &why)) {
		printf("BAD %s\n", buf_cstr(&why));
		return EXIT_PERMANENT;
	}
	good = keys_describe(&material.keys, &text);
	fputs(buf_cstr(&text), stdout);
	if (!handshake_open(&h, &material)) {
		printf("BAD %s\n", buf_cstr(&h.why));
		return EXIT_PERMANENT;
	}
	printf("session tickets: %s\n", material.tickets.n ? material.config.tickets : "none");
	return good ? EXIT_OK : EXIT_PERMANENT;
}
