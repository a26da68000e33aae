/* maildir/cache_guard.c: who falls over the file of facts leaves a mark, and, if it was only being read, goes on
 *
 * A page that is damaged may say that its parts are anywhere, and a file that somebody has cut is not there where it is looked at: SIGSEGV
 * and SIGBUS. To look at each page before it is used would cost more than what is read from it.
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

enum { ALTERNATE_STACK = 64 * 1024 };

/* At the beginning of the stack that the handler runs on, which is how it finds it: nothing is at file scope. */
struct crash {
	uint64_t magic;
	int dir;
	char mark[64];
	sigjmp_buf *guard;		/* where to go on; NULL: nowhere */
	struct sigaction before[2];	/* what was done with SIGSEGV and SIGBUS */
	stack_t stack;
};
static const int crashes[] = { SIGSEGV, SIGBUS };
static const uint64_t magic = UINT64_C(0x6373ae1b40c5f20d);

static void leave_mark(int dir, const char *mark)
{
	const int fd = openat(dir, mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

void cache_file_mark(const struct cache *c)
{
	char mark[64];

	snprintf(mark, sizeof mark, "%s" CACHE_BROKEN, c->name);
	leave_mark(c->dir, mark);
}

/* Goes on where it is guarded, if it is. */
static void jump(struct crash *k)
{
	sigjmp_buf *const guard = k->guard;

	k->guard = NULL;
	if (guard)
		siglongjmp(*guard, 1);
}

/* Only calls that a handler may make. What was to happen without us happens afterwards. */
static void crashed(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	struct crash *k = at->uc_stack.ss_sp;
	const struct sigaction end = { .sa_handler = SIG_DFL };
	const bool ours = k && at->uc_stack.ss_size == ALTERNATE_STACK && k->magic == magic;

	(void)info;
	if (ours) {
		leave_mark(k->dir, k->mark);
		jump(k);
	}
	sigaction(sig, ours ? &k->before[sig == SIGBUS] : &end, NULL);
	raise(sig);
}

void cache_guard_fall(const struct cache *c)
{
	cache_file_mark(c);
	if (c->crash)
		jump(c->crash);
}

void cache_guard_begin(struct cache *c)
{
	const struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	void *p = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct crash *k = p;

	if (p == MAP_FAILED)
		return;
	*k = (struct crash){ .magic = magic, .dir = c->dir };
	snprintf(k->mark, sizeof k->mark, "%s" CACHE_BROKEN, c->name);
	if (sigaltstack(&(stack_t){ .ss_sp = p, .ss_size = ALTERNATE_STACK }, &k->stack) < 0) {
		munmap(p, ALTERNATE_STACK);
		return;
	}
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &action, &k->before[i]);
	c->crash = k;
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
