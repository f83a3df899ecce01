// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer
import OCI
import Registry

/// A limit that no key changes: formats and other parts rely on it.
struct FixedLimit {
    /// What is limited.
    let what: String
    /// The most there may be.
    let most: String
    /// What answers what exceeds it.
    let exceeded: String

    /// All of them that a client or an operator can meet, from where they stand in the code.
    static let all = requests + changes + start

    private static let requests = [
        FixedLimit(
            what: "A repository's name",
            most: "\(RepositoryName.lengthMax) bytes",
            exceeded: "400 `NAME_INVALID`"
        ),
        FixedLimit(
            what: "A tag",
            most: "\(Tag.lengthMax) bytes",
            exceeded: "400 `MANIFEST_INVALID`"
        ),
        FixedLimit(
            what: "A media type or artifact type in a manifest",
            most: "\(MediaType.lengthMax) bytes",
            exceeded: "400 `MANIFEST_INVALID`"
        ),
        FixedLimit(
            what: "Entity tags of an `If-Match` or `If-None-Match`",
            most: "\(EntityTagList.countMax)",
            exceeded: "412 `DENIED`; an `If-None-Match` of a read counts as not there"
        ),
        FixedLimit(
            what: "Bytes of manifests read for one page of referrers",
            most: Units.show(size: Registry.referrersBytesMax),
            exceeded: "200, with `Link` to the rest"
        ),
        FixedLimit(
            what: "An unread rest of a body that is dropped to keep its connection",
            most: Units.show(size: UInt64(defaults.discardMax)),
            exceeded: "the answer, then connection closed"
        ),
        FixedLimit(
            what: "Time for an answer that came before the end of its request's body to be read",
            most: Units.show(duration: defaults.lingerMax),
            exceeded: "connection closed"
        ),
    ]

    private static let changes = [
        FixedLimit(
            what: "Links, manifests and tags that one entry of the journal changes",
            most: "\(Decision.eventsMax)",
            exceeded:
                "a deletion goes on in further entries; what cannot be divided is refused, `image copy` "
                + "with a sentence, a request with 413 `SIZE_INVALID`"
        ),
        FixedLimit(
            what: "What the manifests name that one step of the deletion of a repository ends",
            most: "\(Decision.referencesMax)",
            exceeded:
                "the deletion goes on in further entries; a manifest that names more goes alone"
        ),
        FixedLimit(
            what: "Indexes in indexes that `image copy` follows",
            most: "\(Decision.copyDepthMax)",
            exceeded: "refused with a sentence"
        ),
        FixedLimit(
            what: "Missing digests that a refused push lists",
            most: "\(Decision.namedMax)",
            exceeded: "the others are not listed"
        ),
    ]

    private static let start = [
        FixedLimit(
            what: "The configuration file",
            most: Units.show(size: UInt64(Settings.Source.sizeMax)),
            exceeded: "refused at the start"
        )
    ]

    private static let defaults = Server.Options(address: .tcp(host: "", port: 0))
}
