// SPDX-License-Identifier: Apache-2.0

import YAML

/// Where a value was written.
struct Origin: Sendable {
    /// The file or the option.
    var source: String
    /// The place in the file.
    var place: YAMLPlace?

    func problem(_ sentence: String) -> ConfigurationError.Problem {
        ConfigurationError.Problem(
            source: source,
            line: place?.line,
            column: place?.column,
            sentence: sentence
        )
    }
}
