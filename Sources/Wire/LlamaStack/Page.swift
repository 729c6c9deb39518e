import Language

/// One page of an OpenAI-style list: `{"data": […], "last_id": "…", "has_more": true}`.
struct Page<Item: Decodable & Sendable & Identifiable<String>>: Decodable, Sendable {
    let data: [Item]
    let hasMore: Bool?

    private enum CodingKeys: String, CodingKey {
        case data
        case hasMore = "has_more"
    }
}

extension Endpoint {
    /// All items on all pages of a list, each once.
    ///
    /// The last item of a page is the cursor of the next. When that item was deleted meanwhile, the server starts from
    /// the beginning: a page without new items ends the iteration.
    func pages<Item: Decodable & Sendable & Identifiable<String>>(
        of call: Call, limit: Int, as: Item.Type = Item.self
    ) async throws -> [Item] {
        var items: [Item] = []
        var seen: Set<String> = []
        while true {
            var call = call
            call.query.append(("limit", String(limit)))
            if let last = items.last { call.query.append(("after", last.id)) }
            let page: Page<Item> = try await decode(call)
            let new = page.data.filter { seen.insert($0.id).inserted }
            items += new
            guard page.hasMore == true, !new.isEmpty else { return items }
        }
    }
}
