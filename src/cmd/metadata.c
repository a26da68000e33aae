/* cmd/metadata.c: METADATA (RFC 5464), LIST-METADATA (RFC 9590) */
#include "base/buf.h"
#include "base/log.h"
#include "command.h"
#include "maildir/folders.h"
#include "maildir/metadata.h"
#include "names.h"
#include "search.h"

/* Uses of a mailbox are an entry, too (RFC 6154 4). */
#define SPECIAL_USE "/private/specialuse"
/* Of the server, and read-only (RFC 5464 3.2.1.1). */
#define ADMIN "/shared/admin"

/* What is asked for: names as the client wrote them, and in small letters; each once. */
struct wanted {
	struct str *names, *lower;
	size_t n;
	uint32_t depth;	   /* how many levels below; UINT32_MAX: all */
	uint64_t max_size; /* of a value; UINT64_MAX: any */
	uint64_t longest;  /* of those that were left out for it; 0: none was */
};

static struct str in_small_letters(struct arena *a, struct str s)
{
	char *copy = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		copy[i] = ascii_lower(s.s[i]);
	return (struct str){ copy, s.n };
}

/* "/private" or "/shared", and what is below them, with printable ASCII but "*" and "%" (RFC 5464 3.2). */
static bool entry_possible(struct str lower)
{
	const size_t level = 1 + str_find(str_from(lower, 1), '/');
	const struct str top = str_head(lower, level);

	if (lower.n > METADATA_NAME || !(str_eq(top, STR("/private")) || str_eq(top, STR("/shared"))) ||
	    str_ends(lower, STR("/")))
		return false;
	for (size_t i = 0; i < lower.n; i++)
		if (lower.s[i] <= ' ' || lower.s[i] > '~' || lower.s[i] == '*' || lower.s[i] == '%')
			return false;
	return str_search(lower, STR("/"
				     "/")) == lower.n;
}

static bool p_entry(struct cursor *c, struct str *ret, struct str *ret_lower)
{
	const struct str start = c->rest;
	struct str name, lower;

	if (!p_astring(c, &name))
		return false;
	lower = in_small_letters(c->arena, name);
	if (!entry_possible(lower))
		return p_unknown(c, start, "an entry's name");
	*ret = name;
	*ret_lower = lower;
	return true;
}

static bool add_entry(struct cursor *c, struct wanted *w)
{
	struct str name, lower;

	if (!p_entry(c, &name, &lower))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->lower[i], lower))
			return true;
	if (w->n == METADATA_ENTRIES)
		return p_expected(c, "fewer entries");
	w->names = arena_grow(c->arena, w->names, w->n + 1, sizeof *w->names);
	w->lower = arena_grow(c->arena, w->lower, w->n + 1, sizeof *w->lower);
	w->names[w->n] = name;
	w->lower[w->n++] = lower;
	return true;
}

/* "(" entry *(SP entry) ")" */
static bool p_entry_list(struct cursor *c, struct wanted *w)
{
	if (!p_char(c, '('))
		return false;
	do {
		if (!add_entry(c, w))
			return false;
	} while (p_sp(c));
	return p_char(c, ')');
}

static bool p_option(struct cursor *c, struct wanted *w)
{
	static const char *const depths[] = { "0", "1", "infinity", NULL };
	uint32_t number;
	size_t depth;

	if (p_word(c, "MAXSIZE")) {
		if (!p_sp(c) || !p_number(c, &number))
			return false;
		w->max_size = number;
		return true;
	}
	if (!p_word(c, "DEPTH") || !p_sp(c) || !p_one_of(c, depths, &depth))
		return false;
	w->depth = depth == 2 ? UINT32_MAX : (uint32_t)depth;
	return true;
}

/* "(" option *(SP option) ")" */
static bool p_options(struct cursor *c, struct wanted *w)
{
	if (!p_char(c, '('))
		return false;
	do {
		if (!p_option(c, w))
			return false;
	} while (p_sp(c));
	return p_char(c, ')');
}

/* A list of options and not of entries. */
static bool options_ahead(const struct cursor *c)
{
	return c->rest.n > 1 && c->rest.s[0] == '(' && c->rest.s[1] != '/' && c->rest.s[1] != '"' &&
	       c->rest.s[1] != '{';
}

/* The grammar has the options before the mailbox, the examples behind it (RFC 5464 4.2.1, 5): both are taken.
 */
