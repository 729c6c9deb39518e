import Language

extension Reading where Value == Located<String> {
    /// A declared model's name, or a server's id of one.
    static var model: Reading { .name(of: "models", orID: true) }
}
