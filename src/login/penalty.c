/* login/penalty.c: how long an address that has failed before must wait, kept across connections */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/siphash.h"
#include "login/penalty.h"

enum { BUCKETS = 2048, SLOTS = 8, HASH_BITS = 32, TIME_BITS = 24, COUNT_BITS = 8, TICK = 4 };

struct penalty_table {
	_Atomic uint64_t secret; /* 0: not made yet */
	uint64_t unused[7];
	_Atomic uint64_t slots[BUCKETS][SLOTS]; /* 0: free */
};

/* A slot, taken apart. Times are in units of TICK seconds, modulo 2^24 of them (two years). */
struct slot {
	uint32_t hash, time, count;
};

static struct slot unpack(uint64_t word)
{
	return (struct slot){
		.hash = (uint32_t)(word >> (TIME_BITS + COUNT_BITS)),
		.time = (uint32_t)(word >> COUNT_BITS) & ((1u << TIME_BITS) - 1),
		.count = (uint32_t)word & ((1u << COUNT_BITS) - 1),
	};
}

static uint64_t pack(struct slot s)
{
	return (uint64_t)s.hash << (TIME_BITS + COUNT_BITS) | (uint64_t)s.time << COUNT_BITS | s.count;
}

static uint32_t ticks(uint64_t now)
{
	return (uint32_t)(now / TICK) & ((1u << TIME_BITS) - 1);
}

static uint32_t age(struct slot s, uint64_t now)
{
	return (ticks(now) - s.time) & ((1u << TIME_BITS) - 1);
}

static bool forgotten(uint64_t word, uint64_t now)
{
	const uint32_t a = age(unpack(word), now);

	/* a time that lies a little ahead is another processor's clock; it is fresh */
	return word == 0 || (a > PENALTY_FORGET / TICK && a < (1u << TIME_BITS) - PENALTY_FORGET / TICK);
}

/* IPv4 whole; of IPv6 the first 64 bits, which is what one household has. */
static uint64_t hash(const struct penalty_table *t, const struct address *a)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint64_t secret = atomic_load(&t->secret), key[2] = { secret, ~secret };
	const size_t n = memcmp(a->ip, mapped, sizeof mapped) == 0 ? 16 : 8;

	return siphash(key, (struct str){ (const char *)a->ip, n });
}

static bool mine(uint64_t word, uint64_t h, uint64_t now)
{
	return !forgotten(word, now) && unpack(word).hash == (uint32_t)h;
}

uint64_t penalty_of(unsigned failures)
{
	uint64_t ms = 1000;

	if (failures < PENALTY_FREE)
		return 0;
	for (unsigned i = PENALTY_FREE; i < failures && ms < PENALTY_MAX_MS; i++)
		ms *= 2;
	return MIN(ms, (uint64_t)PENALTY_MAX_MS);
}

uint64_t penalty_wait(const struct penalties *p, const struct address *a, uint64_t now)
{
	uint64_t h;

	if (!p->table)
		return 0;
	h = hash(p->table, a);
	for (size_t i = 0; i < SLOTS; i++) {
		const uint64_t word = atomic_load(&p->table->slots[h >> 32 & (BUCKETS - 1)][i]);

		if (mine(word, h, now))
			return penalty_of(unpack(word).count);
	}
	return 0;
}

/* Where a failure of h is to be written: its own slot, else a free one, else the one that matters least. */
static size_t pick(_Atomic uint64_t *bucket, uint64_t h, uint64_t now)
{
	size_t best = 0;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < SLOTS; i++) {
		const uint64_t word = atomic_load(&bucket[i]);
		const struct slot s = unpack(word);
		const uint64_t weight = forgotten(word, now) ? 0
							     : (uint64_t)s.count << TIME_BITS |
								       ((1u << TIME_BITS) - 1 - age(s, now));

		if (mine(word, h, now))
			return i;
		if (weight < least) {
			least = weight;
			best = i;
		}
	}
	return best;
}

void penalty_add(const struct penalties *p, const struct address *a, uint64_t now)
{
	_Atomic uint64_t *bucket;
	uint64_t h, old;
	struct slot s;

	if (!p->table)
		return;
	h = hash(p->table, a);
	bucket = p->table->slots[h >> 32 & (BUCKETS - 1)];
	for (unsigned tries = 0; tries < 16; tries++) {
		const size_t i = pick(bucket, h, now);

		old = atomic_load(&bucket[i]);
		s = (struct slot){ (uint32_t)h, ticks(now), 1 };
		if (mine(old, h, now))
			s.count = MIN(unpack(old).count + 1, (1u << COUNT_BITS) - 1);
		if (atomic_compare_exchange_strong(&bucket[i], &old, pack(s)))
			return;
	}
}

/* A directory or file that nobody but us (and root) can change. */
static bool safe(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && (st.st_mode & 022) == 0 &&
	       (st.st_uid == geteuid() || st.st_uid == 0);
}

/* The file at full length, on blocks that it really has: a write to a mapping can't report a full disk. */
static int open_file(const char *dir)
{
	_cleanup_(fd_closep) int d = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	struct stat st;
	int r;

	if (d < 0)
		return -errno;
	if (!safe(d, S_IFDIR))
		return -EPERM;
	fd = openat(d, "imapd.penalties", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (!safe(fd, S_IFREG) || fstat(fd, &st) < 0)
		return -EPERM;
	if (st.st_size < (off_t)sizeof(struct penalty_table) &&
	    (r = posix_fallocate(fd, 0, sizeof(struct penalty_table))) != 0)
		return -r;
	r = fd;
	fd = -1;
	return r;
}

int penalties_open(const char *dir, struct penalties *ret)
{
	_cleanup_(fd_closep) int fd = open_file(dir);
	uint64_t secret = 0, none = 0;
	struct penalty_table *t;

	if (fd < 0)
		return fd;
	while (secret == 0)
		if (getrandom(&secret, sizeof secret, 0) != sizeof secret)
			return -EIO;
	t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (t == MAP_FAILED)
		return -errno;
	madvise(t, sizeof *t, MADV_DONTFORK);
	atomic_compare_exchange_strong(&t->secret, &none, secret);
	ret->table = t;
	return 0;
}

void penalties_close(struct penalties *p)
{
	if (p->table)
		munmap(p->table, sizeof *p->table);
	p->table = NULL;
}
