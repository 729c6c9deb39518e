// swift-tools-version: 6.2
import PackageDescription

/// `scripts/fuzz` sets it: the rooms are built for libFuzzer, with libraries more that feed them.
let isFuzzing = Context.environment["DROVER_FUZZING"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])] : [])

/// A program that is linked with Swift's libraries tells the names of all its functions to other libraries, none of which asks
/// for them: 4 MB to be read at every start.
let ownNames = LinkerSetting.unsafeFlags(
    ["-Xlinker", "--no-export-dynamic"], .when(platforms: [.linux], configuration: .release))

/// A stage of the journey. `floor` lists the rooms below that it may import.
func room(_ name: String, on floor: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: floor, resources: resources, swiftSettings: settings)
}

func tests(
    of name: String, with more: [Target.Dependency] = [], fixtures: Bool = false, golden: [String] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "Support"] + more,
        exclude: golden,
        resources: fixtures ? [.copy("Fixtures")] : [],
        swiftSettings: settings
    )
}

/// What a logged agent consists of beside its definition; `ModelFolder.swift` names each of them once more.
let modelFolder = [
    "MLmodel", "agent.py", "python_env.yaml", "requirements.txt",
    "drover_agent/agents.py", "drover_agent/chat.py", "drover_agent/citations.py", "drover_agent/guards.py",
    "drover_agent/items.py",
    "drover_agent/llama_stack.py", "drover_agent/loading.py", "drover_agent/responder.py",
    "drover_agent/responses.py", "drover_agent/secrets.py", "drover_agent/server_agents.py", "drover_agent/spans.py",
    "drover_agent/tools.py", "drover_agent/turn_reader.py", "drover_agent/turns.py",
]

/// What the HTML report consists of beside its data; `HTMLPage.swift` names each of them once more.
let reportPage = [
    "page.html", "page.css", "words.js", "data.js", "charts.js", "difference.js", "details.js", "list.js", "start.js",
]

/// The servers that a lab can run; each has pins, and those of agents a configuration.
let labVersions = [
    "llama-stack-0.2.24", "llama-stack-0.3.5", "llama-stack-0.4.7", "llama-stack-0.7.3", "ogx-1.5.0", "mlflow-3.17.2",
    "mlflow-3.5.1",
]

let package = Package(
    name: "drover",
    products: [.executable(name: "drover", targets: ["drover"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        // Without what needs all of Foundation, and with it 40 MB of the languages of the world in the program.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        room("Language", on: ["CYAML", .product(name: "Crypto", package: "swift-crypto")]),
        room("Engine", on: ["Language"]),
        room(
            "Wire",
            on: [
                "Language",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        room(
            "Runtime",
            on: [
                "Wire", "Language",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        room(
            "Kinds", on: ["Engine", "Runtime", "Wire", "Language"],
            resources: modelFolder.map { .embedInCode("AgentVersion/ModelFolder/\($0)") }
                + [.embedInCode("AgentVersion/ask_logged.py")]
        ),
        room("Records", on: ["Engine", "Wire", "Language"]),
        room("Suites", on: ["Engine", "Runtime", "Wire", "Language"]),
        room(
            "Serving",
            on: [
                "Runtime", "Wire", "Language",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        room(
            "Lab",
            on: [
                "Wire", "Language",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            resources: labVersions.flatMap { version in
                [.embedInCode("Environments/\(version).txt")]
                    + (version.hasPrefix("mlflow") ? [] : [.embedInCode("Servers/\(version).yaml")])
            }
        ),
        room(
            "Reports", on: ["Suites", "Engine", "Runtime", "Wire", "Language"],
            resources: reportPage.map { .embedInCode("HTML/Page/\($0)") }
        ),
        .executableTarget(
            name: "drover",
            dependencies: [
                "Reports", "Kinds", "Records", "Suites", "Serving", "Lab", "Runtime", "Engine", "Wire", "Language",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/CLI",
            swiftSettings: settings,
            linkerSettings: [ownNames]
        ),
        .target(
            name: "Support",
            dependencies: ["Language", .product(name: "Subprocess", package: "swift-subprocess")],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        .target(
            name: "Fakes",
            dependencies: [
                "Language", "Wire", "Serving", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/Fakes",
            swiftSettings: settings
        ),
        tests(of: "Language", golden: ["Diagnostics", "JSON", "YAMLTestSuite.md"]),
        tests(of: "Engine"),
        tests(of: "Wire", with: ["Fakes"], fixtures: true),
        tests(of: "Runtime", with: ["Wire", "Fakes"], fixtures: true),
        tests(of: "Kinds", with: ["Records", "Engine", "Wire", "Runtime", "Fakes"]),
        tests(of: "Records", with: ["Engine", "Wire", "Fakes"]),
        tests(of: "Suites", with: ["Runtime", "Wire"]),
        tests(
            of: "Serving",
            with: [
                "Runtime", "Wire", "Fakes", .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        tests(of: "Lab", with: ["Wire"]),
        tests(of: "Reports", with: ["Suites", "Engine", "Runtime", "Wire", "Fakes"]),
        .testTarget(
            name: "DroverTests",
            dependencies: [
                "drover", "Serving", "Records", "Suites", "Engine", "Runtime", "Wire", "Support", "Fakes", "Language",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
    ]
)

if isFuzzing {
    let targets: [(name: String, path: String, rooms: [Target.Dependency])] = [
        ("ReaderFuzz", "reader", ["Kinds", "Suites", "Engine", "Wire", "Language"]),
        (
            "ServeFuzz", "serve",
            ["Serving", "Runtime", "Wire", "Language", .product(name: "NIOCore", package: "swift-nio")]
        ),
    ]
    for target in targets {
        package.products.append(.library(name: target.name, type: .static, targets: [target.name]))
        package.targets.append(
            .target(
                name: target.name, dependencies: target.rooms, path: "scripts/fuzzing/\(target.path)",
                exclude: ["\(target.path).dict"], swiftSettings: settings))
    }
}
