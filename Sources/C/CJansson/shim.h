// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

/// json_decref, which is a static inline over a macro.
static inline void bw_json_decref(json_t *node) { json_decref(node); }
