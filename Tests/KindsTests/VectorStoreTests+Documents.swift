import Engine
import Fakes
import Foundation
import Language
import Testing
import Wire

/// Which documents come to the server, and what of those is told that do not.
extension VectorStoreTests {
    @Test("One file that two entries find is one document")
    func foundTwice() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec.replacing("[\"docs/*.md\"]", with: "[\"docs/*.md\", docs/a.md, \"**/a.md\"]"))
        #expect(Self.names(stack) == ["docs__a.md", "docs__b.md"])
    }

    @Test("One path with two contents is told")
    func samePath() async throws {
        let stack = try Self.begin()
        let spec = Self.spec.replacing("[\"docs/*.md\"]", with: "[docs/a.md, {text: Other, name: docs/a.md}]")
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.code.name) == ["duplicate-document"])
    }

    @Test(
        "A document that cannot be ingested fails with the server's reason at its place; the others are there, and so is its old content"
    )
    func notIngested() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        try stack.write("docs/a.md", "")
        try stack.write("docs/b.md", "We ship to Iceland.")
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.map(\.code.name) == ["not-ingested"])
        #expect(failed.failures.first?.detail.contains("No chunks were generated") == true)
        #expect(failed.failures.first?.cause == .incomplete)
        #expect(failed.failures.first?.subject?.start.line == 3)
        let texts = stack.ogx.stores.flatMap(\.attachments).map(\.text)
        #expect(texts.contains("Refunds take 30 days.") && texts.contains("We ship to Iceland."))
        try stack.write("docs/a.md", "Refunds take 14 days.")
        try await stack.apply(Self.spec)
        #expect(
            stack.ogx.stores.flatMap(\.attachments).map(\.text).sorted() == [
                "Refunds take 14 days.", "We ship to Iceland.",
            ])
        #expect(stack.ogx.files.count == 2)
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [])
    }

    @Test("Every document that cannot be ingested is told")
    func severalNotIngested() async throws {
        let stack = try Self.begin()
        try stack.write("docs/a.md", "")
        try stack.write("docs/b.md", "")
        let failed = try await stack.open(Self.spec).apply()
        let told = failed.failures.flatMap { [$0.detail] + $0.notes.map(\.text) }.joined()
        #expect(told.contains("docs/a.md") && told.contains("docs/b.md"))
        #expect(stack.ogx.files.isEmpty, "what failed is not left behind")
    }

    @Test(
        "A document that a killed server left unfinished or failed is brought again",
        arguments: ["failed", "cancelled"])
    func failedAttachment(status: String) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let store = try #require(stack.ogx.stores.first)
        stack.ogx.setStatus(status, ofFile: store.attachments[0].file, inStore: store.id)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.changes.first?.fields.map(\.note) == ["was not ingested"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.flatMap(\.attachments).map(\.status) == ["completed", "completed"])
        #expect(stack.ogx.files.count == 2)
    }

    @Test("A file that changes after the plan is told, and does not come to the server")
    func changedMeanwhile() async throws {
        let stack = try Self.begin()
        let run = try await stack.open(Self.spec)
        let folder = stack.folder
        stack.ogx.intercept { request in
            guard request.method == .post, request.url.hasSuffix("/vector_stores") else { return nil }
            try? Data("Refunds take 14 days.".utf8).write(to: folder.appending(path: "docs/a.md"))
            return nil
        }
        let failed = try await run.apply()
        #expect(failed.failures.map(\.code.name) == ["changed-meanwhile"])
        #expect(failed.failures.first?.detail == "`docs/a.md` has other content than its digest says.")
        #expect(Self.names(stack) == ["docs__b.md"])
    }

    @Test("A download is brought when it is what its digest says, and only then")
    func download() async throws {
        let stack = try Self.begin()
        let text = "Terms: none."
        stack.ogx.intercept { request in
            guard request.url == "http://example.test/terms.txt" else { return nil }
            return .response(HTTPResponse(status: 200, body: Array(text.utf8)))
        }
        func spec(_ digest: String) -> String {
            let entry = "[{url: \"http://example.test/terms.txt\", sha256: \(digest)}]"
            return Self.spec.replacing("[\"docs/*.md\"]", with: entry)
        }
        let failed = try await stack.open(spec(sha256Hex("Other".utf8))).apply()
        #expect(failed.failures.map(\.code.name) == ["changed-meanwhile"])
        #expect(stack.ogx.files.isEmpty)
        try await stack.apply(spec(sha256Hex(text.utf8)))
        #expect(Self.texts(stack) == [text] && Self.names(stack) == ["terms.txt"])
    }

    @Test("A download is followed to where it lies now, has the name that it is given, and is brought as UTF-8")
    func namedDownloads() async throws {
        let stack = try Self.begin()
        // Not the same text twice: OGX would know it as one passage.
        let latin: [String: [UInt8]] = ["a": [0x63, 0x61, 0x66, 0xE9], "b": [0x63, 0x72, 0xE8, 0x6D, 0x65]]
        stack.ogx.intercept { request in
            let steps = request.url.split(separator: "/").map(String.init)
            guard steps.count == 4, steps[1] == "example.test", let body = latin[steps[2]] else { return nil }
            guard steps[3] == "new.txt" else {
                return .response(HTTPResponse(status: 302, headers: [("location", "new.txt")]))
            }
            let type = (name: "content-type", value: "text/plain; charset=ISO-8859-1")
            return .response(HTTPResponse(status: 200, headers: [type], body: body))
        }
        let entries = latin.sorted { $0.key < $1.key }.map { name, bytes in
            "{url: \"http://example.test/\(name)/terms.txt\", sha256: \(sha256Hex(bytes)), name: terms-\(name).txt}"
        }
        try await stack.apply(
            Self.spec.replacing("[\"docs/*.md\"]", with: "[\(entries.joined(separator: ", "))]"))
        #expect(Self.texts(stack) == ["café", "crème"] && Self.names(stack) == ["terms-a.txt", "terms-b.txt"])
    }
}
