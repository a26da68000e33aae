/* t/dialog/script.c: reading a dialogue */
#include <fcntl.h>
#include <string.h>
#include "base/fd.h"
#include "t/dialog/script.h"

enum { LINES_MAX = 60 };

const char *const mode_names[MODES + 1] = { "pair", "pipe", "octets", "packed", "compress", "login", "tls", NULL };

/* A directive or step: its word, and what reads the rest. */
struct word {
	const char *word;
	enum step_kind kind;
	const char *mark;	/* what stands between the session's number and the text; NULL: nothing follows */
};

static const struct word words[] = {
	{ "C",      STEP_SEND,      ":"   },
	{ "C",      STEP_OCTETS,    "|"   },
	{ "C",      STEP_REPEAT,    "*"   },
	{ "S",      STEP_EXPECT,    ":"   },
	{ "S",      STEP_OPTIONAL,  "?"   },
	{ "S",      STEP_ANY_ORDER, "~"   },
	{ "S",      STEP_SKIP_TO,   "..." },
	{ "and",    STEP_AND,       ""    },
	{ "not",    STEP_NOT,       ""    },
	{ "is",     STEP_IS,        ""    },
	{ "!",      STEP_SHELL,     ""    },
	{ "eof",    STEP_EOF,       NULL  },
	{ "closed", STEP_CLOSED,    NULL  },
	{ "close",  STEP_CLOSE,     NULL  },
	{ "kill",   STEP_KILL,      NULL  },
	{ "term",   STEP_TERM,      NULL  },
	{ "whatever", STEP_WHATEVER, NULL },
	{0},
};

static struct str next_word(struct str *rest)
{
	struct str word = {0};

	while (word.n == 0 && str_cut(rest, ' ', &word))
		;
	return word;
}

/* Takes the number of a session, 1 if there is none. */
static unsigned take_session(struct str *rest)
{
	unsigned n = 1;

	if (rest->n && ascii_digit(rest->s[0])) {
		n = (unsigned)(rest->s[0] - '0');
		*rest = str_from(*rest, 1);
	}
	return n;
}

static bool read_step(const struct word *w, struct str line, struct step *ret)
{
	struct str rest = str_from(line, strlen(w->word));
	struct str mark = str_z(w->mark);

	if (!str_starts(line, str_z(w->word)))
		return false;
	ret->kind = w->kind;
	ret->session = take_session(&rest);
	if (!w->mark)
		return rest.n == 0;
	if (!str_starts(rest, mark))
		return false;
	rest = str_from(rest, mark.n);
	if (rest.n && rest.s[0] != ' ')
		return false;
	ret->text = str_from(rest, 1);
	return true;
}

static bool read_modes(struct str rest, unsigned *ret)
{
	struct str name;
	unsigned modes = 0;

	while ((name = next_word(&rest)).n) {
		unsigned i = 0;

		while (mode_names[i] && !str_eq(name, str_z(mode_names[i])))
			i++;
		if (!mode_names[i])
			return false;
		modes |= 1U << i;
	}
	*ret = modes;
	return modes != 0;
}

static void add_str(struct arena *a, struct str **list, size_t *n, struct str s)
{
	*list = arena_grow(a, *list, *n + 1, sizeof **list);
	(*list)[(*n)++] = s;
}

static bool read_given(struct arena *a, struct script *s, struct str rest, unsigned line)
{
	struct given g = { .line = line };

	g.folder = next_word(&rest);
	g.file = next_word(&rest);
	g.flags = rest;
	s->given = arena_grow(a, s->given, s->ngiven + 1, sizeof *s->given);
	s->given[s->ngiven++] = g;
	return g.file.n != 0;
}

/* What is said before the first step. */
static bool read_directive(struct arena *a, struct script *s, struct str line, unsigned number)
{
	struct str rest = line, word = next_word(&rest);
	unsigned modes;
	uint32_t v;

	if (str_eq(word, STR("given")))
		return read_given(a, s, rest, number);
	if (str_eq(word, STR("settle")))
		return add_str(a, &s->settle, &s->nsettle, rest), rest.n > 0;
	if (str_eq(word, STR("env")))
		return add_str(a, &s->env, &s->nenv, rest), str_find(rest, '=') < rest.n;
	if (str_eq(word, STR("before")))
		return add_str(a, &s->before, &s->nbefore, rest), rest.n > 0;
	if (str_eq(word, STR("arg")))
		return s->arg = rest, rest.n > 0;
	if (str_eq(word, STR("helper")))
		return s->helper = rest, rest.n > 0;
	if (str_eq(word, STR("explicit")))
		return s->explicit_greeting = true;
	if (str_eq(word, STR("mode")) && read_modes(rest, &modes))
		return s->modes = modes, true;
	if (str_eq(word, STR("except")) && read_modes(rest, &modes))
		return s->modes &= ~modes, true;
	if (str_eq(word, STR("exit")) && str_u32(rest, &v))
		return s->exit = (int)v, true;
	return false;
}

static bool read_line(struct arena *a, struct script *s, struct str line, unsigned number)
{
	struct step step = { .line = number };

	for (const struct word *w = words; w->word; w++) {
		if (!read_step(w, line, &step))
			continue;
		s->steps = arena_grow(a, s->steps, s->nsteps + 1, sizeof *s->steps);
		s->steps[s->nsteps++] = step;
		return true;
	}
	return s->nsteps == 0 && read_directive(a, s, line, number);
}

bool script_read(struct arena *a, const char *path, struct script *ret, const char **ret_error)
{
	_cleanup_(buf_release) struct buf buf = {0};
	struct script s = { .path = path, .modes = (1U << MODES) - 1, .arg = STR("./Maildir") };
	struct str text, line;
	unsigned number = 0;

	if (fd_slurp_at(AT_FDCWD, path, 1 << 20, &buf) < 0)
		return *ret_error = arena_printf(a, "%s: can't be read", path), false;
	text = arena_str(a, buf_view(&buf));
	if (!str_starts(text, STR("# ")))
		return *ret_error = arena_printf(a, "%s:1: does not begin with what it proves", path), false;
	while (str_cut(&text, '\n', &line)) {
		number++;
		if (line.n && line.s[0] != '#' && !read_line(a, &s, line, number))
			return *ret_error = arena_printf(a, "%s:%u: not understood", path, number), false;
	}
	if (number > LINES_MAX + 1 || !s.nsteps)
		return *ret_error = arena_printf(a, "%s: no step, or over %d lines", path, LINES_MAX), false;
	if (s.explicit_greeting)
		s.modes &= ~(1U << MODE_COMPRESS);
	*ret = s;
	return true;
}
