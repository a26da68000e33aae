/* maildir/metadata.c: what clients have written down about folders, or about the whole account (RFC 5464) */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include "base/fd.h"
#include "base/log.h"
#include "maildir/folders.h"
#include "maildir/inside.h"
#include "maildir/metadata.h"

/* The first line is HEADER; each other a name, a space, and the value with what is not printable ASCII, and
 * "\", as \xHH. */
#define HEADER	   "imapd-metadata 1"
#define OF_FOLDER  "imapd.metadata"
#define OF_ACCOUNT "imapd.metadata-account"

/* All entries at their longest, each octet escaped. */
enum { BIGGEST = 4 * METADATA_TOTAL + METADATA_ENTRIES * (METADATA_NAME + 2) + 64 };

struct entries {
	struct arena *a;
	struct metadata *v;
	size_t n;
};

static bool name_possible(struct str name)
{
	if (name.n < 2 || name.n > METADATA_NAME || name.s[0] != '/' || name.s[name.n - 1] == '/')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.s[i] <= ' ' || name.s[i] > '~' || ascii_lower(name.s[i]) != name.s[i] ||
		    (i && name.s[i] == '/' && name.s[i - 1] == '/'))
			return false;
	return true;
}

static int open_dir(struct account *acc, const struct str *folder, int *ret_fd)
{
	int fd;

	if (folder)
		return folder_open_dir(acc, *folder, ret_fd);
	fd = fcntl(account_fd(acc), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static const char *file_of(const struct str *folder)
{
	return folder ? OF_FOLDER : OF_ACCOUNT;
}

static void escape(struct buf *b, struct str value)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < value.n; i++) {
		const unsigned char c = (unsigned char)value.s[i];

		if (c >= ' ' && c <= '~' && c != '\\') {
			buf_c(b, (char)c);
			continue;
		}
		buf_z(b, "\\x");
		buf_c(b, hex[c >> 4]);
		buf_c(b, hex[c & 15]);
	}
}

static int digit(char c)
{
	return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False if it is none of ours. */
static bool unescape(struct arena *a, struct str text, struct str *ret)
{
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.s[i] != '\\') {
			out[n++] = text.s[i];
			continue;
		}
		if (text.n - i < 4 || text.s[i + 1] != 'x' || digit(text.s[i + 2]) < 0 ||
		    digit(text.s[i + 3]) < 0)
			return false;
		out[n++] = (char)(digit(text.s[i + 2]) << 4 | digit(text.s[i + 3]));
		i += 3;
	}
	*ret = (struct str){ out, n };
	return true;
}

static bool parse_line(struct entries *e, struct str line)
{
	struct metadata one;
	struct str name;

	if (!str_cut(&line, ' ', &name) || !line.s || !name_possible(name) || e->n == METADATA_ENTRIES ||
	    !unescape(e->a, line, &one.value))
		return false;
	one.name = arena_str(e->a, name);
	e->v = arena_grow(e->a, e->v, e->n + 1, sizeof *e->v);
	e->v[e->n++] = one;
	return true;
}

static int by_name(const void *x, const void *y)
{
	return str_cmp(((const struct metadata *)x)->name, ((const struct metadata *)y)->name);
}

static void parse(struct entries *e, struct str text, const char *file)
{
	struct str line;
	bool whole = str_cut(&text, '\n', &line) && str_eq(line, STR(HEADER));

	while (whole && str_cut(&text, '\n', &line) && (line.n || text.n))
		whole = parse_line(e, line);
	if (!whole) {
		log_line(LOG_WARNING, "%s makes no sense: passed over", file);
		e->n = 0;
	}
	if (e->n)
		qsort(e->v, e->n, sizeof *e->v, by_name);
}

static int read_at(int dir, const char *file, struct entries *e)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	const int r = files_read(dir, file, BIGGEST, &text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	parse(e, buf_view(&text), file);
	return 0;
}

int metadata_read(struct account *acc, const struct str *folder, struct arena *a, struct metadata **ret,
		  size_t *ret_n)
{
	_cleanup_(fd_closep) int dir = -1;
	struct entries e = { .a = a };
	int r = open_dir(acc, folder, &dir);

	if (r >= 0)
		r = read_at(dir, file_of(folder), &e);
	if (r < 0)
		return r;
	*ret = e.v;
	*ret_n = e.n;
	return 0;
}

/* Puts one change in; few enough that looking along them is cheap. */
static void apply(struct entries *e, const struct metadata *change)
{
	size_t i = 0;

	while (i < e->n && !str_eq(e->v[i].name, change->name))
		i++;
	if (i < e->n) {
		e->v[i].value = change->value;
		return;
	}
	e->v = arena_grow(e->a, e->v, e->n + 1, sizeof *e->v);
	e->v[e->n++] = *change;
}

/* Those without a value go. */
static void drop_empty(struct entries *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].value.s)
			e->v[n++] = e->v[i];
	e->n = n;
}

static size_t total(const struct entries *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += e->v[i].value.n;
	return n;
}

static int write_at(int dir, const char *file, const struct entries *e, bool sync)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, HEADER "\n");
	for (size_t i = 0; i < e->n; i++) {
		buf_str(&b, e->v[i].name);
		buf_c(&b, ' ');
		escape(&b, e->v[i].value);
		buf_c(&b, '\n');
	}
	return files_replace(dir, file, buf_view(&b), sync);
}

int metadata_write(struct account *acc, const struct str *folder, const struct metadata *v, size_t n)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int dir = -1, lock = -1;
	struct entries e = { .a = &arena };
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!name_possible(v[i].name))
			return -EINVAL;
		if (v[i].value.s && v[i].value.n > METADATA_VALUE)
			return -EFBIG;
	}
	r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);
	if (r >= 0)
		r = open_dir(acc, folder, &dir);
	if (r >= 0)
		r = read_at(dir, file_of(folder), &e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		apply(&e, &v[i]);
	drop_empty(&e);
	if (e.n > METADATA_ENTRIES || total(&e) > METADATA_TOTAL)
		return -E2BIG;
	r = account_lock_check(acc, lock);
	return r < 0 ? r : write_at(dir, file_of(folder), &e, acc->sync);
}

int metadata_state(struct account *acc, const struct str *folder, struct metadata_state *ret)
{
	_cleanup_(fd_closep) int dir = -1;
	struct stat st;
	const int r = open_dir(acc, folder, &dir);

	if (r < 0)
		return r;
	*ret = (struct metadata_state){ 0 };
	if (fstatat(dir, file_of(folder), &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = (struct metadata_state){ st.st_ino,
						(uint64_t)st.st_mtim.tv_sec * 1000000000 +
							(uint64_t)st.st_mtim.tv_nsec,
						(uint64_t)st.st_size };
	return 0;
}
