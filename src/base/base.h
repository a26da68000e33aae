/* base/base.h: what every file may use: attributes, cleanup, and the end when memory is out */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _noreturn_ __attribute__((noreturn))
#define _noinline_ __attribute__((noinline))

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Exit codes, the ones that checkpassword programs use. */
enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_MISUSED = 2, EXIT_PERMANENT = 100, EXIT_TEMPORARY = 111 };

/* Memory is out: one client is lost, with one line on the log. Never returns. */
_noreturn_ void out_of_memory(void);

/* malloc() and friends that end the process instead of failing. n is never 0. */
void *must_alloc(size_t n);
void *must_realloc(void *p, size_t n);
char *must_strdup(const char *s);

/* For a process that is going to wait, maybe for hours: gives back free memory, and pages of the stack that only
 * deeper calls have used.
 */
void memory_rest(void);

/* Overwrites a secret so that the compiler can't leave it out. */
void wipe(void *p, size_t n);
