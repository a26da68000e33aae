/* login/attempt.c: one login attempt: who is asked, what is counted, and when the client hears of it */
#include <string.h>
#include "base/clock.h"
#include "login/monitor.h"
#include "login/report.h"
#include "login/sasl.h"

enum { INPUT_MAX = 16384, TAG_MAX = 1024 };

static struct str keep(struct buf *room, struct str s)
{
	char *at = buf_reserve(room, s.n);

	buf_str(room, s);
	return (struct str){ at, s.n };
}

/* Copies what is asked out of the frame, which later frames will overwrite. */
static void request_init(struct request *r, const struct str *fields)
{
	*r = (struct request){ 0 };
	buf_reserve(&r->room, fields[0].n + fields[1].n + fields[2].n + fields[3].n + 1);
	r->tag = keep(&r->room, fields[0]);
	r->mechanism = keep(&r->room, fields[1]);
	r->user = keep(&r->room, fields[2]);
	r->secret = keep(&r->room, fields[3]);
}

static void request_release(struct request *r)
{
	wipe(r->room.s, r->room.size);
	buf_release(&r->room);
	buf_release(&r->referral);
	buf_release(&r->about);
	buf_release(&r->code);
	buf_release(&r->text);
}

static bool is_tag(struct str tag)
{
	for (size_t i = 0; i < tag.n; i++)
		if (tag.s[i] <= ' ' || tag.s[i] >= 0x7f || strchr("(){%*\"\\+", tag.s[i]))
			return false;
	return tag.n > 0;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < ' ' || s.s[i] == 0x7f)
			return true;
	return false;
}

/* What no honest dialogue would send: it was told what may be asked for, and its parser refuses the rest. */
static bool honest(struct monitor *m, const struct str *fields)
{
	const struct str mechanism = fields[1], user = fields[2], secret = fields[3];
	struct str offered;

	if (!is_tag(fields[0]))
		return false;
	if (mechanism.n && (!sasl_listed(buf_cstr(&m->offered), mechanism, &offered) || !str_eq(mechanism, offered)))
		return false;
	if (str_eq(mechanism, STR("EXTERNAL")))
		return m->identity.n && secret.n == 0;
	if (mechanism.n && !str_eq(mechanism, STR("PLAIN")) && !str_eq(mechanism, STR("LOGIN")))
		return user.n == 0;
	return str_find(secret, '\0') == secret.n;
}

static void no(struct request *r, const char *code, const char *text)
{
	buf_clear(&r->code);
	buf_clear(&r->text);
	buf_z(&r->code, code);
	buf_z(&r->text, text);
}

/* Whom the certificate names is who logs in; another authorization identity is refused. */
static bool by_certificate(const struct monitor *m, struct request *r)
{
	const struct str identity = buf_view(&m->identity);

	if (r->user.n && !str_eq(r->user, identity))
		return false;
	r->user = identity;
	return true;
}

/* Whether what the client has sent can be right. A helper's own mechanism names the user in what it alone understands. */
static bool worth_asking(const struct request *r)
{
	const bool password = request_has_password(r);

	if (r->user.n + r->secret.n > INPUT_MAX - 32 || r->tag.n > TAG_MAX || (password && r->secret.n == 0))
		return false;
	if (!password && !str_eq(r->mechanism, STR("EXTERNAL")))
		return true;
	return r->user.n && !has_control(r->user);
}

static enum outcome ask_helpers(struct monitor *m, struct request *r)
{
	enum outcome outcome = OUTCOME_REFUSED;

	if (str_eq(r->mechanism, STR("EXTERNAL")) && !by_certificate(m, r)) {
		no(r, "AUTHORIZATIONFAILED", "Only as whom your certificate names");
		return OUTCOME_TOLD;
	}
	if (!worth_asking(r))
		return OUTCOME_REFUSED;
	for (size_t i = 0; i < m->nhelpers && outcome == OUTCOME_REFUSED && !r->rounds; i++)
		outcome = helper_try(m, &m->helpers[i], r);
	return outcome;
}

