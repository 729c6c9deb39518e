import Language
import Testing

@Suite("Rendering")
struct RenderingTests {
    private static let fields = [
        Field("equals", .data(), "Any value."), Field("text", .text(), "Text."), Field("tags", .map(.text()), "Texts."),
        Field("command", .command, "A program."),
    ]

    /// A text as it is rendered for `/spec`, when it was written in another directory.
    private func rendered(_ text: String, from directory: String = "/spec") throws -> Value {
        Rendering(Self.fields, root: "/spec", directory: { _ in directory }).render(try node(text)).value
    }

    @Test("A null stays where it is a value, and goes where the field is not there")
    func null() throws {
        #expect(try rendered("equals: null\ntext: null") == ["equals": .null])
        #expect(try rendered("equals: {a: null}\ntags: null") == ["equals": ["a": .null]])
    }

    @Test(
        "A program is named as seen from the root; its arguments and a name in `PATH` stay",
        arguments: [
            ("./a.sh", "/spec/sub", "sub/a.sh"), ("../a.sh", "/spec/sub", "./a.sh"), ("./a.sh", "/spec", "./a.sh"),
            ("bin/a", "/spec/sub", "sub/bin/a"), ("/bin/a", "/spec/sub", "/bin/a"), ("python3", "/spec/sub", "python3"),
            ("./a.sh", "/other", "/other/a.sh"),
        ])
    func command(_ written: String, _ directory: String, _ expected: String) throws {
        let command = try rendered("command: [\(written), ./b]", from: directory)["command"]
        #expect(command == [.string(expected), "./b"])
    }
}
