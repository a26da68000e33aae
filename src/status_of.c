/* status_of.c: what STATUS can tell of a folder (RFC 9051 6.3.11) */
#include "fetch.h"
#include "status_of.h"
#include "sync.h"
#include "view.h"

static bool p_status_item(struct cursor *c, const struct status_row **ret)
{
	const struct str start = c->rest;
	struct str name;

	if (!p_atom(c, &name))
		return false;
	*ret = status_row_find(name);
	if (*ret)
		return true;
	return p_unknown(c, start, "a STATUS item");
}

bool p_status_items(struct cursor *c, struct status_items *ret)
{
	struct status_items items = { .n = 0 };

	if (!p_char(c, '('))
		return false;
	do {
		if (items.n == STATUS_ITEMS)
			return p_expected(c, "fewer STATUS items");
		if (!p_status_item(c, &items.v[items.n]))
			return false;
		items.enables |= row_enables(items.v[items.n++]);
	} while (p_sp(c));
	if (!p_char(c, ')'))
		return false;
	*ret = items;
	return true;
}

static int prepare(struct status_of *of, const struct status_items *items)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < items->n; i++)
		if (items->v[i]->prepare)
			r = items->v[i]->prepare(of);
	return r;
}

int status_tell(struct session *s, struct str name, const struct folder *folder, const struct status_items *items)
{
	struct status_of of;
	int r;

	sync_enable(s, items->enables);
	r = status_open_folder(s, folder, &of);
	if (r < 0)
		return r;
	r = prepare(&of, items);
	if (r == 0) {
		w_untagged(&s->out);
		w_atom(&s->out, "STATUS");
		w_mailbox(&s->out, name);
		w_open(&s->out);
		for (size_t i = 0; i < items->n; i++) {
			w_atom(&s->out, items->v[i]->name);
			if (items->v[i]->write)
				items->v[i]->write(s, &of);
			else
				w_number(&s->out, items->v[i]->value(&of));
		}
		w_close(&s->out);
		w_crlf(&s->out);
	}
	status_close_folder(&of);
	return r;
}

static int open_box(struct status_of *of)
{
	int r = session_open(of->session, of->folder, MD_READONLY | MD_UPDATE_NEXT, &of->opened, &of->box);

	if (r == 0)
		r = maildir_update(of->box, 0);
	if (r >= 0)
		maildir_numbers(of->box, &of->numbers);
	return r;
}

int status_open_folder(struct session *s, const struct folder *folder, struct status_of *ret)
{
	struct status_of of = { .session = s, .folder = folder->name, .append_limit = s->config.append_limit,
				.no_recent = s->enabled & ON_REV2 };
	const struct maildir *selected = s->view ? s->view->box : NULL;
	int r = 0;

	if (!numbers_remembered(s->store.config.cache, s->store.account, folder, selected, &of.numbers))
		r = open_box(&of);
	if (r < 0)
		status_close_folder(&of);
	else
		*ret = of;
	return r;
}

void status_close_folder(struct status_of *of)
{
	maildir_close(of->opened);
}

uint64_t status_messages(const struct status_of *of)
{
	return of->numbers.messages;
}

uint64_t status_recent(const struct status_of *of)
{
	return of->no_recent ? 0 : of->numbers.recent;
}

uint64_t status_uidnext(const struct status_of *of)
{
	return of->numbers.uidnext;
}

uint64_t status_uidvalidity(const struct status_of *of)
{
	return of->numbers.uidvalidity;
}

uint64_t status_unseen(const struct status_of *of)
{
	return of->numbers.unseen;
}

uint64_t status_deleted(const struct status_of *of)
{
	return of->numbers.deleted;
}

/* A message that goes away meanwhile counts for nothing. Its place is found by UID again, since looking for a file may change
 * what is known of the folder.
 */
int status_prepare_size(struct status_of *of)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	uint64_t sum = 0;
	bool whole = true;

	if (of->numbers.size_known)
		return 0;
	if (!of->box) {
		const int r = open_box(of);

		if (r < 0)
			return r;
	}
	for (uint32_t uid = 0;;) {
		const size_t i = maildir_position(of->box, uid + 1);
		struct fetching f;
		int r;

		if (i == maildir_count(of->box))
			break;
		uid = maildir_at(of->box, i)->uid;
		r = fetching_begin(&f, of->box, uid, &arena);
		if (r == 0)
			r = fetching_need(&f, NEEDS_SIZE);
		fetching_end(&f);
		arena_reset(&arena);
		if (r < 0 && r != -ENOENT)
			return r;
		sum += r < 0 ? 0 : f.size;
		whole = whole && r == 0;
		if (uid == UINT32_MAX)
			break;
	}
	if (whole)
		maildir_numbers_size(of->box, sum);
	maildir_numbers(of->box, &of->numbers);
	of->numbers.size = sum;
	return 0;
}

uint64_t status_size(const struct status_of *of)
{
	return of->numbers.size;
}
