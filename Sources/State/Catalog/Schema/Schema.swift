// SPDX-License-Identifier: Apache-2.0

/// The tables (docs/formats/catalog-file.md).
///
/// Every table is STRICT with an explicit key; every list is read with ORDER BY; sums are made in
/// Swift. Stamps are 28 bytes whose byte order is their order.
enum Schema {
    /// The number of this form of the file, in `PRAGMA user_version`.
    ///
    /// One with a lower number is rebuilt from its entries when it is opened; a higher one is refused.
    static let version: Int64 = 4
    /// 'BKWR', in `PRAGMA application_id`.
    static let applicationID: Int64 = 0x424B_5752

    /// Tables of the file itself: who we are, and the journals.
    static let journal = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE heads (
            scope INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, position INTEGER NOT NULL,
            chain BLOB NOT NULL) STRICT;
        CREATE TABLE entries (
            scope INTEGER NOT NULL, position INTEGER NOT NULL, id BLOB NOT NULL,
            bytes BLOB NOT NULL, chain BLOB NOT NULL,
            PRIMARY KEY (scope, position)) STRICT, WITHOUT ROWID;
        CREATE INDEX entries_id ON entries (id);
        """

    /// Tables that are a pure function of the entries.
    static let projection = """
        CREATE TABLE marks (
            scope INTEGER PRIMARY KEY, position INTEGER NOT NULL, stamp BLOB NOT NULL,
            level INTEGER NOT NULL, epoch INTEGER NOT NULL) STRICT;
        CREATE TABLE horizons (
            scope INTEGER PRIMARY KEY, expiry INTEGER NOT NULL) STRICT;
        CREATE TABLE retention_policies (
            namespace BLOB PRIMARY KEY, policy TEXT NOT NULL, stamp BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE namespaces (
            id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, stamp BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE repositories (
            id INTEGER PRIMARY KEY, namespace BLOB NOT NULL, path TEXT NOT NULL,
            manifests INTEGER NOT NULL, blobs INTEGER NOT NULL, tags INTEGER NOT NULL,
            bytes INTEGER NOT NULL, UNIQUE (namespace, path)) STRICT;
        CREATE INDEX repositories_listed ON repositories (namespace, path) WHERE manifests > 0;
        CREATE TABLE content (
            digest BLOB PRIMARY KEY, generation INTEGER NOT NULL, size INTEGER NOT NULL,
            names INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE links (
            repository INTEGER NOT NULL, digest BLOB NOT NULL, stamp BLOB NOT NULL,
            PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX links_digest ON links (digest, repository);
        CREATE TABLE unnamed (
            digest BLOB NOT NULL, generation INTEGER NOT NULL, size INTEGER NOT NULL,
            epoch INTEGER NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (digest, generation)) STRICT, WITHOUT ROWID;
        CREATE INDEX unnamed_since ON unnamed (epoch, position, digest, generation);
        CREATE TABLE manifests (
            repository INTEGER NOT NULL, digest BLOB NOT NULL, media_type TEXT NOT NULL,
            artifact_type TEXT, subject BLOB, stamp BLOB NOT NULL,
            PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX manifests_digest ON manifests (digest, repository);
        CREATE INDEX manifests_subject ON manifests (repository, subject, digest)
            WHERE subject IS NOT NULL;
        CREATE TABLE manifest_references (
            repository INTEGER NOT NULL, manifest BLOB NOT NULL, ordinal INTEGER NOT NULL,
            role INTEGER NOT NULL, digest BLOB NOT NULL,
            PRIMARY KEY (repository, manifest, ordinal)) STRICT, WITHOUT ROWID;
        CREATE INDEX manifest_references_digest
            ON manifest_references (repository, digest, manifest);
        CREATE TABLE expiring (
            repository INTEGER NOT NULL, digest BLOB NOT NULL, expires INTEGER NOT NULL,
            PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX expiring_due ON expiring (expires, repository, digest);
        CREATE TABLE untagged (
            repository INTEGER NOT NULL, digest BLOB NOT NULL, since INTEGER NOT NULL,
            PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
        CREATE TABLE pulls (
            repository INTEGER NOT NULL, digest BLOB NOT NULL, day INTEGER NOT NULL,
            PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
        CREATE TABLE trash (
            repository INTEGER NOT NULL, digest BLOB NOT NULL, until INTEGER NOT NULL,
            position INTEGER NOT NULL, stamp BLOB NOT NULL, subject BLOB, facts BLOB NOT NULL,
            PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX trash_due ON trash (until, repository, digest);
        CREATE INDEX trash_digest ON trash (digest, repository);
        CREATE INDEX trash_subject ON trash (repository, subject, digest)
            WHERE subject IS NOT NULL;
        CREATE TABLE trash_blobs (
            repository INTEGER NOT NULL, manifest BLOB NOT NULL, digest BLOB NOT NULL,
            PRIMARY KEY (repository, manifest, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX trash_blobs_digest ON trash_blobs (digest, repository, manifest);
        CREATE TABLE tags (
            repository INTEGER NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL,
            stamp BLOB NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (repository, name)) STRICT, WITHOUT ROWID;
        CREATE INDEX tags_digest ON tags (repository, digest, name);
        CREATE TABLE tag_history (
            repository INTEGER NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,
            ordinal INTEGER NOT NULL, digest BLOB, stamp BLOB NOT NULL,
            PRIMARY KEY (repository, name, position, ordinal)) STRICT, WITHOUT ROWID;
        CREATE TABLE tombstones (
            kind INTEGER NOT NULL, repository INTEGER NOT NULL, key BLOB NOT NULL,
            stamp BLOB NOT NULL, kept BLOB, named INTEGER NOT NULL,
            PRIMARY KEY (kind, repository, key)) STRICT, WITHOUT ROWID;
        CREATE INDEX tombstones_named ON tombstones (repository) WHERE named = 1;
        """

    /// The projection's tables with the columns of their keys, in the order of the canonical dump.
    static let projected = [
        ("marks", "scope"), ("horizons", "scope"), ("retention_policies", "namespace"),
        ("namespaces", "id"), ("repositories", "id"), ("content", "digest"),
        ("links", "repository, digest"), ("unnamed", "digest, generation"),
        ("manifests", "repository, digest"),
        ("manifest_references", "repository, manifest, ordinal"),
        ("expiring", "repository, digest"), ("untagged", "repository, digest"),
        ("pulls", "repository, digest"), ("trash", "repository, digest"),
        ("trash_blobs", "repository, manifest, digest"), ("tags", "repository, name"),
        ("tag_history", "repository, name, position, ordinal"),
        ("tombstones", "kind, repository, key"),
    ]
}
