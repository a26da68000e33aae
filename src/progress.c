/* progress.c: telling a client that has to wait that work goes on (RFC 9585) */
#include "base/clock.h"
#include "progress.h"

void progress_begin(struct progress *p, struct str tag, uint64_t goal)
{
	*p = (struct progress){ .tag = tag, .goal = goal, .told_ms = clock_coarse_ms() };
}

static bool is_due(const struct session *s, const struct progress *p)
{
	return clock_coarse_ms() - p->told_ms >= s->config.progress * 1000;
}

void progress_tell(struct session *s, struct progress *p, uint64_t done)
{
	if (!is_due(s, p))
		return;
	p->told_ms = clock_coarse_ms();
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

void progress_working(void *session, size_t done, size_t goal)
{
	enum { LITTLE = 1024 };	/* a socket that takes anything takes that */
	struct session *s = session;
	struct progress *p = &s->working;

	if (!p->tag.s || !is_due(s, p) || s->conn.out.n > LITTLE || wait_for(&s->conn.wait, WAIT_CLIENT_OUT, 0) <= 0)
		return;
	p->goal = goal;
	progress_tell(s, p, done);
}
