// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic: these are their forms by type of value.
static inline CURLcode bw_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode bw_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode bw_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode bw_curl_set_function(
    CURL *handle, CURLoption option,
    size_t (*function)(char *bytes, size_t size, size_t count, void *context)) {
    return curl_easy_setopt(handle, option, function);
}
static inline CURLcode bw_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
