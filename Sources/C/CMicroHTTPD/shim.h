// SPDX-License-Identifier: Apache-2.0
// libmicrohttpd, and doors to what Swift cannot call: its variadic functions.
#pragma once
#include <stdint.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <microhttpd.h>

/// What a daemon is started with.
struct bw_mhd_settings {
    unsigned threads;
    unsigned connections_max;
    unsigned idle_seconds;
    size_t connection_memory;
    void *context;
    MHD_AccessHandlerCallback access;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void *(*uri)(void *context, const char *uri, struct MHD_Connection *connection);
    /// GnuTLS priorities; null for a daemon without TLS.
    const char *priorities;
    /// A gnutls_certificate_retrieve_function3.
    void *certificate;
};

/// Leaves a string escaped; libmicrohttpd would decode percent signs in place.
static inline size_t bw_mhd_keep(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

/// MHD_start_daemon without a listening socket: connections come by MHD_add_connection.
static inline struct MHD_Daemon *bw_mhd_start(const struct bw_mhd_settings *settings) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET
        | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem options[12] = {
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)settings->connections_max, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)settings->connection_memory, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)settings->idle_seconds, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)settings->completed, settings->context},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)settings->connection, settings->context},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)settings->uri, settings->context},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)&bw_mhd_keep, NULL},
    };
    int count = 7;
    if (settings->threads > 1) {
        options[count++] = (struct MHD_OptionItem){
            MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)settings->threads, NULL};
    }
    if (settings->priorities != NULL) {
        flags |= MHD_USE_TLS;
        options[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)settings->priorities};
        options[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, settings->certificate};
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, settings->access, settings->context,
        MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

/// The descriptor of a connection's socket, or -1.
static inline int bw_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/// What NOTIFY_CONNECTION stored for a connection.
static inline void *bw_mhd_link(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/// The peer's address.
static inline const struct sockaddr *bw_mhd_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

/// How many bytes the head of the request took, or 0 while it is not complete.
static inline size_t bw_mhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

/// The status of the answer that is queued, or 0.
static inline unsigned bw_mhd_status(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info ? info->http_status : 0;
}

/// The TLS session of a connection, or null.
static inline void *bw_mhd_tls_session(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? info->tls_session : NULL;
}

/// One header field, where libmicrohttpd keeps it.
struct bw_mhd_field {
    const char *name;
    size_t name_size;
    const char *value;
    size_t value_size;
};

/// The fields of one request, as they are collected.
struct bw_mhd_fields {
    struct bw_mhd_field *fields;
    unsigned count;
    unsigned capacity;
};

static inline enum MHD_Result bw_mhd_collect(
    void *context, enum MHD_ValueKind kind,
    const char *name, size_t name_size, const char *value, size_t value_size
) {
    struct bw_mhd_fields *all = (struct bw_mhd_fields *)context;
    (void)kind;
    if (all->count == all->capacity) { return MHD_NO; }
    all->fields[all->count++] =
        (struct bw_mhd_field){name, name_size, value, value ? value_size : 0};
    return MHD_YES;
}

/// Copies where the header fields are, in order, up to `capacity` of them; returns how many.
static inline unsigned bw_mhd_header_fields(
    struct MHD_Connection *connection, struct bw_mhd_field *fields, unsigned capacity
) {
    struct bw_mhd_fields all = {fields, 0, capacity};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &bw_mhd_collect, &all);
    return all.count;
}
