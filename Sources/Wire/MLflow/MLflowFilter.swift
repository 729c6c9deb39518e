/// Expressions of MLflow's search language. It has no escapes: a value with both kinds of quotes cannot be expressed
/// and gives nil, and nil searches without the condition; so callers compare the results.
package enum MLflowFilter {
    /// `name = 'x'`.
    package static func name(_ name: String) -> String? {
        quoted(name).map { "name = \($0)" }
    }

    /// `name LIKE 'x%'`; there is no escape for `%` and `_`.
    package static func nameStarting(_ start: String) -> String? {
        quoted(start + "%").map { "name LIKE \($0)" }
    }

    /// ``tags.`key` = 'value'``.
    package static func tag(_ key: String, _ value: String) -> String? {
        quoted(value).map { "tags.`\(key)` = \($0)" }
    }

    /// `attributes.status = 'RUNNING'`, of runs.
    package static func status(_ status: MLflowRun.Status) -> String {
        "attributes.status = '\(status.rawValue)'"
    }

    private static func quoted(_ value: String) -> String? {
        if !value.contains("'") { return "'\(value)'" }
        return value.contains("\"") ? nil : "\"\(value)\""
    }
}
