/* progress.c: telling a client that has to wait that work goes on (RFC 9585) */
#include "base/clock.h"
#include "progress.h"

void progress_begin(struct progress *p, struct str tag, uint64_t goal)
{
	*p = (struct progress){ .tag = tag, .goal = goal, .told_ms = clock_ms() };
}

void progress_tell(struct session *s, struct progress *p, uint64_t done)
{
	const uint64_t now = clock_ms();

	if (now - p->told_ms < s->config.progress * 1000)
		return;
	p->told_ms = now;
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, "INPROGRESS");
	w_open(&s->out);
	if (str_find(p->tag, ']') < p->tag.n)	/* which would end the code */
		w_nil(&s->out);
	else
		w_string(&s->out, p->tag);
	if (p->goal) {
		w_number(&s->out, done);
		w_number(&s->out, p->goal);
	} else {
		w_nil(&s->out);
		w_nil(&s->out);
	}
	w_close(&s->out);
	w_code_close(&s->out);
	w_text(&s->out, STR("Still working"));
	w_crlf(&s->out);
	conn_flush(&s->conn);
}
