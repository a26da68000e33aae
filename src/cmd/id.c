/* cmd/id.c: ID (RFC 2971) */
#include <syslog.h>
#include "base/log.h"
#include "command.h"
#include "session.h"
#include "version.h"

/* What a client says of itself helps to understand its user's trouble. */
static void log_client(const struct session *s, const struct pairs *pairs)
{
	_cleanup_(buf_release) struct buf line = { 0 };

	if (!s->config.network || pairs->n == 0)
		return;
	buf_printf(&line, "ID, user=%s, ip=[%s], port=[%s]", s->config.user, s->config.ip, s->config.port);
	for (size_t i = 0; i < pairs->n; i++) {
		buf_z(&line, ", ");
		buf_str(&line, pairs->v[i].field);
		buf_c(&line, '=');
		buf_str(&line, pairs->v[i].value);
	}
	log_event(LOG_INFO, NULL, buf_view(&line));
}

static enum verdict cmd_id(struct session *s, struct command *cmd)
{
	struct writer *w = &s->out;
	struct pairs pairs = { 0 };

	if (!p_sp(&cmd->args) || !p_id_params(&cmd->args, &pairs) || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	log_client(s, &pairs);
	w_untagged(w);
	w_atom(w, "ID");
	w_open(w);
	w_string(w, STR("name"));
	w_string(w, STR("imapd"));
	w_string(w, STR("version"));
	w_string(w, STR(IMAPD_VERSION));
	w_close(w);
	w_crlf(w);
	return cmd_ok(cmd, "ID completed");
}

static const struct command_row id[] = {
	{ "ID", ANY_STATE, LEAVES, cmd_id },
	{ 0 },
};
const struct extension ext_id = { .rfc = 2971, .capability = "ID", .commands = id };
