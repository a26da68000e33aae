/* maildir/urlkey.c: mailbox access keys: secrets that URLs of a folder's messages are signed with (RFC 4467 2.2) */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/log.h"
#include "maildir/folders.h"
#include "maildir/inside.h"
#include "maildir/urlkey.h"

/* The first line is HEADER, the second the key in hexadecimal. */
#define HEADER "imapd-urlkey 1\n"
#define FILE_NAME "imapd.urlkey"

enum { BIGGEST = 256 };

static int digit(char c)
{
	return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse(struct str text, uint8_t ret[URLKEY_SIZE])
{
	uint8_t key[URLKEY_SIZE];
	const struct str hex = str_from(text, sizeof HEADER - 1);

	if (!str_starts(text, STR(HEADER)) || hex.n != 2 * URLKEY_SIZE + 1 || hex.s[2 * URLKEY_SIZE] != '\n')
		return false;
	for (size_t i = 0; i < URLKEY_SIZE; i++) {
		const int high = digit(hex.s[2 * i]), low = digit(hex.s[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, key, sizeof key);
	return true;
}

static int read_at(int dir, uint8_t ret[URLKEY_SIZE])
{
	_cleanup_(buf_release) struct buf text = { 0 };
	const int r = files_read(dir, FILE_NAME, BIGGEST, &text);

	if (r < 0 && r != -EFBIG && r != -EINVAL)
		return r;
	if (r == 0 && parse(buf_view(&text), ret))
		return 0;
	log_line(LOG_WARNING, "%s makes no sense: passed over", FILE_NAME);
	return -ENOENT;
}

static int write_at(int dir, bool sync, uint8_t ret[URLKEY_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	_cleanup_(buf_release) struct buf text = { 0 };
	uint8_t key[URLKEY_SIZE];
	int r;

	if (getrandom(key, sizeof key, 0) != sizeof key)
		return -EIO;
	buf_z(&text, HEADER);
	for (size_t i = 0; i < sizeof key; i++) {
		buf_c(&text, hex[key[i] >> 4]);
		buf_c(&text, hex[key[i] & 15]);
	}
	buf_c(&text, '\n');
	r = files_replace_private(dir, FILE_NAME, buf_view(&text), sync);
	if (r == 0)
		memcpy(ret, key, sizeof key);
	return r;
}

int urlkey_read(struct account *acc, struct str folder, uint8_t ret[URLKEY_SIZE])
{
	_cleanup_(fd_closep) int dir = -1;
	const int r = folder_open_dir(acc, folder, &dir);

	return r < 0 ? r : read_at(dir, ret);
}

/* Under the account's lock, so that two sessions do not make two. */
static int make(struct account *acc, struct str folder, bool anew, uint8_t ret[URLKEY_SIZE])
{
	_cleanup_(fd_closep) int dir = -1, lock = -1;
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r >= 0)
		r = folder_open_dir(acc, folder, &dir);
	if (r < 0)
		return r;
	r = anew ? -ENOENT : read_at(dir, ret);
	if (r != -ENOENT)
		return r;
	r = account_lock_check(acc, lock);
	return r < 0 ? r : write_at(dir, acc->sync, ret);
}

int urlkey_need(struct account *acc, struct str folder, uint8_t ret[URLKEY_SIZE])
{
	const int r = urlkey_read(acc, folder, ret);

	return r == -ENOENT ? make(acc, folder, false, ret) : r;
}

int urlkey_reset(struct account *acc, struct str folder)
{
	uint8_t key[URLKEY_SIZE];

	return make(acc, folder, true, key);
}

static int forget(struct account *acc, struct str folder)
{
	_cleanup_(fd_closep) int dir = -1;
	int r = folder_open_dir(acc, folder, &dir);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (unlinkat(dir, FILE_NAME, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return files_sync(dir, acc->sync);
}

int urlkey_forget_all(struct account *acc)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct folder *folders;
	size_t n = 0;
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r >= 0)
		r = folder_list(acc, &a, false, &folders, &n);
	for (size_t i = 0; i < n; i++) {
		const int one = forget(acc, folders[i].name);

		r = r < 0 ? r : one;
	}
	return r;
}