/* Response codes are written as they are, so only what looks like one. */
static struct str safe_code(const struct buf *code)
{
	for (size_t i = 0; i < code->n; i++)
		if (!(code->s[i] >= 'A' && code->s[i] <= 'Z') && code->s[i] != '-')
			return (struct str){ 0 };
	return buf_view(code);
}

static void tell_dialogue(struct monitor *m, enum outcome outcome, struct request *r)
{
	_cleanup_(buf_release) struct buf code = { 0 };
	struct str fields[3] = { { 0 } };

	if (outcome == OUTCOME_REFUSED)
		no(r, "AUTHENTICATIONFAILED", "Login failed");
	if (outcome == OUTCOME_TROUBLE)
		no(r, "UNAVAILABLE", "Temporary problem, please try again later");
	if (outcome == OUTCOME_REFERRED)
		no(r, "", "Your mail is on another server");
	fields[0] = safe_code(&r->code);
	if (outcome == OUTCOME_REFERRED) {
		buf_z(&code, "REFERRAL ");
		buf_str(&code, buf_view(&r->referral));
		fields[0] = buf_view(&code);
	}
	fields[1] = buf_view(&r->text);
	if (m->failures >= FAILURES_MAX)
		fields[2] = STR("Too many failed logins");
	frame_send(m->dialogue_fd, FRAME_NO, fields, COUNT(fields));
}

/* Those who bring many people's failures with them, or can do worse already. */
static bool exempt(const struct monitor *m)
{
	return m->peer.trusted || peer_is_loopback(&m->peer);
}

static struct str user_of(const struct request *r)
{
	return r->about.n ? buf_view(&r->about) : r->user;
}

static void count_failure(struct monitor *m, const struct request *r)
{
	m->failures++;
	report_failed(m, user_of(r), r->mechanism);
	if (!exempt(m))
		penalty_add(&m->penalties, &m->peer.remote, clock_unix());
}

/* Waits on the client's behalf. False if that is pointless now. */
static bool linger(struct monitor *m, uint64_t deadline)
{
	return monitor_wait(m, -1, &m->dialogue, deadline) == EVENT_TIME;
}

/* The address's penalty comes before the attempt, so that guessing can't be sped up by hanging up on a slow
 * answer. A failure is answered at a fixed time after that, or after the client's last response in a mechanism with
 * rounds, whoever the user, whatever the reason, however many helpers.
 */
static enum attempt attempt_request(struct monitor *m, struct request *r)
{
	const uint64_t penalty = exempt(m) ? 0 : penalty_wait(&m->penalties, &m->peer.remote, clock_unix());
	enum outcome outcome;

	r->began = clock_ms();
	if (penalty && !linger(m, r->began + penalty))
		return ATTEMPT_STOPPED;
	r->began += penalty;
	outcome = ask_helpers(m, r);
	if (outcome == OUTCOME_SESSION)
		return ATTEMPT_SESSION;
	if (outcome == OUTCOME_STOPPED)
		return ATTEMPT_STOPPED;
	if (outcome == OUTCOME_REFUSED || outcome == OUTCOME_TOLD)
		count_failure(m, r);
	if (outcome == OUTCOME_REFERRED)
		report_referred(m, user_of(r), buf_view(&r->referral));
	else if (!linger(m, r->began + m->settings.fail_delay))
		return ATTEMPT_STOPPED;
	tell_dialogue(m, outcome, r);
	return ATTEMPT_ANSWERED;
}

enum attempt attempt(struct monitor *m)
{
	_cleanup_(request_release) struct request r = { 0 };
	struct str fields[4];

	if (!frame_fields(&m->frame, 4, fields) || !honest(m, fields))
		return ATTEMPT_BROKEN;
	request_init(&r, fields);
	frame_wipe(&m->frame);
	if (!exempt(m) && !m->penalties.table && m->settings.state_dir)
		penalties_open(m->settings.state_dir, &m->penalties);
	return attempt_request(m, &r);
}
