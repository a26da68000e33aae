/* cmd/list.c: LIST and LSUB (RFC 9051 6.3.9, RFC 3501 6.3.9), LIST-EXTENDED (RFC 5258), XLIST */
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "imap/pattern.h"
#include "names.h"

enum list_option {
	SELECT_SUBSCRIBED = 1,
	SELECT_REMOTE = 2,	/* there are none */
	SELECT_RECURSIVE = 4,
	SELECT_SPECIAL_USE = 8,
	EXTENDED = 16,		/* the command has something of RFC 5258 */
	XLIST = 32,		/* it is XLIST, which has words of its own */
};

static const struct option {
	const char *name;
	unsigned bit;
} selections[] = {
	{ "SUBSCRIBED",	    SELECT_SUBSCRIBED	},
	{ "REMOTE",	    SELECT_REMOTE	},
	{ "RECURSIVEMATCH", SELECT_RECURSIVE	},
	{ "SPECIAL-USE",    SELECT_SPECIAL_USE	},
	{ NULL,		    0			},
};

enum { RETURNS = 16 };		/* in one command; no option repeats */

struct list_return {
	const struct list_row *row;
	struct str text;	/* as the client wrote it */
	const void *args;
};

struct list_args {
	unsigned options;
	unsigned attributes;	/* of enum name_is, to be told */
	bool root;		/* the pattern is "": what is asked is the separator */
	struct patterns patterns;
	struct list_return returns[RETURNS];
	size_t nreturns;
	struct name *names;	/* all that there are; none if only the separator is asked for */
	size_t nnames;
};

static bool p_selection(struct cursor *c, struct list_args *ret)
{
	for (const struct option *o = selections; o->name; o++)
		if (p_word(c, o->name)) {
			ret->options |= o->bit;
			return true;
		}
	return p_expected(c, "a LIST option");
}

/* One option of RETURN. One that is there again is passed over (RFC 5258 3), but not if it says something else. */
static bool p_return(struct cursor *c, struct list_args *ret)
{
	const struct str start = c->rest;
	struct list_return one = { 0 };
	struct str name;

	if (p_atom(c, &name))
		one.row = list_row_find(name);
	if (!one.row)
		return p_unknown(c, start, "a LIST option");
	ret->attributes |= one.row->attribute;
	if (!one.row->parse)
		return true;
	if (!one.row->parse(c, &one.args))
		return false;
	one.text = str_head(start, start.n - c->rest.n);
	for (size_t i = 0; i < ret->nreturns; i++)
		if (ret->returns[i].row == one.row)
			return str_ieq(ret->returns[i].text, one.text) || p_expected(c, "each LIST option once");
	if (ret->nreturns == RETURNS)
		return p_expected(c, "fewer LIST options");
	ret->returns[ret->nreturns++] = one;
	return true;
}

/* "(" [option *(SP option)] ")" */
static bool p_options(struct cursor *c, bool (*option)(struct cursor *, struct list_args *), struct list_args *ret)
{
	ret->options |= EXTENDED;
	if (!p_char(c, '('))
		return false;
	if (p_char(c, ')'))
		return true;
	do {
		if (!option(c, ret))
			return false;
	} while (p_sp(c));
	return p_char(c, ')');
}

static bool p_pattern(struct session *s, struct cursor *c, struct str reference, struct list_args *ret)
{
	struct patterns *p = &ret->patterns;
	struct str text;

	if (!p_list_mailbox(c, &text))
		return false;
	if (text.n == 0) {	/* matches nothing */
		ret->root = true;
		return true;
	}
	p->v = arena_grow(c->arena, p->v, p->n + 1, sizeof *p->v);
	text = arena_cat(c->arena, reference, text, STR(""));
	p->v[p->n++] = pattern_new(c->arena, text, s->store.separator);
	return true;
}

/* mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")" */
static bool p_patterns(struct session *s, struct cursor *c, struct str reference, struct list_args *ret)
{
	if (!p_char(c, '('))
		return p_pattern(s, c, reference, ret);
	ret->options |= EXTENDED;
	do {
		if (!p_pattern(s, c, reference, ret))
			return false;
	} while (p_sp(c));
	ret->root = ret->patterns.n == 0;
	return p_char(c, ')');
}

/* list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts] */
static bool p_list_args(struct session *s, struct cursor *c, bool extended, struct list_args *ret)
{
	struct str reference;

	if (!p_sp(c))
		return false;
	if (extended && c->rest.n && c->rest.s[0] == '(' && !(p_options(c, p_selection, ret) && p_sp(c)))
		return false;
	if (!p_mailbox(c, &reference) || !p_sp(c) || !p_patterns(s, c, reference, ret))
		return false;
	if (extended && p_sp(c) && !(p_word(c, "RETURN") && p_sp(c) && p_options(c, p_return, ret)))
		return false;
	return p_end(c);
}

