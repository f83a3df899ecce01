// SPDX-License-Identifier: Apache-2.0

import JSON
import OCI
import Testing

private let hex = String(repeating: "a", count: 64)
private let good = #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":1}"#

private func parse(_ text: String, as type: String? = nil) throws(ManifestError) -> Manifest {
    try Manifest.parse(Array(text.utf8), contentType: type)
}

private func refusal(_ text: String, as type: String? = nil) -> ManifestError? {
    do {
        _ = try parse(text, as: type)
        return nil
    } catch {
        return error
    }
}

@Suite struct `Manifests that are refused` {
    @Test func `schema 1 is refused with what to do`() {
        let signed = MediaType.dockerSchema1[1]
        let schema1 = #"{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]}"#
        for error in [
            refusal(schema1), refusal(schema1, as: signed), refusal("not json", as: signed),
            refusal(#"{"schemaVersion":2,"fsLayers":[{}],"config":\#(good),"layers":[]}"#),
        ] {
            #expect(error == .schema1)
        }
        let sentence = ManifestError.schema1.sentence
        #expect(sentence.contains("schema 1") && sentence.contains("schema 2 or OCI"))
    }

    @Test(arguments: [
        "", "[]", "null", "1", "\"x\"", "{", #"{"schemaVersion":2,"schemaVersion":2}"#,
        #"{"schemaVersion":2,"config":{},"config":{}}"#, "{}{}",
    ])
    func `what is no strict JSON object is refused`(text: String) {
        switch refusal(text) {
        case .notJSON(let error): #expect(!error.description.isEmpty)
        case .invalid(let sentence): #expect(sentence == "a manifest is a JSON object")
        default: Issue.record("taken or refused for another reason")
        }
    }

    @Test func `a manifest that could be image or index is refused`() {
        for type in [nil, MediaType.ociManifest, MediaType.ociIndex] {
            let both = #"{"schemaVersion":2,"config":\#(good),"layers":[],"manifests":[]}"#
            #expect(refusal(both, as: type)?.sentence.contains("ambiguous") == true)
            let half = #"{"schemaVersion":2,"layers":[],"manifests":[]}"#
            #expect(refusal(half, as: type)?.sentence.contains("ambiguous") == true)
        }
    }

    @Test func `the fields must be those of the type`() {
        let image = #"{"schemaVersion":2,"config":\#(good),"layers":[]}"#
        #expect(refusal(image, as: MediaType.ociIndex) != nil)
        let index = #"{"schemaVersion":2,"manifests":[]}"#
        #expect(refusal(index, as: MediaType.ociManifest) != nil)
        #expect(refusal(#"{"schemaVersion":2}"#) != nil)
        #expect(refusal(#"{"schemaVersion":2}"#, as: MediaType.ociIndex) != nil)
        #expect(refusal(#"{"schemaVersion":2,"config":\#(good)}"#) != nil)
        #expect(refusal(#"{"schemaVersion":2,"layers":[]}"#) != nil)
        #expect(refusal(#"{"schemaVersion":2,"config":null,"layers":[]}"#) != nil)
    }

    @Test func `header and field must agree`() {
        let field =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":\#(good),"layers":[]}"#
        #expect(
            refusal(field, as: MediaType.dockerManifest)
                == .typeMismatch(header: MediaType.dockerManifest, field: MediaType.ociManifest)
        )
        #expect(refusal(field, as: MediaType.ociManifest) == nil)
    }

    @Test(arguments: [
        "text/plain", "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
    ])
    func `other types are no manifests`(type: String) {
        let text = #"{"schemaVersion":2,"config":\#(good),"layers":[]}"#
        #expect(refusal(text, as: type)?.sentence.contains("artifactType") == true)
    }

