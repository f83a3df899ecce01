// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

#if canImport(Glibc)
import Glibc
#endif

// The architecture, as a table. A module may use modules of lower layers only; inside a layer the
// one arrow allowed is from an adapter to the port it implements (`port`). Anything else stops the
// build here, with a sentence. `Tests/ArchitectureTests` compares every import with this table.

enum Layer: Int {
    case base = 1
    case drivers, state, services, edge, node, apps

    var folder: String {
        switch self {
        case .base: "Base"
        case .drivers: "Drivers"
        case .state: "State"
        case .services: "Services"
        case .edge: "Edge"
        case .node: "Node"
        case .apps: "Apps"
        }
    }
}

struct Module {
    var name: String
    var layer: Layer
    var c: [String] = []
    var uses: [String] = []
    var port: String?
    var tests: [String]?
}

let libraries: [(module: String, pkgConfig: String, package: String)] = [
    ("CSQLite", "sqlite3", "libsqlite3-dev"),
    ("CMicroHTTPD", "libmicrohttpd", "libmicrohttpd-dev"),
    ("CGnuTLS", "gnutls", "libgnutls28-dev"),
    ("CCurl", "libcurl", "libcurl4-openssl-dev"),
    ("COpenSSL", "libcrypto", "libssl-dev"),
    ("CYAML", "yaml-0.1", "libyaml-dev"),
    ("CJansson", "jansson", "libjansson-dev"),
]

let modules: [Module] = [
    Module(name: "Platform", layer: .base, c: ["CShims"], tests: ["Contracts"]),
    Module(name: "HTTP", layer: .base, tests: []),
    Module(name: "JSON", layer: .base, c: ["CJansson"], tests: []),
    Module(name: "OCI", layer: .base, uses: ["JSON"], port: "JSON", tests: []),

    Module(
        name: "SQLite",
        layer: .drivers,
        c: ["CSQLite", "CShims"],
        uses: ["Platform"],
        tests: []
    ),
    Module(name: "Crypto", layer: .drivers, c: ["COpenSSL"], uses: ["Platform", "OCI"], tests: []),
    Module(name: "YAML", layer: .drivers, c: ["CYAML"], tests: []),
    Module(
        name: "HTTPServer",
        layer: .drivers,
        c: ["CMicroHTTPD", "CGnuTLS", "CShims"],
        uses: ["Platform", "HTTP"],
        tests: ["HTTPClient", "Contracts"]
    ),
    Module(
        name: "HTTPClient",
        layer: .drivers,
        c: ["CCurl", "CShims"],
        uses: ["Platform", "HTTP"],
        tests: ["HTTPServer", "Contracts"]
    ),
    Module(name: "Telemetry", layer: .drivers, uses: ["Platform", "HTTP"], tests: []),

    Module(
        name: "Journal",
        layer: .state,
        uses: ["Platform", "OCI", "Crypto"],
        tests: ["Contracts"]
    ),
    Module(
        name: "Catalog",
        layer: .state,
        uses: ["Platform", "OCI", "Crypto", "SQLite", "Journal"],
        port: "Journal",
        tests: ["Sweep", "Simulation", "Contracts"]
    ),
    Module(name: "Blobs", layer: .state, uses: ["Platform", "HTTP", "OCI", "Crypto"], tests: []),
    Module(
        name: "BlobsDisk",
        layer: .state,
        uses: ["Platform", "HTTP", "OCI", "Crypto", "Blobs"],
        port: "Blobs",
        tests: ["Contracts"]
    ),

    Module(
        name: "Registry",
        layer: .services,
        uses: [
            "Platform", "HTTP", "JSON", "OCI", "Crypto", "Telemetry", "Journal", "Catalog", "Blobs",
        ],
        tests: ["BlobsDisk", "SQLite", "Contracts"]
    ),

    Module(
        name: "Sweep",
        layer: .services,
        uses: ["Platform", "OCI", "Crypto", "Journal", "Catalog", "Blobs"],
        tests: ["BlobsDisk", "Registry", "SQLite", "Contracts"]
    ),
    Module(
        name: "Retention",
        layer: .services,
        uses: ["Platform", "JSON", "OCI", "Journal", "Catalog", "Registry"],
        port: "Registry",
        tests: ["BlobsDisk", "Blobs", "HTTP", "Crypto", "SQLite", "Contracts"]
    ),
    Module(
        name: "Scrub",
        layer: .services,
        uses: ["Platform", "HTTP", "OCI", "Crypto", "Journal", "Catalog", "Blobs"],
        tests: ["BlobsDisk", "Registry", "SQLite", "Contracts"]
    ),

    Module(
        name: "RegistryAPI",
        layer: .edge,
        uses: [
            "Platform", "HTTP", "JSON", "OCI", "Crypto", "Telemetry", "Journal", "Catalog",
            "Blobs", "Registry",
        ],
        tests: ["BlobsDisk", "SQLite", "Contracts"]
    ),
    Module(
        name: "ControlAPI",
        layer: .edge,
        uses: [
            "Platform", "HTTP", "JSON", "OCI", "Telemetry", "Journal", "Catalog", "Blobs",
            "Registry", "Retention", "Sweep", "Scrub",
        ],
        tests: ["BlobsDisk", "SQLite", "Crypto", "Contracts"]
    ),
    Module(
        name: "Configuration",
        layer: .edge,
        uses: [
            "Platform", "HTTP", "YAML", "OCI", "HTTPServer", "Telemetry", "Blobs", "BlobsDisk",
            "Registry",
        ],
        tests: []
    ),

    Module(
        name: "Node",
        layer: .node,
        uses: [
            "Platform", "HTTP", "JSON", "OCI", "SQLite", "Crypto", "HTTPServer", "Telemetry",
            "Journal", "Catalog", "Blobs", "BlobsDisk", "Registry", "Retention", "Sweep", "Scrub",
            "RegistryAPI", "ControlAPI", "Configuration",
        ],
        tests: ["HTTPClient", "Contracts"]
    ),
    Module(
        name: "Simulation",
        layer: .node,
        uses: [
            "Platform", "HTTP", "JSON", "OCI", "SQLite", "Crypto", "Telemetry", "Journal",
            "Catalog", "Blobs", "BlobsDisk", "Registry", "Retention", "Sweep", "Scrub",
            "RegistryAPI",
        ],
        port: "Node",
        tests: ["Contracts"]
    ),
]

