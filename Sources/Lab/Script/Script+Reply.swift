import Language

extension Script {
    /// The answer of the first rule that matches; nil when none does. `uses` counts how often each rule has answered,
    /// by its index in the list.
    func reply(to conversation: Conversation, uses: inout [Int: Int]) -> Reply? {
        for (index, rule) in rules.enumerated() {
            guard uses[index, default: 0] < rule.times ?? .max, let match = rule.when.match(conversation) else {
                continue
            }
            uses[index, default: 0] += 1
            return rule.reply(match, number: index + 1)
        }
        return nil
    }
}

extension Rule {
    fileprivate func reply(_ match: ScriptMatch, number: Int) -> Reply {
        var reply = Reply(act: act(match, number: number), delay: delay)
        reply.inputTokens = tokens?.input
        reply.outputTokens = tokens?.output
        return reply
    }

    private func act(_ match: ScriptMatch, number: Int) -> Reply.Act {
        do throws(ScriptText.Missing) {
            switch act {
            case .say(let text): return .say(try text.text(match))
            case .refuse(let text): return .refuse(try text.text(match))
            case .call(let call):
                let offered = match.conversation.offered.first { ToolName.isSame(call.tool, $0.name) }
                return .call([
                    Reply.Call(tool: offered?.name ?? call.tool, arguments: try call.arguments.value(match))
                ])
            case .fail(let failure): return .fail(status: failure.status, message: failure.message)
            }
        } catch {
            return .fail(status: 500, message: "Rule \(number) of the script quotes \(error.what), which is not there.")
        }
    }
}
