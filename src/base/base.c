/* base/base.c: memory that is there or ends the process */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/base.h"

_noreturn_ void out_of_memory(void)
{
	static const char line[] = "out of memory\n";

	(void)!write(STDERR_FILENO, line, sizeof line - 1);
	_exit(EXIT_TEMPORARY);
}

void *must_alloc(size_t n)
{
	void *p = malloc(n);

	if (!p)
		out_of_memory();
	return p;
}

void *must_realloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		out_of_memory();
	return p;
}

char *must_strdup(const char *s)
{
	const size_t n = strlen(s) + 1;

	return memcpy(must_alloc(n), s, n);
}

/* In a frame of its own, below which nothing is in use. */
_noinline_ void memory_rest(void)
{
	malloc_trim(0);
#ifndef __SANITIZE_ADDRESS__ /* whose stack holds more than it seems */
	enum { PAGE = 4096, DEEPEST = 256 * 1024 };
	const uintptr_t end = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE - 1);

	/* A page is left for madvise() itself. Where the stack ends, so does what is given back. */
	madvise((void *)(end - PAGE - DEEPEST), DEEPEST, MADV_DONTNEED);
#endif
}

void wipe(void *p, size_t n)
{
	if (n)	/* p may be NULL then */
		explicit_bzero(p, n);
}