/* "* LIST (\Noselect) "." """: the separator (RFC 9051 6.3.9) */
static void tell_root(struct session *s, const char *command)
{
	w_untagged(&s->out);
	w_atom(&s->out, command);
	w_open(&s->out);
	w_atom(&s->out, "\\Noselect");
	w_close(&s->out);
	w_separator(&s->out, s->store.separator);
	w_string(&s->out, STR(""));
	w_crlf(&s->out);
}

/* What came before SPECIAL-USE had another name for one. */
static const char *xlist_word(const char *attribute)
{
	return strcmp(attribute, "\\Junk") == 0 ? "\\Spam" : attribute;
}

static void write_attributes(struct session *s, const struct name *name, const struct list_args *args)
{
	struct writer *w = &s->out;

	w_open(w);
	if (!(name->is & NAME_EXISTS))
		w_atom(w, args->options & EXTENDED ? "\\NonExistent" : "\\Noselect");
	w_atom(w, name->is & NAME_PARENT ? "\\HasChildren" : "\\HasNoChildren");
	if ((args->options & SELECT_SUBSCRIBED || args->attributes & NAME_SUBSCRIBED) && name->is & NAME_SUBSCRIBED)
		w_atom(w, "\\Subscribed");
	if (args->options & XLIST && str_eq(name->name, STR("INBOX")))
		w_atom(w, "\\Inbox");
	for (size_t use = 0; special_uses[use].attribute; use++)
		if (name->uses & 1u << use)
			w_atom(w, args->options & XLIST ? xlist_word(special_uses[use].attribute) : special_uses[use].attribute);
	w_close(w);
}

/* ("CHILDINFO" ("SUBSCRIBED")): which options have chosen what is below (RFC 5258 3.5). */
static void write_childinfo(struct writer *w, unsigned options)
{
	w_open(w);
	w_string(w, STR("CHILDINFO"));
	w_open(w);
	if (options & SELECT_SUBSCRIBED)
		w_string(w, STR("SUBSCRIBED"));
	if (options & SELECT_SPECIAL_USE)
		w_string(w, STR("SPECIAL-USE"));
	w_close(w);
	w_close(w);
}

static void tell(struct session *s, const struct name *name, const struct list_args *args, bool childinfo)
{
	struct writer *w = &s->out;

	w_untagged(w);
	w_atom(w, args->options & XLIST ? "XLIST" : "LIST");
	write_attributes(s, name, args);
	w_separator(w, s->store.separator);
	w_mailbox(w, name->name);
	if (childinfo)
		write_childinfo(w, args->options);
	w_crlf(w);
}

/* Whether the selection options choose a name; without any, all that exist do, and the levels above them. */
static bool selected(const struct name *name, unsigned options)
{
	if (!(options & (SELECT_SUBSCRIBED | SELECT_SPECIAL_USE)))
		return name->is & (NAME_EXISTS | NAME_PARENT);
	return (!(options & SELECT_SUBSCRIBED) || name->is & NAME_SUBSCRIBED) &&
	       (!(options & SELECT_SPECIAL_USE) || name->uses);
}

static int by_name(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	return str_cmp(a->name, b->name);
}

/* Tells the levels above each name that is chosen (RFC 5258 3.1, RECURSIVEMATCH). */
static void mark_above(const struct session *s, const struct list_args *args)
{
	for (size_t i = 0; i < args->nnames; i++) {
		const struct str name = args->names[i].name;
		unsigned is = NAME_CHOSEN_BELOW;

		if (!selected(&args->names[i], args->options))
			continue;
		if (!patterns_match(&args->patterns, name))
			is |= NAME_UNTOLD_BELOW;
		for (size_t at = 0; at < name.n; at++) {
			const struct name key = { .name = str_head(name, at) };
			struct name *above = NULL;

			if (name.s[at] == s->store.separator)
				above = bsearch(&key, args->names, args->nnames, sizeof key, by_name);
			if (above)
				above->is |= is;
		}
	}
}

/* What was to be returned besides, of a mailbox that exists and was chosen itself: not because of one below it. */
static void tell_returns(struct session *s, const struct name *name, const struct list_args *args)
{
	_cleanup_(arena_free) struct arena a = { 0 };

	for (size_t i = 0; i < args->nreturns && name->is & NAME_EXISTS && !s->conn.error; i++)
		args->returns[i].row->tell(s, &a, name, args->returns[i].args);
}

