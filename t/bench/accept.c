/* t/bench/accept.c: the least that can start a server for each connection: listen, accept, fork, exec
 *
 * accept PORT PROGRAM [ARGUMENT...]: listens on 127.0.0.1:PORT; PROGRAM gets the connection as descriptors 0 and 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(const char *port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0) {
        perror(port);
        exit(1);
    }
    return fd;
}

int main(int argc, char *argv[])
{
    int fd;

    if (argc < 3) {
        fprintf(stderr, "usage: accept PORT PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    fd = listen_on(argv[1]);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        const int client = accept(fd, NULL, NULL);

        if (client < 0)
            continue;
        if (vfork() == 0) {
            dup2(client, 0);
            dup2(client, 1);
            signal(SIGCHLD, SIG_DFL);
            execv(argv[2], argv + 2);
            _exit(127);
        }
        close(client);
    }
}
