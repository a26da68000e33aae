/* ahead.c: facts of the messages that come next are made by other threads, while the first one answers */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include "ahead.h"
#include "fetching.h"

/* Messages are handed over by BATCH, and nothing is begun that is more than WINDOW batches away, or that makes more than OCTETS of one. */
enum { WORTHWHILE = 500, BATCH = 32, WINDOW = 16, OCTETS = 128 * 1024, HELPERS = 3, STACK = 1 << 20 };

/* What is known of one message. */
struct made {
	bool done;
	off_t size;
	unsigned have;
	struct str facts[FACTS];
};

/* Messages BATCH * number and following. */
struct batch {
	enum { EMPTY, FREE, TAKEN, MADE } state;
	size_t number, n;
	struct md_place *places;
	struct made *made;
	struct arena arena;	/* of all that is pointed to */
};

struct ahead {
	struct maildir *box;
	const uint32_t *uids;
	size_t n;
	unsigned needs;
	bool utf8;
	size_t at;		/* the batch that the first thread is in */
	bool mine;		/* it makes that one itself */
	pthread_t helpers[HELPERS];
	size_t nhelpers;

	/* These, and what belongs to a batch that is FREE or MADE, are used with the lock held; TAKEN: by who has taken it. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	struct batch window[WINDOW];	/* of number % WINDOW */
};

/* ---- the other threads ---- */

/* But for what is so long that it is not kept: of that there may be one only. */
static void hand_over(const struct fetching *f, struct arena *a, struct made *ret)
{
	for (enum fact fact = 1; fact < FACTS; fact++)
		if (f->facts[fact].n > FACT_MAX)
			return;
	*ret = (struct made){ .done = true, .size = f->file_size, .have = f->have };
	for (enum fact fact = 1; fact < FACTS; fact++)
		if (f->have & 1u << (16 + fact))
			ret->facts[fact] = arena_str(a, f->facts[fact]);
}

/* Goes without what can't be read: the first thread will see why. */
static void make(const struct ahead *a, struct batch *b, size_t i, struct arena *scratch)
{
	struct fetching f = { .arena = scratch, .fd = -1, .utf8 = a->utf8, .have = NEEDS_FILE };
	struct md_file file;

	fetching_uncached(&f);
	if (md_place_open(&b->places[i], &file) < 0)
		return;
	f.fd = file.fd;
	f.file_size = file.size;
	f.file_date = file.mtime;
	if (fetching_need(&f, a->needs) == 0)
		hand_over(&f, &b->arena, &b->made[i]);
	fetching_end(&f);
}

static void make_batch(const struct ahead *a, struct batch *b)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };

	for (size_t i = 0; i < b->n && arena_used(&b->arena) < OCTETS; i++) {
		make(a, b, i, &scratch);
		arena_reset(&scratch);
	}
}

/* The one that is farthest ahead, so that nobody waits for it soon. */
static struct batch *next_batch(struct ahead *a)
{
	struct batch *next = NULL;

	for (size_t i = 0; i < WINDOW; i++)
		if (a->window[i].state == FREE && (!next || a->window[i].number > next->number))
			next = &a->window[i];
	return next;
}

static void *help(void *data)
{
	struct ahead *a = data;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct batch *b = next_batch(a);

		if (!b) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		b->state = TAKEN;
		pthread_mutex_unlock(&a->lock);
		make_batch(a, b);
		pthread_mutex_lock(&a->lock);
		b->state = MADE;
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* ---- the first thread ---- */

static bool knows_all(struct maildir *box, uint32_t uid, unsigned needs, bool utf8)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct fetching f;
	bool all = fetching_begin(&f, box, uid, &a) == 0;

	f.utf8 = utf8;
	for (unsigned facts = needs >> 16; all && facts; facts &= facts - 1)
		all = fetching_knows(&f, (enum fact)__builtin_ctz(facts));
	return all;
}

/* Offers a batch, unless it seems to be known. */
static void offer(struct ahead *a, size_t number)
{
	struct batch *b = &a->window[number % WINDOW];
	const uint32_t *uids = a->uids + number * BATCH;
	const size_t n = number * BATCH < a->n ? MIN(a->n - number * BATCH, (size_t)BATCH) : 0;
	struct batch next = { .state = EMPTY, .number = number, .n = n, .arena = b->arena };

	arena_reset(&next.arena);
	if (n && !knows_all(a->box, uids[0], a->needs, a->utf8)) {
		next.state = FREE;
		next.places = arena_alloc(&next.arena, n * sizeof *next.places);
		next.made = arena_alloc(&next.arena, n * sizeof *next.made);
		for (size_t i = 0; i < n; i++)
			maildir_place(a->box, uids[i], &next.places[i]);
	}
	pthread_mutex_lock(&a->lock);
	*b = next;
	pthread_mutex_unlock(&a->lock);
}

/* Goes on to a batch: it is made by now, or is awaited, or is ours. */
static void enter(struct ahead *a, size_t number)
{
	struct batch *b = &a->window[number % WINDOW];

	a->at = number;
	pthread_mutex_lock(&a->lock);
	pthread_cond_broadcast(&a->changed);
	while (b->state == TAKEN)
		pthread_cond_wait(&a->changed, &a->lock);
	a->mine = b->state != MADE;
	b->state = EMPTY;
	pthread_mutex_unlock(&a->lock);
}

void ahead_take(struct ahead *a, size_t i, struct fetching *f)
{
	const struct made *made;

	while (a->at < i / BATCH) {	/* what is behind makes room for what is ahead */
		offer(a, a->at + WINDOW);
		enter(a, a->at + 1);
	}
	made = a->mine ? NULL : &a->window[a->at % WINDOW].made[i % BATCH];
	if (!made || !made->done)
		return;
	f->utf8 = a->utf8;
	f->file_size = made->size;
	for (enum fact fact = 1; fact < FACTS; fact++)
		if (made->have & 1u << (16 + fact))
			fact_adopt(f, fact, made->facts[fact]);
}

static size_t processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* Signals are for the first thread. None can be had: then it is alone. */
static void start_helpers(struct ahead *a, size_t n)
{
	pthread_attr_t attr;
	sigset_t all, before;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (a->nhelpers < n && pthread_create(&a->helpers[a->nhelpers], &attr, help, a) == 0)
		a->nhelpers++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

void ahead_end(struct ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	for (size_t i = 0; i < a->nhelpers; i++)
		pthread_join(a->helpers[i], NULL);
	for (size_t i = 0; i < WINDOW; i++)
		arena_free(&a->window[i].arena);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

bool ahead_pays(struct maildir *box, size_t n, uint32_t uid, unsigned needs, bool utf8)
{
	const unsigned facts = needs & ~0u << 16;

	return n >= WORTHWHILE && facts && processors() >= 2 && !knows_all(box, uid, facts, utf8);
}

struct ahead *ahead_begin(struct maildir *box, const uint32_t *uids, size_t n, unsigned needs, bool utf8)
{
	const unsigned facts = needs & ~0u << 16;
	struct ahead *a;

	if (n < WORTHWHILE || !ahead_pays(box, n, uids[n / 2], facts, utf8))
		return NULL;
	a = must_alloc(sizeof *a);
	*a = (struct ahead){ .box = box, .uids = uids, .n = n, .needs = facts, .utf8 = utf8 };
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	start_helpers(a, MIN(processors() - 1, (size_t)HELPERS));
	if (a->nhelpers == 0) {
		ahead_end(a);
		return NULL;
	}
	for (size_t i = 0; i < WINDOW; i++)
		offer(a, i);
	enter(a, 0);
	return a;
}