static bool p_getmetadata(struct cursor *c, struct str *ret_mailbox, struct wanted *w)
{
	if (!p_sp(c) || (options_ahead(c) && !(p_options(c, w) && p_sp(c))))
		return false;
	if (!p_mailbox(c, ret_mailbox) || !p_sp(c) || (options_ahead(c) && !(p_options(c, w) && p_sp(c))))
		return false;
	return (c->rest.n && c->rest.s[0] == '(' ? p_entry_list(c, w) : add_entry(c, w)) && p_end(c);
}

/* How many levels name is below top; 0 for top itself, UINT32_MAX if it is not below. */
static uint32_t levels_below(struct str name, struct str top)
{
	uint32_t levels = 0;

	if (!str_starts(name, top) || (name.n > top.n && name.s[top.n] != '/'))
		return UINT32_MAX;
	for (size_t i = top.n; i < name.n; i++)
		levels += name.s[i] == '/';
	return levels;
}

/* What a mailbox is used for, as LIST has it; s is NULL if for nothing. */
static struct str uses_of(struct arena *a, const struct name *name)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (size_t use = 0; special_uses[use].attribute; use++) {
		if (!(name->uses & 1u << use))
			continue;
		buf_z(&b, b.n ? " " : "");
		buf_z(&b, special_uses[use].attribute);
	}
	return b.n ? arena_str(a, buf_view(&b)) : (struct str){ 0 };
}

