// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import Catalog
public import Journal
public import OCI
public import Platform
import Synchronization

/// What push, pull, tag, delete and refer mean, without HTTP.
///
/// Reading: `Reading/`. Bytes coming in: `Uploads/`. Everything that changes a name is a `Change`
/// that the `Registrar` has decided. Not for: routes, status codes, who may do what.
public final class Registry: Sendable {
    /// What bounds it, and the rules an operator sets.
    public struct Options: Sendable {
        /// The largest blob, in bytes.
        ///
        /// Default 200 GiB (413).
        public var blobSizeMax: UInt64 = 200 << 30
        /// Bytes of manifests and small blobs kept in memory, and an eighth as many of pages of tags.
        ///
        /// Default 32 MiB.
        public var cacheBytes = 32 << 20
        /// Answers kept in memory.
        ///
        /// Default 65,536.
        public var cachedAnswersMax = 65_536
        /// The largest blob kept in memory, in bytes; larger ones leave by `sendfile`.
        ///
        /// Default 1 MiB.
        public var cachedBlobMax: UInt64 = 1 << 20
        /// How long a change may wait before it must not be decided any more.
        ///
        /// Default 30 s.
        public var changeDeadline: Duration = .seconds(30)
        /// How long a `Location` says that its upload is kept; the store keeps it, by its own measure.
        ///
        /// Default 7 days.
        public var uploadExpiry: Duration = .seconds(7 * 86_400)
        /// Whether content that is lost here may be had from somewhere else.
        ///
        /// Then its readers are asked to come again; otherwise it is not there for them.
        public var hasRepairSources = false
        /// The registrar's.
        public var registrar = Registrar.Options()
        /// Makes the default options.
        public init() {}
    }

    let world: World
    let catalog: Catalog
    let blobs: any BlobStore
    let keyring: Keyring
    let options: Options
    let answers: AnswerCache<Content>
    let pages: AnswerCache<TagPage>
    let expiryClock: ExpiryClock
    let told: ToldOfBlobs
    let pulls: PullNotes
    /// Who frees a copy that came too late to be named; nil before there is somebody.
    let late = Mutex<LateCopies?>(nil)
    /// Who keeps the list of what is lost; nil before there is somebody.
    let losses = Mutex<LossList?>(nil)
    /// Decides and commits changes.
    public let registrar: Registrar

    /// Makes a registry over a catalog, a store and a sequencer.
    public init(
        world: World,
        catalog: Catalog,
        blobs: any BlobStore,
        sequencer: any Sequencer,
        keyring: Keyring,
        options: Options = Options()
    ) {
        self.world = world
        self.catalog = catalog
        self.blobs = blobs
        self.keyring = keyring
        self.options = options
        let answers = AnswerCache<Content>(
            costMax: options.cacheBytes,
            countMax: options.cachedAnswersMax
        )
        self.answers = answers
        let pages = AnswerCache<TagPage>(
            costMax: options.cacheBytes / TagPage.share,
            countMax: options.cachedAnswersMax / TagPage.share
        )
        self.pages = pages
        expiryClock = ExpiryClock(world.clocks)
        told = ToldOfBlobs(since: world.clocks.monotonic())
        pulls = PullNotes(clock: expiryClock, clocks: world.clocks)
        registrar = Registrar(
            world: world,
            catalog: catalog,
            sequencer: sequencer,
            store: blobs.id,
            options: options.registrar,
            expiryClock: expiryClock,
            observer: Registrar.Observer(
                willCommit: {
                    answers.hold($0.flatMap(Registry.keysEnded))
                    pages.hold($0.compactMap(Registry.tagPagesEnded))
                },
                didEnd: {
                    answers.release($0.flatMap(Registry.keysEnded))
                    pages.release($0.compactMap(Registry.tagPagesEnded))
                }
            )
        )
    }

    /// The ids of the estate, the region and this node.
    public var identity: EstateIdentity { catalog.identity }
    /// The id of this node's store.
    public var store: Identifier { blobs.id }
    /// What memory holds and how often it could answer.
    public var cacheStatistics: CacheStatistics {
        let (contents, pages) = (answers.statistics, pages.statistics)
        return CacheStatistics(
            bytes: contents.bytes + pages.bytes,
            answers: contents.count + pages.count,
            hits: contents.hits + pages.hits,
            misses: contents.misses + pages.misses
        )
    }

    /// Submits a change about a repository; each try that is not a retry has a new id.
    @discardableResult
    public func change(
        _ repository: RepositoryName,
        _ action: Change.Action,
        id: Identifier? = nil
    ) async throws(RegistryError) -> Registrar.Done {
        let wait = options.changeDeadline.components
        let deadline =
            world.clocks.wallMilliseconds()
            + UInt64(wait.seconds) * 1000 + UInt64(wait.attoseconds / 1_000_000_000_000_000)
        return try await registrar.submit(
            Change(
                id: id ?? Identifier(from: world.random),
                namespaceID: Identifier(from: world.random),
                deadline: deadline,
                actor: .zero,
                repository: repository,
                action: action
            )
        )
    }

    /// Submits a change again and again until nothing of it is left, for those larger than an entry.
    public func changeWholly(
        _ repository: RepositoryName,
        _ action: Change.Action
    ) async throws(RegistryError) {
        while try await change(repository, action).isPartial {}
    }

    /// Asks the catalog at one position.
    public func read<Answer>(
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(RegistryError) -> Answer {
        do throws(CatalogError) { return try catalog.read(body) } catch { throw .catalog(error) }
    }
}
