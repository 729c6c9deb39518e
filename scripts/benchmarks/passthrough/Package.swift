// swift-tools-version: 6.2
import PackageDescription

/// The least that a server of hummingbird's can do with a client of async-http-client: what `drover serve` is measured by.
let package = Package(
    name: "passthrough",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .executableTarget(
            name: "passthrough",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ])
    ]
)
