/* t/bench/spawn.c: what it costs to run a program that ends at once: exec, its loader, its constructors, its end
 *
 * spawn N PROGRAM [ARGUMENT...]: runs it N times with /dev/null on 0, 1 and 2; tells the CPU time of one run in ms, user and
 * system, as its 10th percentile and median, and the page faults.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double ms(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char *argv[])
{
    const int n = argc > 2 ? atoi(argv[1]) : 0;
    posix_spawn_file_actions_t actions;
    struct rusage used = { 0 };
    double *cpu;

    if (n < 1) {
        fprintf(stderr, "usage: spawn N PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    cpu = calloc((size_t)n, sizeof *cpu);
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    for (int i = 0; i < n; i++) {
        pid_t pid;
        const int r = posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ);

        if (r != 0 || wait4(pid, NULL, 0, &used) < 0) {
            fprintf(stderr, "%s: %s\n", argv[2], strerror(r));
            return 1;
        }
        cpu[i] = ms(used.ru_utime) + ms(used.ru_stime);
    }
    qsort(cpu, (size_t)n, sizeof *cpu, by_size);
    printf("%.2f %.2f ms, %ld page faults\n", cpu[n / 10], cpu[n / 2], used.ru_minflt);
    return 0;
}
