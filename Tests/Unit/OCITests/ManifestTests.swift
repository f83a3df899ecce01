// SPDX-License-Identifier: Apache-2.0

import JSON
import OCI
import Testing

private func digest(_ character: Character) -> String {
    "sha256:" + String(repeating: character, count: 64)
}

private func descriptor(_ character: Character, _ mediaType: String, _ more: String = "") -> String
{
    #"{"mediaType":"\#(mediaType)","digest":"\#(digest(character))","size":7\#(more)}"#
}

private func parse(
    _ text: String,
    as type: String? = nil,
    limits: Manifest.Limits = .init()
) throws(ManifestError) -> Manifest {
    try Manifest.parse(Array(text.utf8), contentType: type, limits: limits)
}

private let layerType = "application/vnd.oci.image.layer.v1.tar+gzip"
private let configType = "application/vnd.oci.image.config.v1+json"

private func image(_ more: String = "", type: String? = MediaType.ociManifest) -> String {
    let field = type.map { #""mediaType":"\#($0)","# } ?? ""
    return #"{"schemaVersion":2,\#(field)"config":\#(descriptor("c", configType)),"#
        + #""layers":[\#(descriptor("1", layerType)),\#(descriptor("2", layerType))]\#(more)}"#
}

private func index(_ more: String = "", type: String? = MediaType.ociIndex) -> String {
    let field = type.map { #""mediaType":"\#($0)","# } ?? ""
    let children = [descriptor("a", MediaType.ociManifest), descriptor("b", MediaType.ociIndex)]
    return
        #"{"schemaVersion":2,\#(field)"manifests":[\#(children.joined(separator: ","))]\#(more)}"#
}

@Suite struct `Manifests that are taken` {
    @Test(arguments: [MediaType.ociManifest, MediaType.dockerManifest])
    func `an image names its config and layers`(type: String) throws {
        for header in [type, type + "; charset=utf-8", " \(type.uppercased())\t", nil, ""] {
            let manifest = try parse(image(type: type), as: header)
            #expect(manifest.kind == .image)
            #expect(manifest.mediaType == type)
            #expect(manifest.config?.digest.description == digest("c"))
            #expect(manifest.layers.map(\.digest.description) == [digest("1"), digest("2")])
            #expect(
                manifest.references.map(\.digest.description) == Array("c12").map { digest($0) }
            )
            #expect(manifest.references.allSatisfy { $0.size == 7 })
            #expect(manifest.children.isEmpty && manifest.subject == nil)
        }
    }

    @Test(arguments: [MediaType.ociIndex, MediaType.dockerList])
    func `an index names its manifests`(type: String) throws {
        let manifest = try parse(index(type: type), as: type)
        #expect(manifest.kind == .index)
        #expect(manifest.mediaType == type)
        #expect(manifest.children.map(\.digest.description) == [digest("a"), digest("b")])
        #expect(manifest.config == nil && manifest.layers.isEmpty)
        #expect(manifest.artifactType == nil)
    }

    @Test func `without a mediaType field the header says what it is`() throws {
        let list = index(type: nil)
        #expect(try parse(list, as: MediaType.dockerList).mediaType == MediaType.dockerList)
        #expect(try parse(list, as: nil).mediaType == MediaType.ociIndex)
        #expect(try parse(image(type: nil), as: nil).mediaType == MediaType.ociManifest)
        let generic = try parse(image(type: nil), as: "application/json")
        #expect(generic.mediaType == MediaType.ociManifest)
    }

    @Test func `a header that says nothing does not contradict the field`() throws {
        for header in ["application/json", "application/octet-stream"] {
            let manifest = try parse(image(type: MediaType.dockerManifest), as: header)
            #expect(manifest.mediaType == MediaType.dockerManifest)
        }
    }

    @Test
    func `the artifact type is the field, else the config's type, and an index has the field`()
        throws
    {
        #expect(try parse(image()).artifactType == configType)
        #expect(
            try parse(image(#","artifactType":"application/x""#)).artifactType == "application/x"
        )
        #expect(try parse(image(#","artifactType":"""#)).artifactType == configType)
        #expect(
            try parse(index(#","artifactType":"application/y""#)).artifactType == "application/y"
        )
        #expect(try parse(index(#","artifactType":"""#)).artifactType == nil)
    }

    @Test func `an artifact has any config, any layers and a subject`() throws {
        let empty = descriptor("e", "application/vnd.oci.empty.v1+json", #","data":"e30=""#)
        let text = #"""
            {"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)",
             "artifactType":"application/vnd.example.sbom","config":\#(empty),
             "layers":[\#(descriptor("1", "text/spdx"))],
             "subject":\#(descriptor("5", MediaType.ociIndex)),
             "annotations":{"b":"2","a":"1"},"whatever":{"deep":[1,null]}}
            """#
        let manifest = try parse(text, as: MediaType.ociManifest)
        #expect(manifest.artifactType == "application/vnd.example.sbom")
        #expect(manifest.subject?.digest.description == digest("5"))
        #expect(manifest.annotations.map(\.key) == ["b", "a"])
        #expect(manifest.annotations.map(\.value) == ["2", "1"])
        #expect(!manifest.references.contains { $0.digest.description == digest("5") })
    }

    @Test func `an index has a subject too`() throws {
        let more = #","subject":\#(descriptor("5", MediaType.ociManifest))"#
        #expect(try parse(index(more)).subject?.digest.description == digest("5"))
        #expect(try parse(index(#","subject":null"#)).subject == nil)
    }

    @Test func `lists that Go clients send as null are empty`() throws {
        let config = descriptor("c", configType)
        #expect(try parse(#"{"schemaVersion":2,"config":\#(config),"layers":null}"#).layers.isEmpty)
        #expect(try parse(#"{"schemaVersion":2,"config":\#(config),"layers":[]}"#).layers.isEmpty)
        let list = try parse(#"{"schemaVersion":2,"manifests":null}"#, as: MediaType.ociIndex)
        #expect(list.children.isEmpty)
        let nulls = #","manifests":null,"subject":null,"annotations":null,"artifactType":null"#
        #expect(try parse(image(nulls)).kind == .image)
    }

    @Test func `layers that lie elsewhere are known by their type`() {
        for type in [
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        ] {
            #expect(MediaType.isExternal(type))
        }
        #expect(!MediaType.isExternal(layerType))
        #expect(!MediaType.isExternal("application/vnd.docker.image.rootfs.diff.tar.gzip"))
    }

    @Test func `an index may name blobs, as build caches do`() throws {
        let text =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":[\#(descriptor("1", layerType))]}"#
        let child = try #require(try parse(text).children.first)
        #expect(!MediaType.isManifest(child.mediaType))
        #expect(MediaType.isManifest(MediaType.dockerList))
    }
}
