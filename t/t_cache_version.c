/* t/t_cache_version.c: facts of the mail in t/mail, and how they stand in the cache, are those of this CACHE_VERSION */
#define _GNU_SOURCE
#include <glob.h>
#include "base/digest.h"
#include "fetch.h"
#include "maildir/caching.h"
#include "t/folder.h"

/* If a test fails here, facts have another form than those in caches that have this version, which would be taken for right: give
 * CACHE_VERSION the next number, then put that and the sum that is told here. If only t/mail has changed, the sum alone.
 */
static const char version[] = "imapd-cache 4", facts[] = "44c110cb3dbbef84ab6d7519d408a99dac5525b7",
		  records[] = "34d7147c6bf382ea84095bda949e84ae190d62c1";

enum { DATE = 1100000000, MESSAGES = 200 };

/* t/mail as a folder; each message has its place among them as its base name. */
static size_t copy_mail(const struct t_folder *f)
{
	const struct timespec times[2] = { { .tv_sec = DATE }, { .tv_sec = DATE } };
	char name[32];
	glob_t found;
	size_t n;

	t_make_dirs(f);
	ck_assert_int_eq(glob("t/mail/*.eml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		_cleanup_(buf_release) struct buf b = { 0 };
		FILE *in = fopen(found.gl_pathv[i], "re");
		int c, fd;

		ck_assert_ptr_nonnull(in);
		while ((c = getc(in)) != EOF)
			buf_c(&b, (char)c);
		fclose(in);
		snprintf(name, sizeof name, "cur/%zu", i);
		fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_eq(write(fd, b.s ? b.s : "", b.n), (ssize_t)b.n);
		ck_assert_int_eq(futimens(fd, times), 0);
		close(fd);
	}
	n = found.gl_pathc;
	globfree(&found);
	ck_assert_uint_lt(n, MESSAGES);
	return n;
}

/* The sum of all facts of one message. */
static void sum_message(struct maildir *box, uint32_t uid, char ret[DIGEST_HEX + 1])
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct fetching f;
	struct digest d;

	digest_init(&d);
	ck_assert_int_eq(fetching_begin(&f, box, uid, &a), 0);
	for (enum fact fact = 1; fact < FACTS; fact++) {
		ck_assert_int_eq(fetching_need(&f, 1u << (16 + fact)), 0);
		digest_add(&d, &(uint8_t){ (uint8_t)fact }, 1);
		digest_add(&d, f.facts[fact].s, f.facts[fact].n);
	}
	fetching_end(&f);
	digest_end(&d, ret);
}

START_TEST(facts_have_the_form_of_this_version)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	char sums[MESSAGES][DIGEST_HEX + 1], all[DIGEST_HEX + 1];
	const size_t n = copy_mail(&f);
	struct maildir *m = t_select(&f);
	struct digest d;

	ck_assert_uint_eq(maildir_count(m), n);
	for (size_t i = 0; i < n; i++) {
		const struct message *msg = maildir_at(m, i);
		uint32_t place;

		ck_assert(str_u32(maildir_base_name(m, msg), &place));
		sum_message(m, msg->uid, sums[place]);
	}
	maildir_close(m);
	digest_init(&d);
	for (size_t i = 0; i < n; i++)
		digest_add(&d, sums[i], DIGEST_HEX);
	digest_end(&d, all);
	ck_assert_str_eq(CACHE_VERSION, version);
	ck_assert_str_eq(all, facts);
}
END_TEST

START_TEST(records_have_the_form_of_this_version)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = NULL;
	struct cache_key key = { .uid = 77, .kind = 3, .name = cache_name(STR("1700000000.M1.host")) };
	char all[DIGEST_HEX + 1];
	struct digest d;
	const struct put *put;

	ck_assert_int_eq(cache_open(f.fd, NULL, &c), 0);
	digest_init(&d);
	key.folder = cache_folder(c, "F0123456789abcdef", 5);
	cache_put(c, &key, STR("some fact that is longer than thirty-two octets, and no multiple of eight"));
	for (size_t at = 0; at < c->pending.n; at += (sizeof *put + put->n + 7) & ~(size_t)7) {
		const char *value = c->pending.s + at + sizeof *put;
		size_t days;

		put = (const void *)(c->pending.s + at);
		days = put->key[KEY_KIND] ? sizeof(uint16_t) : DAYS_SIZE;
		digest_add(&d, put->key, sizeof put->key);
		digest_add(&d, &put->n, sizeof put->n);
		digest_add(&d, value + days, put->n - days);
	}
	digest_end(&d, all);
	cache_close(c);
	ck_assert_str_eq(CACHE_VERSION, version);
	ck_assert_str_eq(all, records);
}
END_TEST

T_SUITE("version of the cache", T_TEST(facts_have_the_form_of_this_version), T_TEST(records_have_the_form_of_this_version))