    @Test(arguments: [
        "", #""schemaVersion":"2","#, #""schemaVersion":3,"#, #""schemaVersion":2.0,"#,
    ])
    func `the schema version must be 2`(field: String) {
        let error = refusal(#"{\#(field)"config":\#(good),"layers":[]}"#)
        #expect(error == .invalid("schemaVersion must be 2"))
    }

    @Test(arguments: [
        "{}", "null", "[]", #""sha256:\#(hex)""#, #"{"mediaType":"a/b","size":1}"#,
        #"{"digest":"sha256:\#(hex)","size":1}"#,
        #"{"mediaType":"","digest":"sha256:\#(hex)","size":1}"#,
        #"{"mediaType":1,"digest":"sha256:\#(hex)","size":1}"#,
        #"{"mediaType":"a/b","digest":"sha256:\#(hex)"}"#,
        #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":-1}"#,
        #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":"1"}"#,
        #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":1.0}"#,
        #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":9223372036854775808}"#,
        #"{"mediaType":"a/b","digest":"sha256:abc","size":1}"#,
        #"{"mediaType":"a/b","digest":"md5:\#(hex)","size":1}"#,
        #"{"mediaType":"a/b","digest":"SHA256:\#(hex)","size":1}"#,
        #"{"mediaType":"\#(String(repeating: "a", count: 256))","digest":"sha256:\#(hex)","size":1}"#,
    ])
    func `a descriptor that is none is refused, wherever it stands`(bad: String) {
        let config = #"{"schemaVersion":2,"config":\#(bad),"layers":[]}"#
        let layer = #"{"schemaVersion":2,"config":\#(good),"layers":[\#(good),\#(bad)]}"#
        let child = #"{"schemaVersion":2,"manifests":[\#(bad)]}"#
        for text in [config, layer, child] { #expect(refusal(text) != nil) }
        if bad != "null" {
            #expect(refusal(#"{"schemaVersion":2,"manifests":[],"subject":\#(bad)}"#) != nil)
        }
        if case .invalid(let sentence) = refusal(layer) {
            #expect(sentence.hasPrefix("layers[1]"))
        }
    }

    @Test(arguments: [
        #""layers":{}"#, #""layers":"x""#, #""layers":[1]"#, #""layers":[],"annotations":[]"#,
        #""layers":[],"annotations":{"a":1}"#, #""layers":[],"artifactType":1"#,
        #""layers":[],"mediaType":{}"#,
        #""layers":[],"artifactType":"\#(String(repeating: "a", count: 256))""#,
    ])
    func `a field of the wrong kind is refused`(fields: String) {
        #expect(refusal(#"{"schemaVersion":2,"config":\#(good),\#(fields)}"#) != nil)
    }

    /// Go's decoder takes these for the known keys, ours and others do not.
    @Test(arguments: [
        "Layers", "LAYERS", "layerſ", "Manifests", "mediatype", "SUBJECT", "artifacttype",
    ])
    func `a key that only looks like a known one is refused`(key: String) {
        let error = refusal(#"{"schemaVersion":2,"config":\#(good),"layers":[],"\#(key)":null}"#)
        #expect(error?.sentence.contains("which must be") == true)
        let inside = good.dropLast() + #","Digest":"sha256:\#(hex)"}"#
        #expect(refusal(#"{"schemaVersion":2,"manifests":[\#(inside)]}"#) != nil)
    }

    @Test func `the number of references is bounded`() throws {
        var limits = Manifest.Limits()
        limits.referencesMax = 3
        let list = { (count: Int) in
            let many = Array(repeating: good, count: count).joined(separator: ",")
            return Array(#"{"schemaVersion":2,"manifests":[\#(many)]}"#.utf8)
        }
        #expect(try Manifest.parse(list(3), contentType: nil, limits: limits).children.count == 3)
        #expect(throws: ManifestError.tooManyReferences(limit: 3)) {
            try Manifest.parse(list(4), contentType: nil, limits: limits)
        }
        #expect(try Manifest.parse(list(10_000), contentType: nil).children.count == 10_000)
        #expect(throws: ManifestError.tooManyReferences(limit: 10_000)) {
            try Manifest.parse(list(10_001), contentType: nil)
        }
    }

    @Test func `nesting and number of values are bounded`() throws {
        var limits = Manifest.Limits()
        limits.depthMax = 4
        let deep = { (levels: Int) in
            let nested =
                String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
            return Array(#"{"schemaVersion":2,"manifests":[],"x":\#(nested)}"#.utf8)
        }
        _ = try Manifest.parse(deep(3), contentType: nil, limits: limits)
        #expect(throws: ManifestError.self) {
            try Manifest.parse(deep(4), contentType: nil, limits: limits)
        }
        limits.valuesMax = 3
        #expect(throws: ManifestError.self) {
            try Manifest.parse(deep(2), contentType: nil, limits: limits)
        }
    }
}
