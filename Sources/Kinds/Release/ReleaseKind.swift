import Engine

extension Kind {
    static let releases = Kind(
        Section(ReleaseSpec.kind, ReleaseSpec.self, role: .declared, "Aliases that move when the gates pass."),
        home: .none)
}