/* Reads the arguments of LIST and its kin, and finds the names that they are about. OK: tell them. */
static enum verdict find_names(struct session *s, struct command *cmd, const char *command, struct list_args *args)
{
	int r;

	if (!p_list_args(s, &cmd->args, str_eq(str_z(command), STR("LIST")), args))
		return cmd_syntax(cmd);
	if (args->options & SELECT_RECURSIVE && !(args->options & (SELECT_SUBSCRIBED | SELECT_SPECIAL_USE)))
		return cmd_bad(cmd, "RECURSIVEMATCH needs another selection option.");
	if (args->root && args->options & EXTENDED) {	/* no request for the separator there (RFC 5258 3) */
		args->nnames = 0;
		return OK;
	}
	if (args->root) {
		tell_root(s, command);
		return OK;
	}
	r = names_list(s, &args->patterns, cmd->arena, &args->names, &args->nnames);
	return r < 0 ? cmd_failed(cmd, r) : OK;
}

static enum verdict cmd_list(struct session *s, struct command *cmd)
{
	struct list_args args = { 0 };
	const enum verdict verdict = find_names(s, cmd, "LIST", &args);

	if (verdict == OK && args.options & SELECT_RECURSIVE)
		mark_above(s, &args);
	for (size_t i = 0; verdict == OK && i < args.nnames; i++) {
		const struct name *name = &args.names[i];
		const bool chosen = selected(name, args.options);
		/* What is not chosen itself is told only if nothing else tells that there is something below it. */
		const bool childinfo = name->is & (chosen ? NAME_CHOSEN_BELOW : NAME_UNTOLD_BELOW);

		if (!(chosen || childinfo) || !patterns_match(&args.patterns, name->name))
			continue;
		tell(s, name, &args, childinfo);
		if (chosen)
			tell_returns(s, name, &args);
		conn_flush_some(&s->conn, 65536);
	}
	return verdict == OK ? cmd_ok(cmd, "LIST completed") : verdict;
}

/* As Gmail had it before RFC 6154, for clients that still ask so: LIST with uses, and "\Inbox" and "\Spam". */
static enum verdict cmd_xlist(struct session *s, struct command *cmd)
{
	struct list_args args = { .options = XLIST };
	const enum verdict verdict = find_names(s, cmd, "XLIST", &args);

	for (size_t i = 0; verdict == OK && i < args.nnames; i++)
		if (selected(&args.names[i], 0) && patterns_match(&args.patterns, args.names[i].name))
			tell(s, &args.names[i], &args, false);
	return verdict == OK ? cmd_ok(cmd, "XLIST completed") : verdict;
}

/* A level above a subscribed name that does not match itself is \Noselect (RFC 3501 6.3.9). */
static void tell_subscribed(struct session *s, const struct name *name)
{
	w_untagged(&s->out);
	w_atom(&s->out, "LSUB");
	w_open(&s->out);
	if (!(name->is & NAME_SUBSCRIBED))
		w_atom(&s->out, "\\Noselect");
	w_close(&s->out);
	w_separator(&s->out, s->store.separator);
	w_mailbox(&s->out, name->name);
	w_crlf(&s->out);
}

static enum verdict cmd_lsub(struct session *s, struct command *cmd)
{
	struct list_args args = { 0 };
	const enum verdict verdict = find_names(s, cmd, "LSUB", &args);

	for (size_t i = 0; verdict == OK && i < args.nnames; i++) {
		const struct name *name = &args.names[i];

		if (name->is & (NAME_SUBSCRIBED | NAME_SUBSCRIBED_BELOW) && patterns_match(&args.patterns, name->name))
			tell_subscribed(s, name);
	}
	return verdict == OK ? cmd_ok(cmd, "LSUB completed") : verdict;
}

static const struct command_row commands[] = {
	{ "LIST", ANY_STATE, LEAVES, cmd_list },
	{ "LSUB", ANY_STATE, LEAVES, cmd_lsub },
	{ 0 },
};


static const struct command_row xlist[] = {
	{ "XLIST", ANY_STATE, LEAVES, cmd_xlist },
	{ 0 },
};
const struct extension ext_xlist = { .capability = "XLIST", .commands = xlist };

/* Children are always told. */
static const struct list_row subscribed[] = { { .name = "SUBSCRIBED", .attribute = NAME_SUBSCRIBED }, { 0 } };
static const struct list_row children[] = { { .name = "CHILDREN" }, { 0 } };

const struct extension ext_list = {
	.rfc = 5258, .capability = "LIST-EXTENDED", .commands = commands, .list = subscribed
};
const struct extension ext_children = { .rfc = 3348, .capability = "CHILDREN", .list = children };
