import Language
import Synchronization

/// A support desk that keeps its tickets in memory; the lab's MCP server offers it as tools.
final class TicketDesk: Sendable {
    struct Ticket: Sendable, Hashable {
        let id: String
        let order: String
        let problem: String

        var value: Value {
            [
                "ticketId": .string(id), "order": .string(order), "problem": .string(problem), "state": "open",
            ]
        }
    }

    private let tickets = Mutex<[Ticket]>([])

    /// Opens a ticket. It is idempotent: the same problem of the same order is the same ticket. The id consists of the
    /// order and the number of the problem: `T-4411-1`.
    func create(order: String, problem: String) -> Ticket {
        tickets.withLock { tickets in
            let known = tickets.filter { $0.order == order }
            if let ticket = known.first(where: { $0.problem == problem }) { return ticket }
            let ticket = Ticket(id: "T-\(order)-\(known.count + 1)", order: order, problem: problem)
            tickets.append(ticket)
            return ticket
        }
    }

    /// Tickets whose id, order or problem contains the text, ignoring case; all tickets for an empty text.
    func search(_ query: String) -> [Ticket] {
        let wanted = query.lowercased()
        return tickets.withLock { $0 }.filter { ticket in
            wanted.isEmpty || "\(ticket.id) \(ticket.order) \(ticket.problem)".lowercased().contains(wanted)
        }
    }
}

/// The tools of the desk as MCP describes and calls them.
enum DeskTool: String, CaseIterable {
    case create = "ticket_create"
    case search = "ticket_search"

    private var summary: String {
        switch self {
        case .create: "Opens a support ticket for an order and returns its id."
        case .search: "Finds support tickets by ticket id, order number or words of the problem."
        }
    }

    private var parameters: [(name: String, description: String)] {
        switch self {
        case .create:
            [("order", "The number of the order."), ("problem", "What is wrong, in the customer's words.")]
        case .search: [("query", "A ticket id, an order number, or words of the problem.")]
        }
    }

    /// The entry of `tools/list`.
    var description: Value {
        let properties = parameters.map {
            ($0.name, Value.object(["type": "string", "description": .string($0.description)]))
        }
        return [
            "name": .string(rawValue), "description": .string(summary),
            "inputSchema": [
                "type": "object", "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
                "required": .array(parameters.map { .string($0.name) }),
            ],
        ]
    }

    /// The result of `tools/call`: a missing argument is an error for the model to read, not a protocol error.
    func call(_ arguments: Value, on desk: TicketDesk) -> Value {
        var texts: [String: String] = [:]
        for parameter in parameters {
            guard let text = arguments[parameter.name]?.interpolated, !text.isEmpty else {
                return Self.result("The argument `\(parameter.name)` is missing.", nil, isError: true)
            }
            texts[parameter.name] = text
        }
        let value: Value =
            switch self {
            case .create: desk.create(order: texts["order"] ?? "", problem: texts["problem"] ?? "").value
            case .search: ["tickets": .array(desk.search(texts["query"] ?? "").map(\.value))]
            }
        return Self.result(value.canonicalJSON, value, isError: false)
    }

    private static func result(_ text: String, _ value: Value?, isError: Bool) -> Value {
        var result: [String: Value] = [
            "content": [["type": "text", "text": .string(text)]], "isError": .bool(isError),
        ]
        if let value { result["structuredContent"] = value }
        return .object(result)
    }
}
