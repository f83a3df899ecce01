// SPDX-License-Identifier: Apache-2.0

import Configuration
import JSON
import OCI
import YAML

/// JSON that is read is written and read to the same; a manifest keeps its limits.
///
/// The input's first byte chooses the `Content-Type`.
func fuzzManifest(_ bytes: [UInt8]) {
    guard let choice = bytes.first else { return }
    let text = Array(bytes.dropFirst())
    if let value = try? JSONValue.parse(text) {
        let written = value.encoded
        guard let again = try? JSONValue.parse(written) else {
            preconditionFailure("what was written is not read")
        }
        precondition(
            again == value && again.encoded == written,
            "another document than was written"
        )
    }
    let types = [
        nil, MediaType.ociManifest, MediaType.ociIndex, MediaType.dockerManifest,
        MediaType.dockerList,
        "application/json",
    ]
    let type = types[Int(choice) % types.count]
    guard let manifest = try? Manifest.parse(text, contentType: type) else { return }
    precondition(MediaType.isManifest(manifest.mediaType), "served as something that is none")
    precondition(
        type == nil || type == "application/json" || type == manifest.mediaType,
        "other type"
    )
    precondition(manifest.references.count <= Manifest.Limits().referencesMax + 1, "too many")
    let isImage = manifest.kind == .image
    precondition((manifest.config != nil) == isImage, "an image without config, or the reverse")
    precondition(isImage ? manifest.children.isEmpty : manifest.layers.isEmpty, "both")
    precondition((manifest.artifactType?.utf8.count ?? 0) <= MediaType.lengthMax, "too long")
}

/// Settings that are read are written and read to the same.
func fuzzConfiguration(_ bytes: [UInt8]) {
    let source = Settings.Source(name: "f", bytes: bytes)
    let settings: Settings
    do { settings = try Settings.read(source) } catch {
        precondition(!error.problems.isEmpty, "refused without a reason")
        precondition(
            error.problems.allSatisfy { $0.source != "f" || ($0.line ?? 0) >= 1 },
            "no line"
        )
        return
    }
    let again = try? Settings.read(Settings.Source(name: "f", bytes: Array(settings.asYAML.utf8)))
    precondition(again == settings, "other settings than were written")
}
