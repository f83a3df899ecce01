// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "sockets.h"
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int bw_accept(int listener, void *peer, uint32_t *size) {
    return accept4(listener, (struct sockaddr *)peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int bw_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static int facts(int socket, struct tcp_info *info, size_t needed) {
    socklen_t size = sizeof(*info);
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, &size) == 0 && size >= needed ? 0 : -1;
}

int64_t bw_tcp_bytes_received(int socket) {
    struct tcp_info info;
    size_t needed = offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t);
    return facts(socket, &info, needed) == 0 ? (int64_t)info.tcpi_bytes_received : -1;
}

int64_t bw_tcp_bytes_acknowledged(int socket) {
    struct tcp_info info;
    size_t needed = offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(uint64_t);
    return facts(socket, &info, needed) == 0 ? (int64_t)info.tcpi_bytes_acked : -1;
}

int bw_unacknowledged(int socket) {
    int count;
    return ioctl(socket, SIOCOUTQ, &count) == 0 ? count : -1;
}

int bw_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int bw_epoll_add(int epoll, int socket) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = socket};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

int bw_epoll_remove(int epoll, int socket) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, socket, NULL);
}

int bw_epoll_ready(int epoll, int *ready, int max) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, max < 256 ? max : 256, 0);
    for (int index = 0; index < count; index++) ready[index] = events[index].data.fd;
    return count;
}
