package import Engine
package import Language

/// A shield: it checks questions or answers and may block them.
///
///     shields:
///       guard: {provider: llama-guard, providerShield: llama-guard3}
package struct ShieldSpec: DeclaredSpec {
    package static let noun = "a shield"
    private static let idKey = Key<String>("id", .someText, "The server's id; by default the declared name.")
    private static let providerKey = Key<Located<String>>(
        "provider", .located(.someText), required: true, example: "llama-guard", "The server's provider that runs it.")
    private static let providerShieldKey = Key<String>(
        "providerShield", .someText, example: "llama-guard3", "What the provider calls it.")
    private static let paramsKey = Key<Value>("params", .map, "What the provider is told beside.")
    private static let unsupportedKey = Key<String>(
        "ifUnsupported", .choice(["fail", "skip"]), default: "fail",
        "What happens on a server without shields: `fail`, or go on without it.")
    private static let ignoreKey = Common.ignoreKey(.map("params"))
    package static let fields =
        Common.fields + [
            ignoreKey.field,
            idKey.field, providerKey.field, providerShieldKey.field, paramsKey.field, unsupportedKey.field,
        ]

    package let common: Common
    /// Overrides its live name.
    let id: String?
    let provider: Located<String>
    let providerShield: String?
    let params: Value?
    let mayBeSkipped: Bool

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        let missing = Located("", at: fields.node.range)
        id = fields.read(Self.idKey)
        provider = fields.require(Self.providerKey, else: missing)
        providerShield = fields.read(Self.providerShieldKey)
        params = fields.read(Self.paramsKey)
        mayBeSkipped = fields.read(Self.unsupportedKey) == "skip"
    }
}
