/* login/commands.c: the commands of the not-authenticated state (RFC 3501 6.1, 6.2) */
#include "imap/language.h"
#include "imap/write.h"
#include "login/dialogue_state.h"
#include "login/sasl.h"

static void syntax(struct dialogue *d, const struct cursor *c)
{
	dialogue_bad(d, "", parse_complaint(c));
}

static void ok(struct dialogue *d, const char *text)
{
	dialogue_tagged(d, "OK", (struct str){ 0 }, str_z(text));
}

/* Whether name may be announced: it is in the list, or there is none. */
static bool shown(const char *list, struct str name)
{
	struct str rest = str_z(list), word;

	while (str_cut(&rest, ' ', &word))
		if (str_ieq(word, name))
			return true;
	return !list;
}

bool dialogue_offers(const struct dialogue *d, struct str mechanism)
{
	struct str name;

	return sasl_listed(d->terms->mechanisms, mechanism, &name);
}

/* LOGIN is PLAIN in other words. */
static bool login_offered(const struct dialogue *d)
{
	return dialogue_offers(d, STR("PLAIN")) || dialogue_offers(d, STR("LOGIN"));
}

void dialogue_capabilities(const struct dialogue *d, struct buf *ret)
{
	static const char *const always[] = { "IMAP4rev2", "SASL-IR", "LITERAL+", "ID", "ENABLE", "IDLE", "NAMESPACE",
					      "LANGUAGE", "LOGIN-REFERRALS" };
	struct str mechanisms = str_z(d->terms->mechanisms), name;

	buf_z(ret, " IMAP4rev1");
	for (size_t i = 0; i < COUNT(always); i++)
		if (shown(d->terms->capability, str_z(always[i]))) {
			buf_c(ret, ' ');
			buf_z(ret, always[i]);
		}
	buf_z(ret, d->terms->starttls ? " STARTTLS" : "");
	while (str_cut(&mechanisms, ' ', &name)) {
		buf_z(ret, name.n ? " AUTH=" : "");
		buf_str(ret, name);
	}
	buf_z(ret, login_offered(d) ? "" : " LOGINDISABLED");
}

static void cmd_capability(struct dialogue *d, struct cursor *c)
{
	if (!p_end(c)) {
		syntax(d, c);
		return;
	}
	buf_z(&d->text, "* CAPABILITY");
	dialogue_capabilities(d, &d->text);
	buf_z(&d->text, "\r\n");
	ok(d, "CAPABILITY completed");
}

static void cmd_noop(struct dialogue *d, struct cursor *c)
{
	if (p_end(c))
		ok(d, "NOOP completed");
	else
		syntax(d, c);
}

/* id = "ID" SP id-params-list (RFC 2971 3.1) */
static void cmd_id(struct dialogue *d, struct cursor *c)
{
	struct pairs params;

	if (!(p_sp(c) && p_id_params(c, &params) && p_end(c))) {
		syntax(d, c);
		return;
	}
	buf_z(&d->text, "* ID (\"name\" \"imapd\")\r\n");
	ok(d, "ID completed");
}

/* language-cmd (RFC 5255 3.2): whatever is chosen, what is said is the same. */
static void cmd_language(struct dialogue *d, struct cursor *c)
{
	const char *language;
	struct strs ranges;

	if (!p_languages(c, &ranges)) {
		syntax(d, c);
		return;
	}
	language = language_choose(&ranges);
	if (ranges.n && !language) {
		dialogue_tagged(d, "NO", (struct str){ 0 }, STR("Only English is spoken here"));
		return;
	}
	buf_z(&d->text, "* LANGUAGE (");
	for (const char *const *l = languages; *l; l++)
		if (!language || *l == language) {
			buf_z(&d->text, l == languages || language ? "" : " ");
			buf_z(&d->text, *l);
		}
	buf_z(&d->text, ")\r\n");
	ok(d, "LANGUAGE completed");
}

/* BYE comes before the tagged OK (RFC 3501 7.1.5). */
static void cmd_logout(struct dialogue *d, struct cursor *c)
{
	if (!p_end(c)) {
		syntax(d, c);
		return;
	}
	dialogue_bye(d, STR("IMAP server logging out"));
	ok(d, "LOGOUT completed");
	dialogue_giveup(d, "L");
}

/* Only when imaptls is ready to serve is the answer OK (RFC 3501 6.2.1). What else the client has sent is
 * left where it is, for imaptls, so that nothing said in clear can be taken for something said under TLS.
 */
static void cmd_starttls(struct dialogue *d, struct cursor *c)
{
	if (!p_end(c)) {
		syntax(d, c);
		return;
	}
	if (!d->terms->starttls) {
		dialogue_bad(d, "", "STARTTLS is not offered here");
		return;
	}
	frame_send(d->monitor, FRAME_STARTTLS, NULL, 0);
	if (frame_recv(d->monitor, &d->frame) == 1 && d->frame.kind == FRAME_OK) {
		ok(d, "Begin TLS negotiation now");
	} else {
		dialogue_tagged(d, "NO", STR("UNAVAILABLE"), STR("TLS does not work on this server now"));
		dialogue_bye(d, STR("TLS does not work on this server now; its log says why"));
	}
	d->over = true;
}

/* login = "LOGIN" SP userid SP password */
static void cmd_login(struct dialogue *d, struct cursor *c)
{
	struct str user, password;

	if (!(p_sp(c) && p_astring(c, &user) && p_sp(c) && p_astring(c, &password) && p_end(c)))
		syntax(d, c);
	else if (!d->terms->passwords)
		dialogue_tagged(d, "NO", STR("PRIVACYREQUIRED"), STR("Not without TLS"));
	else if (!login_offered(d))
		dialogue_tagged(d, "NO", (struct str){ 0 }, STR("Not with a password"));
	else
		dialogue_try(d, STR(""), user, password);
}

/* clang-format off */
const struct dialogue_command dialogue_commands[] = {
	{ "CAPABILITY",   cmd_capability },
	{ "NOOP",         cmd_noop },
	{ "ID",           cmd_id },
	{ "LANGUAGE",     cmd_language },
	{ "LOGOUT",       cmd_logout },
	{ "STARTTLS",     cmd_starttls },
	{ "LOGIN",        cmd_login },
	{ "AUTHENTICATE", dialogue_authenticate },
	{0},
};
/* clang-format on */
