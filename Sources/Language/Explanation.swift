/// What `drover explain PATH` prints about one field.
///
///     agents.sampling.temperature
///       From 0 (the likeliest word) up to 2.
///
///       type      a number from 0 to 2
///       since     0.1
package struct Explanation: Sendable {
    private let path: [String]
    private let field: Field?
    private let members: [Field]

    /// The explanation of a path such as `suites.cases.expect`; an empty one explains the top.
    /// - Throws: `Diagnostic` with the nearest name when a part of the path is no field.
    package static func find(_ path: String, in fields: [Field]) throws(Diagnostic) -> Explanation {
        var explanation = Explanation(path: [], field: nil, members: fields)
        for name in path.split(separator: ".").map(String.init) {
            guard let field = explanation.members.first(where: { $0.name == name }) else {
                throw .unknownPath(path, name, explanation)
            }
            explanation = Explanation(
                path: explanation.path + [name], field: field, members: field.shape.objects.flatMap { $0.fields })
        }
        return explanation
    }

    /// As text for a terminal, without a line break at its end.
    package var text: String {
        var lines: [String] = []
        if let field {
            lines += [path.joined(separator: "."), "  \(field.summary)", ""]
            lines += facts(of: field).map { "  \($0.padded(to: 8))  \($1)" }
        } else {
            lines.append("The top of a spec.")
        }
        guard !members.isEmpty else { return lines.joined(separator: "\n") }
        lines += ["", field == nil ? "Fields:" : "  Its fields:"]
        let width = members.map(\.name.count).max() ?? 0
        lines += members.map { member in
            "    \(member.name.padded(to: width))  \(member.summary)\(member.isRequired ? " (required)" : "")"
        }
        return lines.joined(separator: "\n")
    }

    private func facts(of field: Field) -> [(String, String)] {
        var facts = [("type", field.shape.phrase)]
        if field.isRequired { facts.append(("required", "yes")) }
        if let text = field.defaultText { facts.append(("default", text)) }
        if let example = field.example { facts.append(("example", "\(field.name): \(example)")) }
        facts.append(("since", field.since))
        return facts
    }

    fileprivate var names: [String] {
        members.map(\.name)
    }

    fileprivate func place(appending name: String) -> String {
        (path + [name]).joined(separator: ".")
    }

    fileprivate var owner: String {
        path.isEmpty ? "A spec" : "`\(path.joined(separator: "."))`"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension Diagnostic {
    fileprivate static func unknownPath(_ path: String, _ name: String, _ parent: Explanation) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: parent.names)
        return Diagnostic(
            "unknown-path", "Unknown path", detail: "\(parent.owner) has no field `\(name)`.",
            fix: nearest.map { "Did you mean `\(parent.place(appending: $0))`?" }
                ?? (parent.names.isEmpty ? "Leave `\(name)` out." : "Use one of \(parent.names.listed)."),
            cause: .usage)
    }
}
