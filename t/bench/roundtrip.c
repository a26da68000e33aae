/* t/bench/roundtrip.c: what a command costs of which the server knows the answer: a round trip over loopback, and nothing else
 *
 * roundtrip N [PATH...]: N times, 55 octets to another process and 95 back; that process waits by poll(2), and asks for the
 * state of each PATH in between, as STATUS must. Tells the time of one, and the CPU time of that process, in us: those of the
 * quickest of 20 parts, as the machine may have other work.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUESTION = 55, ANSWER = 95, PARTS = 20 };

static double us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Two ends of a connection. */
static int connected(int ret[2])
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);

    ret[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&a, size) < 0 || listen(listener, 1) < 0
        || getsockname(listener, (void *)&a, &size) < 0 || connect(ret[0], (void *)&a, size) < 0)
        return -1;
    ret[1] = accept(listener, NULL, NULL);
    close(listener);
    return ret[1];
}

static void serve(int fd, char **paths)
{
    char octets[ANSWER] = "";

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        struct stat st;

        if (poll(&p, 1, 1000) < 0 || recv(fd, octets, sizeof octets, MSG_DONTWAIT) <= 0)
            _exit(0);
        for (char **path = paths; *path; path++)
            stat(*path, &st);
        if (send(fd, octets, ANSWER, MSG_NOSIGNAL) != ANSWER)
            _exit(1);
    }
}

static void ask(int fd)
{
    char octets[ANSWER] = "";

    if (send(fd, octets, QUESTION, MSG_NOSIGNAL) != QUESTION || recv(fd, octets, ANSWER, MSG_WAITALL) != ANSWER)
        exit(1);
}

int main(int argc, char *argv[])
{
    const int n = argc > 1 ? atoi(argv[1]) / PARTS : 0;
    double best = 1e18, cpu = 0;
    clockid_t clock;
    int ends[2];
    pid_t pid;

    if (n < 1 || connected(ends) < 0) {
        fprintf(stderr, "usage: roundtrip N [PATH...], N at least %d\n", PARTS);
        return 2;
    }
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        serve(ends[1], argv + 2);
    }
    close(ends[1]);
    if (pid < 0 || clock_getcpuclockid(pid, &clock) != 0)
        return 1;
    for (int part = 0; part < PARTS; part++) {
        const double start = us(CLOCK_MONOTONIC), used = us(clock);

        for (int i = 0; i < n; i++)
            ask(ends[0]);
        if (us(CLOCK_MONOTONIC) - start < best) {
            best = us(CLOCK_MONOTONIC) - start;
            cpu = us(clock) - used;
        }
    }
    printf("%.1f us a round trip, %.1f us CPU\n", best / n, cpu / n);
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return 0;
}
