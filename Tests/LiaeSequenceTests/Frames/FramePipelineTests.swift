// SPDX-License-Identifier: Apache-2.0
import LiaeSequence
import LiaeSystem
import LiaeTestSupport
import Testing

@Suite struct FramePipelineTests {
  /// Takes 0..<count; work is what `work` says; finished numbers in their order.
  private final class Run: @unchecked Sendable {
    var (taken, finished): (Int, [Int]) = (0, [])
    private let monitor = Monitor()
    private var seen: Set<Int> = []
    var workers: Set<Int> { monitor.locked { seen } }

    func pipeline(
      _ count: Int, work: @escaping (Int) throws(LiaeError) -> Int = { number throws(LiaeError) in number * number },
      failsToTake: Int? = nil, failsToFinish: Int? = nil
    ) -> FramePipeline<Int, Int> {
      FramePipeline<Int, Int>(
        take: { () throws(LiaeError) in
          if self.taken == failsToTake { throw LiaeError(.cancelled, "take \(self.taken)") }
          defer { self.taken += 1 }
          return self.taken < count ? self.taken : nil
        },
        work: { (worker, number) throws(LiaeError) in
          self.monitor.locked { _ = self.seen.insert(worker) }
          return try work(number)
        },
        finish: { (number, output) throws(LiaeError) in
          if number == failsToFinish { throw LiaeError(.inputOutput, "finish \(number)") }
          #expect(output == number * number)
          self.finished.append(number)
        })
    }
  }

  @Test(arguments: [1, 2, 3, 8]) func finishesInOrder(workers: Int) throws {
    let run = Run()
    // Later items are ready sooner.
    try run.pipeline(40) { (number) throws(LiaeError) in
      var sum = 0
      for i in 0..<(40 - number) * 2000 { sum ^= i }
      return sum < 0 ? 0 : number * number
    }.run(workers: workers)
    #expect(run.finished == Array(0..<40))
    #expect(run.workers.isSubset(of: Set(0..<workers)))
  }

  @Test func nothingToTake() throws {
    let run = Run()
    try run.pipeline(0).run(workers: 3)
    #expect(run.finished.isEmpty && run.taken <= 3)
  }

  /// Items are worked on in the scope of the caller. A call that is cancelled ends with that, whoever notices it.
  @Test(arguments: [1, 2, 4]) func cancellationOfTheCall(workers: Int) throws {
    let (run, flag) = (Run(), CancelFlag())
    let error = failure {
      try CallScope.with(cancelFlag: flag.address) { () throws(LiaeError) in
        try run.pipeline(1000) { (number) throws(LiaeError) in
          if number == 7 { flag.set() }
          try CallScope.check()
          return number * number
        }.run(workers: workers)
      }
    }
    #expect(error?.status == .cancelled)
    #expect(run.finished == Array(0..<run.finished.count) && run.finished.count <= 7)
    // Cancelled before it begins.
    let none = Run()
    let earlier = failure {
      try CallScope.with(cancelFlag: flag.address) { () throws(LiaeError) in
        try none.pipeline(10) { (number) throws(LiaeError) in
          try CallScope.check()
          return number * number
        }.run(workers: workers)
      }
    }
    #expect(earlier?.status == .cancelled && none.finished.isEmpty)
  }

  /// What a worker throws comes out, in the order of the items, and ends the work.
  @Test(arguments: [1, 2, 4]) func aWorkersErrorIsCarriedOut(workers: Int) {
    let run = Run()
    let error = failure {
      try run.pipeline(1000) { (number) throws(LiaeError) in
        if number == 7 || number == 9 { throw LiaeError(.corruptFile, "item \(number)") }
        return number * number
      }.run(workers: workers)
    }
    #expect(error == LiaeError(.corruptFile, "item 7"))
    #expect(run.finished == Array(0..<7))
    #expect(run.taken <= 8 + 2 * workers)
  }

  @Test(arguments: [1, 3]) func errorsOfTakingAndFinishing(workers: Int) {
    let (taking, finishing) = (Run(), Run())
    #expect(failure { try taking.pipeline(100, failsToTake: 5).run(workers: workers) }?.message == "take 5")
    #expect(taking.finished == Array(0..<taking.finished.count) && taking.finished.count <= 5)
    #expect(failure { try finishing.pipeline(100, failsToFinish: 5).run(workers: workers) }?.message == "finish 5")
    #expect(finishing.finished == Array(0..<5))
  }
}
