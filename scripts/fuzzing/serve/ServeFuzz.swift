import Glibc
import Language
import NIOCore

@testable import Runtime
@testable import Serving
@testable import Wire

/// Reads one input as what a caller sends, or as what the server behind answers; its first byte says which.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let begun = clock()
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    if first % 2 == 0 {
        ask(Array(bytes.dropFirst()))
    } else {
        answer(Array(bytes.dropFirst()), chunk: Int(first) / 2 % 24 + 1)
    }
    // Of work, not of waiting: other programs may run on the machine.
    precondition(clock() - begun < CLOCKS_PER_SEC, "Nothing takes a second.")
    return 0
}

/// What is no request is refused as the caller's fault, and says why.
private func ask(_ body: [UInt8]) {
    do throws(ServedError) {
        let request = try ServedRequest(body)
        precondition(!request.asked.items.isEmpty, "Something is asked.")
        precondition((try? Value(json: body))?.object != nil, "It was an object.")
    } catch {
        precondition(error.status == .badRequest && !error.message.isEmpty, "It says why.")
        let told = error.body(requestID: "req_1").canonicalJSON
        precondition((try? Value(json: told.utf8)) != nil, "It is told as JSON.")
    }
}

/// However it arrives, a stream is the same frames; what is cut out of them is told; and what is served of it is well-formed.
private func answer(_ stream: [UInt8], chunk: Int) {
    var parser = ServerSentEventParser()
    guard let events = try? parser.read(stream) else { return }
    let whole = parts(of: stream, FrameScanner(), chunk)
    precondition(whole.count == events.count, "All frames are there.")
    for (part, event) in zip(whole, events) {
        guard case .frame(let data) = part else { preconditionFailure("Nothing is cut.") }
        precondition(String(decoding: data, as: UTF8.self).utf8.elementsEqual(event.data.utf8), "Frames are whole.")
    }
    let cut = parts(of: stream, FrameScanner(keeping: 8), chunk)
    var number = 0
    for part in cut {
        guard case .frame(let data) = part else { continue }
        let isJSON = (try? Value(json: events[number].data.utf8)) != nil
        precondition(((try? Value(json: data)) != nil) == isJSON, "What is JSON stays JSON.")
        number += 1
    }
    precondition(number == events.count, "All frames are there.")
    serve(cut)
}

private func parts(of stream: [UInt8], _ scanner: FrameScanner, _ chunk: Int) -> [FrameScanner.Part] {
    var scanner = scanner
    return stride(from: 0, to: stream.count, by: chunk).flatMap { start in
        // The inputs are shorter than the limit.
        (try? scanner.read(stream[start..<min(start + chunk, stream.count)])) ?? []
    }
}

private let agent = AgentDefinition(
    name: "a", model: "m", instructions: "", tools: [ToolDefinition(name: "k", fileSearch: .init(vectorStores: ["v"]))])

private func serve(_ parts: [FrameScanner.Part]) {
    var reader = ResponsesReader(agent, keeping: 8)
    let response = ServedResponse(id: "resp_0", created: 0, model: "a")
    var items = ServedItems(response, of: agent, .mlflow, isStreamed: true)
    items.begin()
    do {
        for part in parts {
            for case .event(let event) in try reader.read(part, at: .zero) { items.take(event) }
        }
        if let answer = reader.answer { items.finish(with: answer) } else { items.fail(because: .unrepeated) }
    } catch {
        items.fail(because: .unrepeated)
    }
    let frames = String(buffer: items.drain()).split(separator: "\n\n")
    for (number, frame) in frames.enumerated() {
        let value = try? Value(json: frame.dropFirst("data: ".count).utf8)
        precondition(value?["sequence_number"]?.integer == number, "Each frame is JSON, and has its number: \(frame)")
    }
    let last = try? Value(json: frames.last.map { $0.dropFirst("data: ".count).utf8 } ?? "".utf8[...])
    precondition(last?["response"]?["status"] != nil, "The last frame tells how it ended.")
}
