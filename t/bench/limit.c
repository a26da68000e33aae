/* t/bench/limit.c: what the kernel alone takes for what commands do with files
 *
 * limit DIR [N [ALL]]: in a new directory in DIR, which is removed after it, with ALL (10000) files of 4 KB that have names as
 * messages have them: N (1000) of each operation, evenly spread. Tells the CPU time and the time of one, in us. No server that
 * leaves a file for each message and its flags in the name takes less.
 */
#define _GNU_SOURCE
#include "util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOGETHER = 16 };

struct place {
    int cur, dst, tmp;
    int open[TOGETHER];
    unsigned nopen;
    unsigned n, all;
};

static void name_of(unsigned i, const char *letters, char ret[100])
{
    snprintf(ret, 100, "%u.M%06uP4711V000000000000FC00I%016X_%u.mail.example.com,S=%u:2,%s", 1700000000 + i * 7,
             i * 7919 % 1000000, i * 31, i % 7, 2000 + i % 2000, letters);
}

static void check(int r, const char *what)
{
    if (r < 0)
        die("%s: %m", what);
}

static void rename_within(struct place *p, unsigned i)
{
    char from[100], to[100];

    name_of(i, "", from);
    name_of(i, "S", to);
    check(renameat2(p->cur, from, p->cur, to, RENAME_NOREPLACE), "rename");
}

static void link_over(struct place *p, unsigned i)
{
    char from[100], to[100];

    name_of(i, "S", from);
    name_of(i + p->all, "S", to);
    check(linkat(p->cur, from, p->dst, to, 0), "link");
}

static void link_and_rename(struct place *p, unsigned i)
{
    char from[100], to[100];

    name_of(i, "S", from);
    name_of(i + 2 * p->all, "", to);
    check(linkat(p->cur, from, p->tmp, to, 0), "link");
    check(renameat2(p->tmp, to, p->dst, to, RENAME_NOREPLACE), "rename");
}

static void rename_over(struct place *p, unsigned i)
{
    char from[100], to[100];

    name_of(i, "S", from);
    name_of(i + 3 * p->all, "S", to);
    check(renameat2(p->cur, from, p->dst, to, RENAME_NOREPLACE), "rename");
}

/* One next to those that the others have dealt with: the only name of its file. */
static void unlink_last(struct place *p, unsigned i)
{
    char name[100];

    name_of(i + 1, "", name);
    check(unlinkat(p->cur, name, 0), "unlink");
}

static int make(int dir, const char *name, size_t size)
{
    char octets[8192];
    const int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    check(fd, "create");
    memset(octets, 'x', sizeof octets);
    check((int)write(fd, octets, size), "write");
    return fd;
}

static void create(struct place *p, unsigned i)
{
    char name[100];

    name_of(i + 4 * p->all, "", name);
    close(make(p->dst, name, 8192));
}

static void create_and_sync(struct place *p, unsigned i)
{
    char name[100];
    int fd;

    name_of(i + 5 * p->all, "", name);
    fd = make(p->dst, name, 8192);
    check(fsync(fd), "fsync");
    close(fd);
}

static void sync_open(struct place *p)
{
    for (unsigned i = 0; i < p->nopen; i++) {
        check(fsync(p->open[i]), "fsync");
        close(p->open[i]);
    }
    p->nopen = 0;
}

static void create_and_sync_together(struct place *p, unsigned i)
{
    char name[100];

    name_of(i + 6 * p->all, "", name);
    p->open[p->nopen] = make(p->dst, name, 8192);
    check(sync_file_range(p->open[p->nopen++], 0, 0, SYNC_FILE_RANGE_WRITE), "sync_file_range");
    if (p->nopen == TOGETHER)
        sync_open(p);
}

static const struct {
    const char *what;
    void (*one)(struct place *, unsigned);
} operations[] = {
    { "rename within a directory (STORE)", rename_within },
    { "link to another directory", link_over },
    { "link, and rename to another directory (COPY)", link_and_rename },
    { "rename to another directory (MOVE)", rename_over },
    { "unlink (EXPUNGE)", unlink_last },
    { "create a file of 8 KB", create },
    { "create a file of 8 KB and sync it (APPEND)", create_and_sync },
    { "create 16 of them, and sync them then (APPEND of several)", create_and_sync_together },
};

static double cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int make_dir(int at, const char *name)
{
    int fd;

    check(mkdirat(at, name, 0700), name);
    fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(fd, name);
    return fd;
}

static void remove_dir(int at, const char *name, int fd)
{
    DIR *dir = fdopendir(fd);
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        unlinkat(fd, e->d_name, 0);
    closedir(dir);
    check(unlinkat(at, name, AT_REMOVEDIR), name);
}

static void measure(struct place *p, size_t k)
{
    const double cpu = cpu_us();
    const uint64_t start = now_ns();

    for (unsigned i = 0; i < p->n; i++)
        operations[k].one(p, p->all / p->n * i);
    sync_open(p);
    printf("%8.1f %8.1f  %s\n", (cpu_us() - cpu) / p->n, (double)(now_ns() - start) / 1e3 / p->n, operations[k].what);
}

int main(int argc, char *argv[])
{
    struct place p = { .n = argc > 2 ? (unsigned)atoi(argv[2]) : 1000, .all = argc > 3 ? (unsigned)atoi(argv[3]) : 10000 };
    char path[4096], name[100];
    int top;

    util_set_progname("limit");
    if (argc < 2 || p.n < 1 || p.all / p.n < 2)
        die("usage: limit DIR [N [ALL]], ALL at least twice N");
    snprintf(path, sizeof path, "%s/limit.XXXXXX", argv[1]);
    if (!mkdtemp(path))
        die("%s: %m", path);
    top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(top, path);
    p.cur = make_dir(top, "cur");
    p.dst = make_dir(top, "dst");
    p.tmp = make_dir(top, "tmp");
    for (unsigned i = 0; i < p.all; i++) {
        name_of(i, "", name);
        close(make(p.cur, name, 4096));
    }
    sync();
    puts("  CPU us       us");
    for (size_t k = 0; k < ARRAY_LEN(operations); k++)
        measure(&p, k);
    remove_dir(top, "cur", p.cur);
    remove_dir(top, "dst", p.dst);
    remove_dir(top, "tmp", p.tmp);
    close(top);
    check(rmdir(path), path);
    return 0;
}
