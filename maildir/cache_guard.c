/* maildir/cache_guard.c: who falls over a file of the cache: of facts, and it was only being read, goes on; else ends
 *
 * A page that is damaged may say that its parts are anywhere, and a file that somebody has cut is not there where it is looked at: SIGSEGV
 * and SIGBUS. To look at each page before it is used would cost more than what is read from it. A snapshot is used by all of this room, so
 * nobody can go on from where it is lost: that is as if the process had been killed there, but that the client can be told.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "maildir/caching.h"
#include "maildir/snapshot.h"

enum { ALTERNATE_STACK = 64 * 1024 };

/* At the beginning of the stack that the handler runs on, which is how it finds it: nothing is at file scope. */
struct crash {
	uint64_t magic;
	const struct cache *cache;
	char mark[64];			/* of the file of facts that is open, if one is */
	sigjmp_buf *guard;		/* where to go on; NULL: nowhere */
	sigjmp_buf *survivor;		/* the same, for what is not guarded */
	struct sigaction before[2];	/* what was done with SIGSEGV and SIGBUS */
	stack_t stack;
};
static const int crashes[] = { SIGSEGV, SIGBUS };
static const uint64_t magic = UINT64_C(0x6373ae1b40c5f20d);

static void leave_mark(const struct cache *c, const char *mark)
{
	const int fd = c->look_only ? -1 : openat(c->dir, mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

void cache_file_mark(const struct cache *c)
{
	char mark[64];

	snprintf(mark, sizeof mark, "%s" CACHE_BROKEN, c->name);
	leave_mark(c, mark);
}

/* Goes on there, once, if it is anywhere. */
static void jump(sigjmp_buf **where)
{
	sigjmp_buf *const there = *where;

	*where = NULL;
	if (there)
		siglongjmp(*there, 1);
}

/* Only calls that a handler may make. What was to happen without us happens afterwards. */
static void crashed(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	struct crash *k = at->uc_stack.ss_sp;
	const struct sigaction end = { .sa_handler = SIG_DFL };
	const bool ours = k && at->uc_stack.ss_size == ALTERNATE_STACK && k->magic == magic;

	(void)info;
	if (ours && k->cache->env)
		leave_mark(k->cache, k->mark);
	if (ours)
		jump(&k->guard);
	if (ours && sig == SIGBUS)
		jump(&k->survivor);
	sigaction(sig, ours ? &k->before[sig == SIGBUS] : &end, NULL);
	raise(sig);
}

void cache_guard_fall(const struct cache *c)
{
	cache_file_mark(c);
	if (c->crash)
		jump(&c->crash->guard);
}

void cache_lost(const struct cache *c)
{
	if (c && c->crash)
		jump(&c->crash->survivor);
}

static void begin(struct cache *c)
{
	const struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	void *p = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct crash *k = p;

	if (p == MAP_FAILED)
		return;
	*k = (struct crash){ .magic = magic, .cache = c };
	if (sigaltstack(&(stack_t){ .ss_sp = p, .ss_size = ALTERNATE_STACK }, &k->stack) < 0) {
		munmap(p, ALTERNATE_STACK);
		return;
	}
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &action, &k->before[i]);
	c->crash = k;
}

void cache_guard_begin(struct cache *c)
{
	if (!c->crash)
		begin(c);
	if (c->crash)
		snprintf(c->crash->mark, sizeof c->crash->mark, "%s" CACHE_BROKEN, c->name);
}

void cache_guard_end(struct cache *c)
{
	struct crash *k = c->crash;

	if (!k)
		return;
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &k->before[i], NULL);
	sigaltstack(&k->stack, NULL);
	munmap(k, ALTERNATE_STACK);
	c->crash = NULL;
}

int cache_guard(struct cache *c, int (*what)(struct cache *c, void *data), void *data)
{
	sigjmp_buf here;
	int r;

	if (sigsetjmp(here, 0) != 0)	/* signals need not be saved: the handler runs with none blocked */
		return MDB_CORRUPTED;
	if (c->crash)
		c->crash->guard = &here;
	r = what(c, data);
	if (c->crash)	/* it may have been closed */
		c->crash->guard = NULL;
	return r;
}

bool cache_survive(struct cache *c, void (*what)(void *data), void *data)
{
	sigjmp_buf here;

	if (!c) {
		what(data);
		return true;
	}
	if (sigsetjmp(here, 0) != 0) {
		snapshot_remove_all(c->dir);
		return false;
	}
	cache_guard_begin(c);
	if (c->crash)
		c->crash->survivor = &here;
	what(data);
	if (c->crash)
		c->crash->survivor = NULL;
	return true;
}
