/* config.c: settings of imapd, from the environment (imapd.conf(5)) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "config.h"
#include "maildir/cache.h"

/* IMAP_UMASK is octal, as the shell's is. */
static bool set_umask(void)
{
	const char *value = env_text("IMAP_UMASK", "022");
	char *end;
	const unsigned long mask = strtoul(value, &end, 8);

	if (*end || mask > 0777) {
		log_line(LOG_ERR, "IMAP_UMASK=%s: want an octal number up to 777", value);
		return false;
	}
	umask((mode_t)mask);
	return true;
}

static bool read_session(struct config *c)
{
	uint64_t megabyte = 1 << 20;

	c->capability = env_text("IMAP_CAPABILITY", NULL);
	c->trash = env_text("IMAP_TRASHFOLDERNAME", "Trash");
	c->empty_trash = env_text("IMAP_EMPTYTRASH", NULL);
	return env_number("IMAP_IDLE_TIMEOUT", 1, 86400, 60, &c->idle_poll) &&
	       env_number("IMAPD_INACTIVITY", 60, 86400, 1800, &c->inactivity) &&
	       env_number("IMAPD_INPROGRESS", 0, 3600, 10, &c->progress) &&
	       env_number("IMAPD_APPENDLIMIT", 1, UINT32_MAX, 256 * megabyte, &c->append_limit) &&
	       env_number("IMAPD_MESSAGELIMIT", 0, UINT32_MAX, 0, &c->message_limit) &&
	       env_number("IMAPD_SAVELIMIT", 0, UINT32_MAX, 0, &c->save_limit) &&
	       env_bool("IMAPD_SUBMIT", false, &c->submit) &&
	       env_bool("IMAPD_UNAUTHENTICATE", true, &c->unauthenticate) &&
	       env_bool("IMAP_MOVE_EXPUNGE_TO_TRASH", false, &c->expunge_to_trash) &&
	       env_bool("IMAP_LOG_DELETIONS", false, &c->log_deletions);
}

static bool read_separator(char *ret)
{
	const char *value = env_text("IMAPD_SEPARATOR", ".");

	if (strcmp(value, ".") != 0 && strcmp(value, "/") != 0) {
		log_line(LOG_ERR, "IMAPD_SEPARATOR=%s: want . or /", value);
		return false;
	}
	*ret = *value;
	return true;
}

/* IMAPD_PREFIX is written with the separator, or as "none". */
static const char *read_prefix(void)
{
	const char *value = env_text("IMAPD_PREFIX", NULL);

	return value && strcasecmp(value, "none") == 0 ? "" : value;
}

/* IMAPD_CACHEDIR is a place for all accounts, or "none". */
static bool read_cache(struct imapd_settings *s)
{
	const char *value = env_text("IMAPD_CACHEDIR", NULL);

	s->no_cache = value && strcasecmp(value, "none") == 0;
	s->cache_dir = s->no_cache ? NULL : value;
	if (!s->cache_dir || *s->cache_dir == '/')
		return env_number("IMAPD_CACHE_SIZE", CACHE_SIZE_LEAST, UINT64_C(1) << 40, 1 << 30, &s->cache_size);
	log_line(LOG_ERR, "IMAPD_CACHEDIR=%s: want a directory's whole path, or none", value);
	return false;
}

static const char *hostname(char *host, size_t size)
{
	const char *set = env_text("HOSTNAME", NULL);

	if (set)
		return set;
	if (gethostname(host, size - 1) < 0 || !*host)
		return "localhost";
	return host;
}

/* Read here because nothing of /proc can be opened in the sandbox. */
static const char *boot_id(struct arena *a)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (fd_slurp_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &b) < 0)
		return NULL;
	return arena_str(a, str_trim(buf_view(&b))).s;
}

static bool read_folder(struct arena *a, struct maildir_config *f)
{
	static const char *const syncs[] = { "full", "mail", "never", NULL };
	size_t sync = MD_SYNC_FULL;
	char host[256] = "";

	if (!env_bool("IMAP_USELOCKS", true, &f->use_locks) || !env_bool("IMAPD_NO_INOTIFY", false, &f->no_inotify) ||
	    !env_choice("IMAPD_SYNC", syncs, MD_SYNC_FULL, &sync))
		return false;
	f->sync = (enum md_sync)sync;
	f->boot_id = boot_id(a);
	f->hostname = arena_str(a, str_z(hostname(host, sizeof host))).s;
	return true;
}

bool imapd_settings_read(struct arena *a, struct imapd_settings *ret)
{
	struct imapd_settings s = { 0 };

	if (!set_umask() || !read_session(&s.session) || !read_folder(a, &s.folder) || !read_separator(&s.separator) ||
	    !read_cache(&s) ||
	    !env_bool("IMAP_MAILBOX_SANITY_CHECK", true, &s.account.check_owner) ||
	    !env_bool("IMAPD_ALLOW_ROOT", false, &s.allow_root))
		return false;
	s.account.no_sync = s.folder.sync != MD_SYNC_FULL;
	s.account.prefix = read_prefix();
	s.debug_file = env_text("IMAPDEBUGFILE", NULL);
	*ret = s;
	return true;
}

bool account_value(const char *name, struct str *ret)
{
	return env_option(getenv("OPTIONS"), name, ret) || env_option(getenv("AUTHOPTIONS"), name, ret);
}

bool account_option(const char *name)
{
	struct str value;

	return account_value(name, &value) && (!value.s || (value.n && strchr("123456789tTyY", value.s[0])));
}
