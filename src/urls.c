/* urls.c: URLs of messages in this session: where they are, and who may have them (RFC 5092, RFC 4467) */
#include <string.h>
#include <sys/random.h>
#include "base/clock.h"
#include "base/digest.h"
#include "maildir/urlkey.h"
#include "urls.h"
#include "view.h"

/* A token begins with this, to tell by which algorithm it was made (RFC 4467 2.4.1). */
#define ALGORITHM "01"

enum { TOKEN_SIZE = sizeof ALGORITHM - 1 + DIGEST_HEX };

void url_source_release(struct url_source *source)
{
	maildir_closep(&source->opened);
}

/* The folder of a mailbox, up to date. */
static int open_source(struct session *s, struct url_source *source, struct arena *a, struct str mailbox, struct maildir **ret)
{
	struct str folder;
	int r = store_folder(&s->store, a, mailbox, &folder);

	if (r < 0)
		return r;
	if (source->target_folder.s && str_eq(folder, source->target_folder)) {
		*ret = source->target;
		return maildir_update(source->target, 0);
	}
	if (source->opened && str_eq(folder, source->folder)) {
		*ret = source->opened;
		return 0;
	}
	maildir_closep(&source->opened);
	source->folder = arena_str(&s->scratch, folder);
	r = session_open(s, folder, MD_READONLY, &source->opened, ret);
	return r == 0 && source->opened ? maildir_update(source->opened, 0) : r;
}

static void make_token(const uint8_t key[URLKEY_SIZE], struct str rump, char ret[TOKEN_SIZE + 1])
{
	memcpy(ret, ALGORITHM, sizeof ALGORITHM);
	digest_mac((struct str){ (const char *)key, URLKEY_SIZE }, rump, ret + sizeof ALGORITHM - 1);
}

/* Takes as long wherever they differ. Digits in either case. */
static bool is_token(const char want[TOKEN_SIZE], struct str got)
{
	unsigned differ = got.n != TOKEN_SIZE;

	for (size_t i = 0; i < MIN(got.n, (size_t)TOKEN_SIZE); i++)
		differ |= (unsigned char)(want[i] ^ ascii_lower(got.s[i]));
	return differ == 0;
}

/* The key of a mailbox; of one that is not there another, so that this takes as long (RFC 4467 6). */
static bool find_key(struct session *s, struct arena *a, struct str mailbox, uint8_t ret[URLKEY_SIZE])
{
	struct str folder;

	if (store_folder(&s->store, a, mailbox, &folder) == 0 && urlkey_read(s->store.account, folder, ret) == 0)
		return true;
	memset(ret, 0, URLKEY_SIZE);
	return false;
}

/* Whether this session is one of those that the URL is for (RFC 4467 3). There are no anonymous sessions. */
static bool is_for(const struct session *s, const struct url_auth *u)
{
	if (u->access == URL_SUBMIT)
		return s->config.submit;
	return u->access != URL_USER || str_eq(u->who, str_z(s->config.user));
}

static bool is_good(struct session *s, struct arena *a, const struct url_auth *u)
{
	uint8_t key[URLKEY_SIZE];
	char want[TOKEN_SIZE + 1];
	const bool found = find_key(s, a, u->url.mailbox, key);

	make_token(key, u->rump, want);
	return is_token(want, u->token) && found && str_ieq(u->mechanism, STR("INTERNAL")) &&
	       str_eq(u->user, str_z(s->config.user)) && is_for(s, u) && (!u->expires || u->expire >= (int64_t)clock_unix());
}

/* What the URL says, if it may be used. */
static bool understand(struct session *s, struct arena *a, struct str text, struct url *ret)
{
	struct url_auth u;
	struct str selected;

	if (str_istarts(text, STR("imap:"))) {
		if (!url_auth_parse(a, text, s->store.separator, false, &u) || !is_good(s, a, &u))
			return false;
		*ret = u.url;
		return true;
	}
	selected = s->view ? store_name(&s->store, a, buf_view(&s->folder)) : (struct str){ 0 };
	return url_parse(a, text, selected, s->store.separator, ret);
}

int url_find(struct session *s, struct url_source *source, struct arena *a, struct str text, struct url *ret,
	     struct fetching *f, struct piece *piece)
{
	struct maildir *box = NULL;
	int r;

	if (!understand(s, a, text, ret))
		return -ENOENT;
	r = ret->here ? 0 : open_source(s, source, a, ret->mailbox, &box);
	if (ret->here)
		box = s->view->box;
	if (r == -EINVAL || (r >= 0 && ret->uidvalidity && ret->uidvalidity != maildir_uidvalidity(box)))
		return -ENOENT;
	if (r >= 0)
		r = fetching_begin(f, box, ret->uid, a);
	return r < 0 ? r : section_find(f, &ret->section, piece);
}

int url_sign(struct session *s, struct arena *a, struct str rump, struct str *ret)
{
	uint8_t key[URLKEY_SIZE];
	char made[TOKEN_SIZE + 1];
	struct str folder;
	struct url_auth u;
	int r;

	if (!url_auth_parse(a, rump, s->store.separator, true, &u))
		return -EINVAL;
	if (!str_eq(u.user, str_z(s->config.user)))
		return -EPERM;
	r = store_folder(&s->store, a, u.url.mailbox, &folder);
	if (r < 0)
		return -ENOENT;
	r = urlkey_need(s->store.account, folder, key);
	if (r < 0)
		return r;
	make_token(key, rump, made);
	*ret = arena_cat(a, rump, STR(":internal:"), str_z(made));
	return 0;
}
