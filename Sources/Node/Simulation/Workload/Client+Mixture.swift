// SPDX-License-Identifier: Apache-2.0

import OCI

/// What clients do, with how often they do it.
enum Operation: String, CaseIterable {
    case pushImage, moveTag, pushUnderTags, uploadBlob, wrongDigest, deleteTag, deleteManifest
    case deleteBlob, pullTag, pullManifest, pullBlob, pullPart, listTags, listReferrers
    case listRepositories, deleteRepository, copyImage, rebuildCatalog, verifyContent, sweep
    case retention, scrub, restore, purge, expire, giveUpBuild
    case pause

    var weight: Int {
        switch self {
        case .pushImage: 14
        case .moveTag: 14
        case .pushUnderTags: 5
        case .uploadBlob: 7
        case .wrongDigest: 2
        case .deleteTag: 5
        case .deleteManifest: 5
        case .deleteBlob: 4
        case .pullTag: 14
        case .pullManifest: 6
        case .pullBlob: 8
        case .pullPart: 4
        case .listTags: 5
        case .listReferrers: 5
        case .listRepositories: 3
        case .deleteRepository: 1
        case .copyImage: 3
        case .rebuildCatalog: 1
        case .verifyContent: 1
        case .sweep: 4
        case .retention: 3
        case .scrub: 2
        case .pause: 2
        case .restore: 5
        case .purge: 1
        case .expire: 2
        case .giveUpBuild: 7
        }
    }
}

extension Client {
    /// Does `count` operations, or fewer when a violation was found.
    public mutating func run(operations count: Int) async {
        await run(0..<count)
    }

    /// Does each step of the script, in its order, or fewer when a violation was found.
    mutating func runScript() async {
        let script = ScriptStep.allCases
        await run(0..<script.count, by: script)
    }

    /// Does this client's share of burst number `burst` of `count` operations.
    mutating func run(burst: Int, of count: Int, among clients: Int) async {
        let begin = burst * count
        let share = (begin..<(begin + count)).count { $0 % clients == number % clients }
        let before = (0..<begin).count { $0 % clients == number % clients }
        await run(before..<(before + share))
    }

    private mutating func run(_ operations: Range<Int>, by script: [ScriptStep] = []) async {
        for index in operations where findings.violations.isEmpty {
            fuse?.operationBegan()
            guard programme.plays(.operation(client: number, index: index)) else { continue }
            findings.count("client operation")
            // A history of its own for each, so that leaving one out leaves the others as they are.
            generator = SeededGenerator(seed: seed, purpose: "\(index)")
            if index < script.count { await play(script[index]) } else { await step() }
            let pause = generator.below(30)
            // A cancelled client does its next operation at once.
            try? await timeline.sleep(for: .milliseconds(pause))
        }
    }

    private mutating func step() async {
        let habits = content.habits
        let operation = habits.operation(&generator)
        findings.count("operation \(operation.rawValue)")
        let repository = habits.repository(content.repositories, &generator)
        let manifest = habits.thing(content.manifests, &generator)
        let blob = habits.thing(content.blobs, &generator)
        let tag = habits.tag(content.tags, &generator)
        switch operation {
        case .pushImage: await pushImage(manifest, repository, tag)
        case .moveTag: await moveTag(tag, to: manifest, in: repository)
        case .pushUnderTags:
            let tags = content.tags.filter { _ in generator.chance(1, in: 2) }
            _ = await push(manifest, to: repository, tags: tags)
        case .uploadBlob: _ = await upload(blob, to: repository)
        case .wrongDigest: await uploadWrongly(blob, to: repository)
        case .deleteTag: await delete(tag, in: repository)
        case .deleteManifest: await delete(manifest, in: repository)
        case .deleteBlob: await delete(blob, in: repository)
        case .pullTag: await pullImage(tag, in: repository)
        case .pullManifest: await pull(manifest, in: repository)
        case .pullBlob: await pull(blob, in: repository)
        case .pullPart: await pullPart(blob, in: repository)
        case .listTags: await listTags(repository)
        case .listReferrers: await listReferrers(of: manifest, in: repository)
        case .listRepositories: await listRepositories()
        case .deleteRepository: await deleteRepository(repository)
        case .copyImage:
            let source = generator.pick(content.repositories)
            await copyImage(manifest, from: source, to: repository, tag: tag)
        case .rebuildCatalog: await rebuildCatalog()
        case .verifyContent: await verifyContent()
        case .sweep: await sweep(raises: generator.below(4))
        case .retention: await retain(in: repository.namespace)
        case .scrub: await scrubContent()
        case .restore:
            let form = generator.pick(weighted: [
                (RestoreForm.digest, weight: 2),
                (.tag(tag, force: generator.chance(1, in: 2)), weight: 1),
                (.repository, weight: 1),
            ])
            await restore(manifest, in: repository, as: form)
        case .purge: await purge(manifest, in: repository, now: generator.chance(1, in: 2))
        case .expire: await expire()
        case .giveUpBuild: await giveUpBuild(in: repository)
        case .pause:
            let seconds = generator.within(1...20)
            try? await timeline.sleep(for: .seconds(seconds))
        }
    }

    /// Pushes as a build does, and looks whether it is there (I5).
    private mutating func pushImage(
        _ manifest: Content.Manifest,
        _ repository: RepositoryName,
        _ tag: Tag
    ) async {
        let condition: TagCondition = generator.chance(1, in: 6) ? .absent : .none
        guard await push(manifest, to: repository, tags: [tag], condition: condition) else {
            return
        }
        findings.count("image pushed")
        await pull(tag, in: repository, byHead: generator.chance(1, in: 2))
    }

    /// Moves a tag to another manifest, half of the time only if nobody else did.
    private mutating func moveTag(
        _ tag: Tag,
        to manifest: Content.Manifest,
        in repository: RepositoryName
    ) async {
        var condition = TagCondition.none
        if generator.chance(1, in: 2), let current = await pull(tag, in: repository) {
            condition = .unchanged(current.digest)
        }
        _ = await push(manifest, to: repository, tags: [tag], condition: condition)
    }

    /// Pulls as a host does: the manifest by its tag, then what it names.
    private mutating func pullImage(_ tag: Tag, in repository: RepositoryName) async {
        guard let manifest = await pull(tag, in: repository) else { return }
        for digest in manifest.children {
            guard let child = content.manifest(digest) else { continue }
            await pull(child, in: repository)
        }
        for digest in manifest.blobs {
            guard let blob = content.blob(digest) else { continue }
            await pull(blob, in: repository)
        }
    }
}