/* All entries of a mailbox (name is NULL: of the account), the use among them. */
static int read_all(struct session *s, struct arena *a, const struct str *folder, const struct name *name,
		    struct metadata **ret, size_t *ret_n)
{
	struct metadata *v;
	size_t n, kept = 0;
	const int r = metadata_read(s->store.account, folder, a, &v, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (!name || !str_eq(v[i].name, STR(SPECIAL_USE)))
			v[kept++] = v[i];
	*ret_n = kept;
	if (name && name->uses) {
		struct metadata *more = arena_alloc(a, (kept + 1) * sizeof *more);

		for (size_t i = 0; i < kept; i++)
			more[i] = v[i];
		more[kept] = (struct metadata){ STR(SPECIAL_USE), uses_of(a, name) };
		v = more;
		++*ret_n;
	}
	*ret = v;
	return 0;
}

/* A value is a string, or literal8 if it has NULs. */
static void write_value(struct session *s, struct str value)
{
	if (!value.s) {
		w_nil(&s->out);
	} else if (str_find(value, '\0') < value.n) {
		w_literal8(&s->out, value.n);
		buf_str(s->out.out, value);
	} else {
		w_string(&s->out, value);
	}
}

/* One entry and its value, in a line that begins with the first. */
static void tell_entry(struct session *s, struct str mailbox, bool *begun, struct str entry, struct str value)
{
	if (!*begun) {
		w_untagged(&s->out);
		w_atom(&s->out, "METADATA");
		w_mailbox(&s->out, mailbox);
		w_open(&s->out);
		*begun = true;
	}
	w_astring(&s->out, entry);
	write_value(s, value);
}

/* The entry that is asked for by name; what has none is NIL. */
static void tell_exact(struct session *s, struct str mailbox, bool *begun, struct wanted *w, size_t i,
		       const struct metadata *v, size_t n)
{
	size_t at = 0;

	while (at < n && !str_eq(v[at].name, w->lower[i]))
		at++;
	if (at < n && v[at].value.n > w->max_size)
		w->longest = MAX(w->longest, v[at].value.n);
	else if (at < n || w->depth == 0)
		tell_entry(s, mailbox, begun, w->names[i], at < n ? v[at].value : (struct str){ 0 });
}

/* Whether an entry below was told already, for another name that was asked for. */
static bool told_before(const struct wanted *w, size_t i, struct str name)
{
	for (size_t j = 0; j < w->n; j++) {
		const uint32_t levels = levels_below(name, w->lower[j]);

		if (levels == 0 || (j < i && levels != UINT32_MAX && levels <= w->depth))
			return true;
	}
	return false;
}

/* "* METADATA mailbox (entry value ...)" */
static void tell(struct session *s, struct str mailbox, struct wanted *w, const struct metadata *v, size_t n)
{
	bool begun = false;

	for (size_t i = 0; i < w->n; i++) {
		tell_exact(s, mailbox, &begun, w, i, v, n);
		for (size_t at = 0; w->depth && at < n; at++) {
			const uint32_t levels = levels_below(v[at].name, w->lower[i]);

			if (levels == UINT32_MAX || levels > w->depth || told_before(w, i, v[at].name))
				continue;
			if (v[at].value.n > w->max_size)
				w->longest = MAX(w->longest, v[at].value.n);
			else
				tell_entry(s, mailbox, &begun, v[at].name, v[at].value);
		}
	}
	if (begun) {
		w_close(&s->out);
		w_crlf(&s->out);
	}
}

/* What names.h knows of one mailbox. -ENOENT if there is none. */
static int find_name(struct session *s, struct arena *a, struct str mailbox, struct name *ret)
{
	const struct patterns none = { 0 };
	struct name *v;
	size_t n;
	const int r = names_list(s, &none, a, &v, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (v[i].is & NAME_EXISTS && str_eq(v[i].name, mailbox)) {
			*ret = v[i];
			return 0;
		}
	return -ENOENT;
}

static enum verdict cmd_getmetadata(struct session *s, struct command *cmd)
{
	struct wanted w = { .max_size = UINT64_MAX };
	struct name name = { 0 };
	struct str mailbox, folder;
	struct metadata *v;
	size_t n;
	int r = 0;

	if (!p_getmetadata(&cmd->args, &mailbox, &w))
		return cmd_syntax(cmd);
	if (mailbox.n)
		r = store_folder(&s->store, cmd->arena, mailbox, &folder);
	if (r == 0 && mailbox.n)
		r = find_name(s, cmd->arena, mailbox, &name);
	if (r == 0)
		r = read_all(s, cmd->arena, mailbox.n ? &folder : NULL, mailbox.n ? &name : NULL, &v, &n);
	if (r < 0)
		return cmd_failed(cmd, r == -EINVAL ? -ENOENT : r);
	tell(s, mailbox, &w, v, n);
	if (w.longest)
		return cmd_ok_code(
			cmd,
			arena_printf(cmd->arena, "METADATA LONGENTRIES %llu", (unsigned long long)w.longest),
			"GETMETADATA completed");
	return cmd_ok(cmd, "GETMETADATA completed");
}

/* value = nstring / literal8 */
static bool p_value(struct cursor *c, struct str *ret)
{
	if (!c->rest.n || c->rest.s[0] != '~')
		return p_nstring(c, ret);
	if (!p_literal8(c, ret))
		return false;
	if (!ret->s) /* an empty one is a value, and none is NIL */
		*ret = STR("");
	return true;
}

struct changes {
	struct metadata *v;
	size_t n;
	const struct metadata *use; /* SPECIAL_USE, if it is among them */
};

/* "(" entry SP value *(SP entry SP value) ")"; the last value of a name counts. */
static bool p_changes(struct cursor *c, struct changes *ret)
{
	struct str name;

	if (!p_char(c, '('))
		return false;
	do {
		struct metadata one;

		if (ret->n == METADATA_ENTRIES)
			return p_expected(c, "fewer entries");
		if (!p_entry(c, &name, &one.name) || !p_sp(c) || !p_value(c, &one.value))
			return false;
		/* "/private" and "/shared" themselves have no value. */
		if (str_find(str_from(one.name, 1), '/') == one.name.n - 1)
			return p_expected(c, "the name of an entry that can have a value");
		ret->v = arena_grow(c->arena, ret->v, ret->n + 1, sizeof *ret->v);
		ret->v[ret->n++] = one;
	} while (p_sp(c));
	return p_char(c, ')');
}

/* Takes the use out of the changes. */
static void split_use(struct arena *a, struct changes *changes)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++) {
		if (str_eq(changes->v[i].name, STR(SPECIAL_USE))) {
			struct metadata *use = arena_alloc(a, sizeof *use);

			*use = changes->v[i];
			changes->use = use;
		} else {
			changes->v[n++] = changes->v[i];
		}
	}
	changes->n = n;
}

/* The uses in a value, as bits. False if one is not known. */
static bool parse_uses(struct str value, unsigned *ret)
{
	struct str word;

	*ret = 0;
	while (str_cut(&value, ' ', &word)) {
		const int use = word.n ? special_use_find(word) : 0;

		if (use < 0)
			return false;
		*ret |= word.n ? 1u << use : 0;
	}
	return true;
}

