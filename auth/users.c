/* auth/users.c: the file of virtual users */
#define _GNU_SOURCE
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
#include "auth/secret.h"
#include "auth/users.h"
#include "base/utf8.h"

enum { NAME, HASH, UID, GID, HOME, MAILDIR, QUOTA, OPTIONS, OURS }; /* fields of a line of ours */
enum { FULLNAME = 4, PW_HOME, SHELL, EXTRA, FIELDS };		    /* of one of passwd(5), from the fifth */

static const char *const faults[] = {
	[USERS_OK] = "nothing",
	[USERS_COMMENT] = "it is no entry",
	[USERS_FEW_FIELDS] = "it has fewer than five fields",
	[USERS_MANY_FIELDS] = "it has too many fields",
	[USERS_BAD_NAME] = "the name is empty or has blanks",
	[USERS_BAD_OCTETS] = "it has control characters, or is no UTF-8",
	[USERS_NO_HOME] = "the home directory does not begin with a slash",
	[USERS_BAD_EXTRA] = "the extra fields have something that is not understood",
};

const char *users_fault_text(enum users_fault fault)
{
	return faults[fault];
}

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < 0x20 || s.s[i] == 0x7f)
			return false;
	return utf8_valid(s);
}

bool users_field_ok(struct str value)
{
	return is_text(value) && str_find(value, ':') == value.n;
}

/* userdb_mail=maildir:PATH[:more], of which PATH is kept; "~/" is what we start in anyway. */
static bool extra_field(struct str word, struct users_entry *e)
{
	const struct str mail = STR("userdb_mail=maildir:");

	if (str_starts(word, mail)) {
		e->maildir = str_head(str_from(word, mail.n), str_find(str_from(word, mail.n), ':'));
		if (str_starts(e->maildir, STR("~/")))
			e->maildir = str_from(e->maildir, 2);
		return e->maildir.n > 0;
	}
	return str_starts(word, STR("userdb_")) && !str_starts(word, STR("userdb_mail="));
}

static bool extra_fields(struct str rest, struct users_entry *e)
{
	struct str word;

	while (str_cut(&rest, ' ', &word))
		if (word.n && !extra_field(word, e))
			return false;
	return true;
}

bool users_name_ok(struct str name)
{
	return name.n && name.s[0] != '#' && str_find(name, ' ') == name.n && users_field_ok(name);
}

/* The extra fields are the last ones and may have colons. */
static size_t split(struct str line, struct str f[static FIELDS])
{
	struct str rest = line;
	size_t n = 0;

	while (n < EXTRA && str_cut(&rest, ':', &f[n]))
		n++;
	if (n == EXTRA && rest.s)
		f[n++] = rest;
	return n;
}

enum users_fault users_parse(struct str line, struct users_entry *ret)
{
	struct str f[FIELDS] = { 0 };
	struct users_entry e;
	size_t n;

	if (str_trim(line).n == 0 || line.s[0] == '#')
		return USERS_COMMENT;
	if (!is_text(line))
		return USERS_BAD_OCTETS;
	n = split(line, f);
	if (!users_name_ok(f[NAME]))
		return USERS_BAD_NAME;
	if (n <= HOME)
		return USERS_FEW_FIELDS;
	e = (struct users_entry){ .name = f[NAME], .hash = f[HASH], .uid = f[UID], .gid = f[GID] };
	if (str_starts(f[HOME], STR("/"))) {
		if (str_find(f[OPTIONS], ':') < f[OPTIONS].n)
			return USERS_MANY_FIELDS;
		e.home = f[HOME], e.maildir = f[MAILDIR], e.quota = f[QUOTA], e.options = f[OPTIONS];
	} else {
		e.fullname = f[FULLNAME], e.home = f[PW_HOME], e.shell = f[SHELL];
		if (!str_starts(e.home, STR("/")))
			return USERS_NO_HOME;
		if (!extra_fields(f[EXTRA], &e))
			return USERS_BAD_EXTRA;
	}
	*ret = e;
	return USERS_OK;
}

bool users_find(struct str file, struct str name, struct str *ret_line)
{
	struct str rest = file, line, found = { 0 };

	if (!users_name_ok(name))
		return false;
	while (str_cut(&rest, '\n', &line))
		if (line.n > name.n && line.s[name.n] == ':' && str_starts(line, name) && !found.s)
			found = line;
	if (found.s)
		*ret_line = found;
	return found.s;
}

bool users_find_login(struct str file, struct str user, const char *domain, struct arena *arena, struct str *ret_name,
		      struct str *ret_line)
{
	*ret_name = user;
	if (users_find(file, user, ret_line))
		return true;
	if (!domain || str_find(user, '@') < user.n)
		return false;
	*ret_name = arena_cat(arena, user, str_z(domain), STR(""));
	return users_find(file, *ret_name, ret_line);
}

struct str users_secret(struct str file)
{
	const struct str mark = STR(USERS_SECRET);
	struct str rest = file, line;

	while (str_cut(&rest, '\n', &line))
		if (str_starts(line, mark))
			return str_from(line, mark.n);
	return (struct str){ 0 };
}

struct str users_usual_hash(struct str file)
{
	struct str rest = file, line;
	struct users_entry e;

	for (int i = 0; i < 100 && str_cut(&rest, '\n', &line); i++)
		if (users_parse(line, &e) == USERS_OK && secret_usable(e.hash))
			return e.hash;
	return (struct str){ 0 };
}

void users_write(struct buf *b, const struct users_entry *e)
{
	const struct str f[OURS] = { e->name, e->hash,	  e->uid,   e->gid,
				     e->home, e->maildir, e->quota, e->options };
	size_t n = OURS;

	while (n > HOME + 1 && f[n - 1].n == 0)
		n--;
	for (size_t i = 0; i < n; i++) {
		buf_str(b, f[i]);
		buf_c(b, i + 1 < n ? ':' : '\n');
	}
}

/* As a C string; a name that does not fit is none of the system's. */
static const char *cname(struct str field, char ret[static 256])
{
	if (field.n > 255)
		return "";
	memcpy(ret, field.s, field.n);
	ret[field.n] = '\0';
	return ret;
}

bool users_uid(struct str field, uid_t *ret)
{
	const struct passwd *pw;
	uint32_t uid = getuid();
	char name[256];

	if (field.n && !str_u32(field, &uid)) {
		pw = getpwnam(cname(field, name));
		if (!pw)
			return false;
		uid = pw->pw_uid;
	}
	if (uid == (uid_t)-1)
		return false;
	*ret = uid;
	return true;
}

bool users_gid(struct str field, gid_t *ret)
{
	const struct group *gr;
	uint32_t gid = getgid();
	char name[256];

	if (field.n && !str_u32(field, &gid)) {
		gr = getgrnam(cname(field, name));
		if (!gr)
			return false;
		gid = gr->gr_gid;
	}
	if (gid == (gid_t)-1)
		return false;
	*ret = gid;
	return true;
}
