// SPDX-License-Identifier: Apache-2.0
// libcurl, and doors to what Swift cannot call: its variadic functions.
#pragma once
#include <stdint.h>
#include <curl/curl.h>

/// A function libcurl calls with bytes it received, or for bytes to send.
typedef size_t (*bw_curl_bytes)(char *bytes, size_t size, size_t count, void *context);
/// A function libcurl calls to have what it sends begin again.
typedef int (*bw_curl_seek)(void *context, curl_off_t offset, int origin);

static inline CURLcode bw_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode bw_curl_set_size(CURL *handle, CURLoption option, int64_t value) {
    return curl_easy_setopt(handle, option, (curl_off_t)value);
}

static inline CURLcode bw_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode bw_curl_set_list(
    CURL *handle, CURLoption option, struct curl_slist *value
) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode bw_curl_set_context(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode bw_curl_set_bytes(CURL *handle, CURLoption option, bw_curl_bytes value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode bw_curl_set_seek(CURL *handle, bw_curl_seek value) {
    return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value);
}

static inline long bw_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/// How many connections the last transfer had to make.
static inline long bw_curl_connects(CURL *handle) {
    long count = 0;
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &count);
    return count;
}