let apps: [Module] = [
    Module(
        name: "breakwater",
        layer: .apps,
        uses: [
            "Platform", "HTTP", "JSON", "OCI", "Crypto", "HTTPClient", "Telemetry", "ControlAPI",
            "Configuration", "Node",
        ]
    ),
    Module(
        name: "breakwater-sim",
        layer: .apps,
        uses: ["Platform", "Simulation"]
    ),
]

func stop(_ sentence: String) -> Never {
    print("error: \(sentence)")
    exit(1)
}

let layerOf = Dictionary(uniqueKeysWithValues: (modules + apps).map { ($0.name, $0.layer) })
for module in modules + apps {
    for used in module.uses {
        guard let layer = layerOf[used] else { stop("\(module.name) uses unknown \(used)") }
        guard layer.rawValue < module.layer.rawValue || used == module.port else {
            stop("\(module.name) (\(module.layer.folder)) may not use \(used) (\(layer.folder))")
        }
    }
}

let tests: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]
let sources: [SwiftSetting] = tests + [.strictMemorySafety()]

func dependencies(_ names: [String]) -> [Target.Dependency] {
    names.map { .target(name: $0) }
}

var targets: [Target] = libraries.map { library in
    .systemLibrary(
        name: library.module,
        path: "Sources/C/\(library.module)",
        pkgConfig: library.pkgConfig,
        providers: [.apt([library.package])]
    )
}
targets.append(.target(name: "CShims", path: "Sources/C/CShims"))
targets += modules.map { module in
    .target(
        name: module.name,
        dependencies: dependencies(module.c + module.uses),
        path: "Sources/\(module.layer.folder)/\(module.name)",
        swiftSettings: sources
    )
}
targets += apps.map { app in
    .executableTarget(
        name: app.name,
        dependencies: dependencies(app.c + app.uses),
        path: "Sources/Apps/\(app.name)",
        swiftSettings: sources
    )
}
targets += modules.compactMap { module in
    guard let extra = module.tests else { return nil }
    return .testTarget(
        name: "\(module.name)Tests",
        dependencies: dependencies([module.name] + module.uses + extra),
        path: "Tests/Unit/\(module.name)Tests",
        swiftSettings: tests
    )
}
targets.append(
    .target(
        name: "Contracts",
        dependencies: dependencies(["Platform", "HTTP", "OCI", "Crypto", "Journal", "Blobs"]),
        path: "Tests/Contracts",
        swiftSettings: tests
    )
)
targets.append(
    .testTarget(
        name: "ArchitectureTests",
        path: "Tests/ArchitectureTests",
        swiftSettings: tests
    )
)

// The protocols alone, made small: nothing of the product.
targets.append(
    .testTarget(
        name: "ModelTests",
        path: "Tests/Unit/ModelTests",
        swiftSettings: tests
    )
)

targets.append(
    .testTarget(
        name: "ScenarioTests",
        dependencies: dependencies([
            "Platform", "HTTP", "OCI", "Registry", "Retention", "Scrub", "Simulation",
        ]),
        path: "Tests/ScenarioTests",
        swiftSettings: tests
    )
)

targets.append(
    .executableTarget(
        name: "breakwater-bench",
        dependencies: dependencies(["Platform", "OCI", "Crypto"]),
        path: "Tests/Bench",
        swiftSettings: tests
    )
)
targets.append(
    .testTarget(
        name: "BenchTests",
        dependencies: dependencies(["breakwater-bench"]),
        path: "Tests/Unit/BenchTests",
        swiftSettings: tests
    )
)
targets.append(
    .executableTarget(
        name: "breakwater-torture",
        dependencies: dependencies(["Platform", "HTTP", "JSON", "OCI", "Crypto", "HTTPClient"]),
        path: "Tests/Torture",
        swiftSettings: tests
    )
)
// Mistakes for sanitizers to find; nothing uses it but script/sanitize.
targets.append(
    .executableTarget(
        name: "breakwater-planted",
        dependencies: dependencies(["Platform"]),
        path: "Tests/Sanitizers",
        exclude: ["address.suppressions", "thread.suppressions"],
        swiftSettings: tests
    )
)
targets.append(
    .testTarget(
        name: "SystemTests",
        dependencies: dependencies([
            "Platform", "HTTP", "OCI", "Crypto", "HTTPClient", "Simulation", "Contracts",
            "breakwater",
        ]),
        path: "Tests/SystemTests",
        swiftSettings: tests
    )
)

// Built by script/fuzz alone, with coverage of every module and libFuzzer's own main.
if Context.environment["BREAKWATER_FUZZ"] != nil {
    targets.append(
        .executableTarget(
            name: "breakwater-fuzz",
            dependencies: dependencies([
                "Platform", "HTTP", "JSON", "OCI", "Crypto", "YAML", "Journal", "Registry",
                "Configuration",
            ]),
            path: "Tests/Fuzz",
            exclude: ["Corpus"],
            swiftSettings: tests
        )
    )
}

let package = Package(name: "breakwater", targets: targets)
