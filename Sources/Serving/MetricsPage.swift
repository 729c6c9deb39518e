/// Writes metrics as Prometheus reads them.
///
///     # HELP drover_requests_total Requests that were answered.
///     # TYPE drover_requests_total counter
///     drover_requests_total{route="/ping",status="200"} 3
struct MetricsPage {
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""
    private var name = ""

    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// - Parameter part: Of a histogram: `_bucket`.
    mutating func add(_ labels: [(name: String, value: String)], _ value: Int, part: String = "") {
        add(labels, String(value), part)
    }

    mutating func add(_ labels: [(name: String, value: String)], _ value: Double, part: String = "") {
        add(labels, Self.number(value), part)
    }

    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    private mutating func add(_ labels: [(name: String, value: String)], _ value: String, _ part: String) {
        let told = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += "\(name)\(part)\(told.isEmpty ? "" : "{\(told)}") \(value)\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
