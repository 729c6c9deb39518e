import Language

/// The script of a model.
struct ScriptFile: Sendable {
    init(_ path: String?) throws(Diagnostics) {}

    func reply(to conversation: Conversation) throws(Diagnostics) -> Reply {
        BuiltInBehaviour.reply(to: conversation)
    }
}
