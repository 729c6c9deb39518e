import Testing
import Wire

@Suite struct ServerSentEventsTests {
    static let stream = """
        \u{FEFF}data: first\r
        \r
        : a comment\r\rdata: second\rdata:  two spaces\r\revent: named
        id: 7
        data:no space
        data

        event: without data

        data: {"text":"žlutý kůň"}

        data: cut off
        """

    static let events = [
        ServerSentEvent(data: "first"),
        ServerSentEvent(data: "second\n two spaces"),
        ServerSentEvent(name: "named", data: "no space\n"),
        ServerSentEvent(data: "{\"text\":\"žlutý kůň\"}"),
    ]

    @Test("A stream gives the same events however it is split in two")
    func everySplit() throws {
        let bytes = Array(Self.stream.utf8)
        for split in 0...bytes.count {
            var parser = ServerSentEventParser()
            let events = try parser.read(bytes[..<split]) + parser.read(bytes[split...])
            #expect(events == Self.events, "split at \(split)")
        }
    }

    @Test("A stream gives the same events byte by byte")
    func byteByByte() throws {
        var parser = ServerSentEventParser()
        let events = try Self.stream.utf8.flatMap { try parser.read(CollectionOfOne($0)) }
        #expect(events == Self.events)
    }

    @Test("CRLF is one line end, even when its halves arrive apart")
    func splitLineEnd() throws {
        var parser = ServerSentEventParser()
        #expect(try parser.read(Array("data: a\r".utf8)).isEmpty)
        #expect(try parser.read(Array("\ndata: b\r\n".utf8)).isEmpty)
        #expect(try parser.read(Array("\r\n".utf8)) == [ServerSentEvent(data: "a\nb")])
    }

    @Test("An event longer than the limit is refused")
    func overflow() throws {
        var parser = ServerSentEventParser(limit: 10)
        #expect(try parser.read(Array("data: 12\n\n".utf8)).count == 1)
        #expect(throws: ServerSentEventParser.Overflow(limit: 10)) {
            try parser.read(Array("data: 12345\n".utf8))
        }
    }
}
