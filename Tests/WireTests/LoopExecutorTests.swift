import Dispatch
import Fakes
import NIOCore
import NIOPosix
import Support
import Synchronization
import Testing
import Wire

@Suite("LoopExecutor", .timeLimit(.minutes(20)))
struct LoopExecutorTests {
    private static var isOnLoop: Bool {
        MultiThreadedEventLoopGroup.currentEventLoop != nil
    }

    @Test("A task and those that it begins run on the thread of an event loop, whatever they wait for")
    func stays() async throws {
        let executor = try #require(LoopExecutor.any)
        await withTaskExecutorPreference(executor) {
            #expect(Self.isOnLoop)
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<1000 {
                    group.addTask {
                        for _ in 0..<20 { await Task.yield() }
                        return Self.isOnLoop
                    }
                }
                for await isOnLoop in group { #expect(isOnLoop) }
            }
            // A timer wakes it from another thread.
            try? await Task.sleep(for: .milliseconds(5))
            #expect(Self.isOnLoop)
        }
        #expect(!Self.isOnLoop)
    }

    @Test("What takes the processor for long is done elsewhere, and the task goes on where it was")
    func leaves() async throws {
        let executor = try #require(LoopExecutor.any)
        await withTaskExecutorPreference(executor) {
            let wasOnLoop = await offLoop { Self.isOnLoop }
            #expect(!wasOnLoop && Self.isOnLoop)
        }
        let value = await offLoop { 7 }
        #expect(value == 7)
    }

    @Test("As many waits that block as there are cores hold up no task")
    func blocked() async {
        let cores = System.coreCount
        let ends = (0..<cores).map { _ in DispatchSemaphore(value: 0) }
        await withTaskGroup(of: Void.self) { group in
            for end in ends {
                group.addTask { await offLoop { Self.block(until: end) } }
            }
            // Were the threads of tasks blocked, this would never come.
            for _ in 0..<100 { await Task.yield() }
            for end in ends { end.signal() }
            await group.waitForAll()
        }
    }

    private static func block(until end: DispatchSemaphore) {
        // Not for ever, should no task be left to end it.
        #expect(end.wait(timeout: .now() + 60) == .success)
    }

    @Test("Tasks on an event loop and others ask the same server with one transport")
    func asks() async throws {
        let executor = try #require(LoopExecutor.any)
        let server = FakeMLflow()
        try await LoopbackServer.withServer(serving: server) { url in
            try await AsyncHTTPTransport.withTransport { transport in
                let request = HTTPRequest(.get, url + "/version")
                let here = try await transport.send(request)
                let there = try await withTaskExecutorPreference(executor) { try await transport.send(request) }
                #expect(here.status == there.status && here.body == there.body && !here.body.isEmpty)
            }
        }
    }
}
