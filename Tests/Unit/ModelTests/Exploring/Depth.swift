// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How much the models are allowed to take: seconds, or with `BREAKWATER_MODELS=deep` minutes.
enum Depth {
    static let isDeep = getenv("BREAKWATER_MODELS").map { String(cString: $0) } == "deep"
}
