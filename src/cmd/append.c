/* cmd/append.c: APPEND (RFC 9051 6.3.12) of one or more messages (RFC 3502), with CATENATE (RFC 4469), and APPENDLIMIT (RFC 7889) */
#include "status_of.h"
#include "upload.h"

static enum verdict cmd_append(struct session *s, struct command *cmd)
{
	_cleanup_(upload_release) struct upload u = { .s = s, .cmd = cmd };
	enum verdict verdict = upload_mailbox(&u);
	const char *code;
	uint32_t *uids;

	if (verdict == OK)
		verdict = upload_messages(&u, true);
	if (verdict == OK)
		verdict = upload_deliver(&u, &code, &uids);
	return verdict == OK ? cmd_ok_code(cmd, code, "APPEND completed.") : verdict;
}

static const struct command_row commands[] = {
	{ "APPEND", ANY_STATE, STREAM | LEAVES, cmd_append },
	{ 0 },
};
const struct extension ext_append = { .rfc = 3501, .commands = commands };
const struct extension ext_multiappend = { .rfc = 3502, .capability = "MULTIAPPEND" };
const struct extension ext_catenate = { .rfc = 4469, .capability = "CATENATE" };
/* RFC 5550 5.7.1: URLs may end in ";PARTIAL=". */
const struct extension ext_url_partial = { .rfc = 5550, .capability = "URL-PARTIAL" };

static uint64_t status_appendlimit(const struct status_of *of)
{
	return of->append_limit;
}

static const struct status_row appendlimit[] = {
	{ .name = "APPENDLIMIT", .value = status_appendlimit },
	{ 0 },
};
static uint64_t append_limit(const struct session *s)
{
	return s->config.append_limit;
}

const struct extension ext_appendlimit = {
	.rfc = 7889,
	.capability = "APPENDLIMIT=",
	.limit = append_limit,
	.status = appendlimit,
};
