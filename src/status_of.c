/* status_of.c: what STATUS can tell of a folder (RFC 9051 6.3.11) */
#include "status_of.h"

int status_open_folder(struct session *s, struct str folder, struct status_of *ret)
{
	struct status_of of = { .append_limit = s->config.append_limit };
	int r = session_open(s, folder, MD_READONLY, &of.opened, &of.box);

	if (r == 0)
		r = maildir_update(of.box, 0);
	if (r < 0)
		status_close_folder(&of);
	else
		*ret = of;
	return MIN(r, 0);
}

void status_close_folder(struct status_of *of)
{
	maildir_close(of->opened);
}

uint64_t status_messages(const struct status_of *of)
{
	return maildir_count(of->box);
}

uint64_t status_recent(const struct status_of *of)
{
	uint64_t n = 0;

	for (size_t i = 0; i < maildir_count(of->box); i++)
		n += maildir_at(of->box, i)->recent;
	return n;
}

uint64_t status_uidnext(const struct status_of *of)
{
	return maildir_uidnext(of->box);
}

uint64_t status_uidvalidity(const struct status_of *of)
{
	return maildir_uidvalidity(of->box);
}

uint64_t status_unseen(const struct status_of *of)
{
	uint64_t n = 0;

	for (size_t i = 0; i < maildir_count(of->box); i++)
		n += !(maildir_at(of->box, i)->flags & MD_SEEN);
	return n;
}