static int set_uses(struct session *s, struct str folder, unsigned uses)
{
	int r = 0;

	for (size_t use = 0; r == 0 && special_uses[use].attribute; use++)
		r = account_set_use(s->store.account, folder, str_z(special_uses[use].attribute),
				    uses & 1u << use);
	return r;
}

static enum verdict cmd_metadata_failed(struct command *cmd, int r)
{
	if (r == -E2BIG)
		return cmd_no(cmd, "METADATA TOOMANY", "There are too many entries already.");
	if (r == -EFBIG)
		return cmd_no(cmd, arena_printf(cmd->arena, "METADATA MAXSIZE %d", METADATA_VALUE),
			      "That value is too long.");
	return cmd_failed(cmd, r == -EINVAL ? -ENOENT : r);
}

/* Whether what is to be a filter is a search (RFC 5466 3.2). */
static bool filters_are_searches(struct session *s, struct arena *a, const struct changes *changes)
{
	static const char *const places[] = { "/private/filters/values/", "/shared/filters/values/" };

	for (size_t i = 0; i < changes->n; i++)
		for (size_t k = 0; k < COUNT(places); k++)
			if (str_starts(changes->v[i].name, str_z(places[k])) && changes->v[i].value.s &&
			    !search_is_filter(s, a, changes->v[i].value, changes->v, changes->n))
				return false;
	return true;
}

static enum verdict cmd_setmetadata(struct session *s, struct command *cmd)
{
	struct changes changes = { 0 };
	struct str mailbox, folder;
	struct cursor *c = &cmd->args;
	unsigned uses = 0;
	int r = 0;

	if (!(p_sp(c) && p_mailbox(c, &mailbox) && p_sp(c) && p_changes(c, &changes) && p_end(c)))
		return cmd_syntax(cmd);
	if (mailbox.n) {
		r = store_folder(&s->store, cmd->arena, mailbox, &folder);
		split_use(cmd->arena, &changes);
	}
	if (changes.use && !parse_uses(changes.use->value, &uses))
		return cmd_no(cmd, "USEATTR", "A mailbox can't have that use here.");
	for (size_t i = 0; mailbox.n == 0 && i < changes.n; i++)
		if (str_eq(changes.v[i].name, STR(ADMIN)))
			return cmd_no(cmd, "NOPERM", "That entry can't be changed.");
	if (mailbox.n == 0 && !filters_are_searches(s, cmd->arena, &changes))
		return cmd_no(cmd, "CANNOT", "A filter has to be a search.");
	if (r == 0 && mailbox.n && !folder_exists(s->store.account, folder))
		r = -ENOENT;
	if (r == 0 && changes.n)
		r = metadata_write(s->store.account, mailbox.n ? &folder : NULL, changes.v, changes.n);
	if (r == 0 && changes.use)
		r = set_uses(s, folder, uses);
	return r < 0 ? cmd_metadata_failed(cmd, r) : cmd_ok(cmd, "SETMETADATA completed");
}

static const struct command_row commands[] = {
	{"GETMETADATA", ANY_STATE, LEAVES, cmd_getmetadata },
	{ "SETMETADATA",	 ANY_STATE, LEAVES | NAMES, cmd_setmetadata },
	{ 0	    },
};
const struct extension ext_metadata = { .rfc = 5464,
					.capability = "METADATA METADATA-SERVER",
					.commands = commands };

/* "METADATA" SP "(" entry *(SP entry) ")" */
static bool parse_list(struct cursor *c, const void **ret)
{
	struct wanted *w = arena_alloc(c->arena, sizeof *w);

	w->max_size = UINT64_MAX;
	*ret = w;
	return p_sp(c) && p_entry_list(c, w);
}

static void tell_list(struct session *s, struct arena *a, const struct name *name, const void *args)
{
	struct wanted w = *(const struct wanted *)args;
	struct metadata *v;
	struct str folder;
	size_t n;
	int r = store_folder(&s->store, a, name->name, &folder);

	if (r == 0)
		r = read_all(s, a, &folder, name, &v, &n);
	if (r == 0)
		tell(s, name->name, &w, v, n);
	else if (r != -ENOENT)
		log_errno(r, "METADATA of a mailbox that is listed");
}

static const struct list_row returns[] = {
	{.name = "METADATA", .parse = parse_list, .tell = tell_list },
	{ 0},
};
const struct extension ext_list_metadata = { .rfc = 9590, .capability = "LIST-METADATA", .list = returns };
