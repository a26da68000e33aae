/* cmd/language.c: LANGUAGE (RFC 5255 3) */
#include "command.h"
#include "imap/language.h"
#include "session.h"

/* "* LANGUAGE" SP "(" lang-tag-quoted *(SP lang-tag-quoted) ")": the one that is spoken, or, if it is NULL, all. */
static void tell(struct session *s, const char *one)
{
	w_untagged(&s->out);
	w_atom(&s->out, "LANGUAGE");
	w_open(&s->out);
	for (const char *const *l = languages; *l; l++)
		if (!one || *l == one)
			w_atom(&s->out, *l);
	w_close(&s->out);
	w_crlf(&s->out);
}

static enum verdict cmd_language(struct session *s, struct command *cmd)
{
	struct strs ranges;
	const char *language;

	if (!p_languages(&cmd->args, &ranges))
		return cmd_syntax(cmd);
	language = language_choose(&ranges);
	if (ranges.n && !language)
		return cmd_no(cmd, NULL, "Only English is spoken here.");
	tell(s, language);
	return cmd_ok(cmd, "LANGUAGE completed.");
}

static const struct command_row commands[] = {
	{ "LANGUAGE", ANY_STATE, LEAVES, cmd_language },
	{ 0 },
};
const struct extension ext_language = { .rfc = 5255, .capability = "LANGUAGE", .commands = commands };
