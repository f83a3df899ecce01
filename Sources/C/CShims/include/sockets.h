// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

/// accept4(2) into a sockaddr_storage: the descriptor does not block and is closed on exec. Returns it, or -1 with errno.
int bw_accept(int listener, void *peer, uint32_t *size);
/// eventfd(2), not blocking, closed on exec. Returns a descriptor, or -1 with errno.
int bw_eventfd(void);
/// epoll_create1(2), closed on exec. Returns a descriptor, or -1 with errno.
int bw_epoll(void);
/// epoll_ctl(2): watches `socket` for something to read, or its end. Returns 0, or -1 with errno.
int bw_epoll_add(int epoll, int socket);
/// epoll_ctl(2): watches it no more. Returns 0, or -1 with errno.
int bw_epoll_remove(int epoll, int socket);
/// epoll_wait(2) without waiting: up to `max` (≤ 256) sockets into `ready`. Returns how many, or -1 with errno.
int bw_epoll_ready(int epoll, int *ready, int max);
/// Payload bytes the kernel has received on a TCP connection, or -1 where it does not count them.
int64_t bw_tcp_bytes_received(int socket);
/// Payload bytes written to a socket that its peer has not acknowledged (SIOCOUTQ), or -1 with errno.
int bw_unacknowledged(int socket);
/// Payload bytes the peer has acknowledged on a TCP connection, or -1 where nobody counts them.
int64_t bw_tcp_bytes_acknowledged(int socket);
