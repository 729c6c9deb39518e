import Engine
import Fakes
import Foundation
import Kinds
import Language
import Testing
import Wire

/// Files that look like ours and are not, or not any more: they stay, in a store or in none.
@Suite("Files that are left alone")
struct OthersFilesTests {
    private static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]"
    private static let deleting = "\(spec)}}"
    private static let retaining = "\(spec), onDelete: retain}}"
    private static let empty = Permissions(allowEmpty: true)

    private static func begin() throws -> TestStack {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        return stack
    }

    private static func server(_ stack: TestStack) async throws -> LlamaStack {
        try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
    }

    private static func destroy(_ stack: TestStack, _ scissors: Scissors = Scissors(.never)) async throws -> Applied {
        let (workflow, folder) = try stack.declare(retaining)
        return try await stack.open(workflow.withoutDeclarations, folder, scissors).apply(empty)
    }

    @Test(
        "What was kept is not ours any more: when somebody deletes the store, its files stay", arguments: [true, false])
    func forgotten(isWantedAgain: Bool) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.retaining)
        #expect(try await Self.destroy(stack).failures == [])
        let store = try #require(stack.ogx.stores.first).id
        #expect(stack.ogx.files.count == 2, "The store is kept whole.")
        let kept = stack.ogx.files.map(\.id)
        stack.ogx.remove(store: store)
        if isWantedAgain {
            let plan = try await stack.plan(Self.deleting)
            #expect(plan.changes.map(\.action) == [.create], "\(plan.lines)")
            try await stack.apply(Self.deleting)
            #expect(stack.ogx.files.map(\.id).starts(with: kept) && stack.ogx.files.count == 4)
        }
        #expect(try await Self.destroy(stack).failures == [])
        #expect(stack.ogx.files.map(\.id) == kept)
    }

    @Test("A file of what was kept that somebody takes out of its store stays, too")
    func takenOut() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.retaining)
        #expect(try await Self.destroy(stack).failures == [])
        let store = try #require(stack.ogx.stores.first)
        try await Self.server(stack).files(in: store.id).detach(store.attachments[0].file)
        #expect(try await Self.destroy(stack).failures == [])
        #expect(stack.ogx.files.count == 2 && stack.ogx.stores.first?.attachments.count == 1)
    }

    @Test("The same, wherever the forgetting was cut off", arguments: 1...40)
    func cutOff(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)] {
            let stack = try Self.begin()
            try await stack.apply(Self.retaining)
            _ = try? await Self.destroy(stack, Scissors(cut))  // That it fails is what the cut is for.
            #expect(try await Self.destroy(stack).failures == [], "\(cut)")
            #expect(stack.ogx.files.count == 2 && stack.ogx.stores.first?.attachments.count == 2, "\(cut)")
            stack.ogx.remove(store: try #require(stack.ogx.stores.first).id)
            #expect(try await Self.destroy(stack).failures == [], "\(cut)")
            #expect(stack.ogx.files.count == 2, "\(cut)")
        }
    }

    @Test("Nor are they ours when the store is deleted before anything else is run", arguments: 1...40)
    func cutOffAndDeleted(number: Int) async throws {
        let cuts: [(Scissors.Cut, Bool)] = [(.after(number), false), (.after(number), true), (.answer(number), true)]
        for (cut, isWantedAgain) in cuts {
            let stack = try Self.begin()
            try await stack.apply(Self.retaining)
            _ = try? await Self.destroy(stack, Scissors(cut))  // That it fails is what the cut is for.
            let store = try #require(stack.ogx.stores.first)
            let wasForgotten = Mark(store.metadata.compactMapValues(\.string)) == nil
            stack.ogx.remove(store: store.id)
            if isWantedAgain { try await stack.apply(Self.deleting) }
            #expect(try await Self.destroy(stack).failures == [], "\(cut)")
            if wasForgotten { #expect(stack.ogx.files.count == 2, "\(cut), \(isWantedAgain)") }
        }
    }

    @Test("What was wanted again after such a cut is ours as before", arguments: 1...40)
    func cutOffAndWanted(number: Int) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.retaining)
        _ = try? await Self.destroy(stack, Scissors(.after(number)))  // That it fails is what the cut is for.
        try await stack.apply(Self.deleting)
        #expect(try await stack.plan(Self.deleting).lines == [])
        #expect(stack.ogx.files.count == 2 && stack.ogx.stores.count == 1)
        stack.ogx.remove(store: try #require(stack.ogx.stores.first).id)
        try await stack.apply(Self.deleting)
        #expect(stack.ogx.files.count == 2, "The files of a store that somebody deleted go.")
        #expect(try await Self.destroy(stack).failures == [])
        #expect(stack.ogx.files == [] && stack.ogx.stores.isEmpty)
    }

    @Test("The cuts reach every request of that")
    func reach() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.retaining)
        let scissors = Scissors(.never)
        _ = try await Self.destroy(stack, scissors)
        #expect(scissors.requests.count <= 40)
    }

    /// A store as another stack would have made it: with the same documents under the same names.
    private static func other(_ stack: TestStack, isAttached: Bool) async throws -> [String] {
        let server = try await server(stack)
        let mark = Mark(stack: StackName("other"), address: Address("vectorStores", "handbook"))
        let store = try await server.vectorStores.create(
            .init(name: "handbook", metadata: mark.tags, embeddingModel: "scripted/embed"))
        var files: [String] = []
        for (path, text) in [("docs/a.md", "Refunds take 30 days."), ("docs/b.md", "We ship to Norway.")] {
            let file = try await server.files.upload(Array(text.utf8), path: path)
            if isAttached { _ = try await server.files(in: store.id).attach(file.id) }
            files.append(file.id)
        }
        return files
    }

    @Test(
        "Another stack's files with the names and the content of ours stay, in its store or not yet",
        arguments: [(true, true), (true, false), (false, true)])
    func others(isFirst: Bool, isAttached: Bool) async throws {
        let stack = try Self.begin()
        var theirs = try await isFirst ? Self.other(stack, isAttached: isAttached) : []
        try await stack.apply(Self.deleting)
        if !isFirst { theirs = try await Self.other(stack, isAttached: isAttached) }
        let rest = try await stack.plan(Self.deleting)
        #expect(rest.lines == [])
        #expect(stack.ogx.files.count == 4)
        #expect(try await Self.destroy(stack).failures == [])
        #expect(stack.ogx.files.map(\.id) == theirs)
    }

    @Test("An upload of ours that somebody attached to a store of his stays, when ours changes and when it goes")
    func attachedElsewhere() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.deleting)
        let uploads = stack.ogx.files.map(\.id)
        let server = try await Self.server(stack)
        let theirs = try await server.vectorStores.create(.init(name: "theirs", embeddingModel: "scripted/embed"))
        for file in uploads { _ = try await server.files(in: theirs.id).attach(file) }
        try stack.write("docs/a.md", "Refunds take 14 days.")
        try await stack.apply(Self.deleting)
        #expect(uploads.allSatisfy(stack.ogx.files.map(\.id).contains) && stack.ogx.files.count == 3)
        #expect(try await stack.plan(Self.deleting).lines == [])
        #expect(try await Self.destroy(stack).failures == [])
        #expect(stack.ogx.files.map(\.id).sorted() == uploads.sorted())
        #expect(stack.ogx.stores.map(\.id) == [theirs.id] && stack.ogx.stores.first?.attachments.count == 2)
    }

    @Test("A store that another stack deletes while all are looked through is in nobody's way")
    func vanishing() async throws {
        let stack = try Self.begin()
        _ = try await Self.other(stack, isAttached: true)
        let theirs = try #require(stack.ogx.stores.first).id
        try await stack.apply(Self.deleting)
        let ours = try #require(stack.ogx.stores.first { $0.id != theirs })
        // With one of ours in no store, the files of all stores are asked for.
        try await Self.server(stack).files(in: ours.id).detach(ours.attachments[0].file)
        stack.ogx.intercept { request in
            guard request.url.contains("\(theirs)/files") else { return nil }
            let text = #"{"detail": "Vector_store '\#(theirs)' not found. Use 'client.vector_stores.list()'."}"#
            return .response(HTTPResponse(status: 404, body: Array(text.utf8)))
        }
        #expect(try await stack.plan(Self.deleting).lines != [])
        #expect(try await Self.destroy(stack).failures == [])
    }
}
