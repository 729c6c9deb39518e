extension Capabilities.Generation {
    /// The versions that belong to it; nil when the product's name says it.
    package var title: String? {
        switch self {
        case .v02: "0.2"
        case .v03: "0.3"
        case .v04: "0.4 to 0.6"
        case .v07: "0.7"
        case .ogx: nil
        }
    }
}
