// SPDX-License-Identifier: Apache-2.0
import LiaeSamples
import LiaeSystem
import LiaeTestSupport
import LiaeText
import LiaeTrainingSession
import Testing

/// Batches of both sides, wherever training begins.
@Suite struct DataLoaderTests {
  private func settings(_ given: (String, JSON)...) throws -> TrainingSettings {
    var settings = TrainingSettings()
    for (key, value) in [("resolution", JSON.integer(32)), ("batch-size", .integer(2))] + given {
      try settings.set(key, value, source: "")
    }
    return settings
  }

  private func loader(workers: Int = 2, share: (Int, Int) = (0, 1)) throws -> DataLoader {
    DataLoader(
      source: try FacesetSource(path: Training.aligned), destination: try FacesetSource(path: Training.aligned),
      workers: workers, share: share)
  }

  private func bytes(_ batch: FaceBatch) -> [[UInt8]] {
    [batch.warped, batch.target, batch.mask, batch.eyesMouth].map(\.contents)
  }

  private func batches(_ loader: DataLoader, _ count: Int) throws -> [[[UInt8]]] {
    try (0..<count).flatMap { _ in
      let next = try loader.next()
      return [bytes(next.source), bytes(next.destination)]
    }
  }

  @Test func aBatchIsThatOfItsIteration() throws {
    let settings = try settings()
    let phase = settings.phase(at: 0, attempt: 0)
    let whole = try loader(), later = try loader(workers: 5)
    try whole.seek(phase, batchSize: 2, iteration: 0)
    let all = try batches(whole, 6)
    try later.seek(phase, batchSize: 2, iteration: 4)
    #expect(try batches(later, 2) == Array(all[8...]))
    // The same loader may go back.
    try later.seek(phase, batchSize: 2, iteration: 1)
    #expect(try batches(later, 1) == Array(all[2..<4]))
    // Both sides see the same folder here, and not the same faces at the same time.
    #expect(all[0] != all[1])
  }

  @Test func partsOfABatchAreTheWhole() throws {
    let phase = try settings().phase(at: 0, attempt: 0)
    let whole = try loader()
    try whole.seek(phase, batchSize: 4, iteration: 3)
    let (source, destination) = try whole.next()
    var parts: [(source: FaceBatch, destination: FaceBatch)] = []
    for index in 0..<2 {
      let part = try loader(share: (index, 2))
      try part.seek(phase, batchSize: 2, iteration: 3)
      parts.append(try part.next())
    }
    #expect(source.target.contents == parts[0].source.target.contents + parts[1].source.target.contents)
    #expect(
      destination.warped.contents == parts[0].destination.warped.contents + parts[1].destination.warped.contents)
  }

  @Test func whetherAPhaseNeedsAnotherSeek() throws {
    let settings = try settings(("random-warp-until", .integer(5)), ("lr-dropout-from", .integer(3)))
    let loader = try loader()
    let first = settings.phase(at: 0, attempt: 0)
    #expect(!loader.serves(first))
    expectError(.internalError) { _ = try loader.next() }
    try loader.seek(first, batchSize: 1, iteration: 0)
    // Another option of the trainer leaves the samples as they are, another of the samples does not.
    #expect(loader.serves(first) && loader.serves(settings.phase(at: 3, attempt: 0)))
    #expect(!loader.serves(settings.phase(at: 5, attempt: 0)) && !loader.serves(settings.phase(at: 0, attempt: 1)))
  }

  @Test func skippedFacesAreNewOnce() throws {
    let loader = try loader()
    #expect(loader.newlySkipped().isEmpty)
    try loader.seek(settings().phase(at: 0, attempt: 0), batchSize: 1, iteration: 0)
    let skipped = loader.newlySkipped()
    #expect(skipped.count == 1 && skipped[0].path == Training.aligned)
    #expect(skipped[0].faces.map(\.name) == ["00005_0.jpg", "00007_0.jpg"])
    #expect(loader.newlySkipped().isEmpty)
  }

  @Test func previewsShowTheSameFacesUnbent() throws {
    let settings = try settings(("preview-faces", .integer(3)), ("random-hsv-power", .number(0.3)))
    let (source, destination) = try loader().previewBatches(settings)
    let again = try loader(workers: 1).previewBatches(settings)
    #expect(source.count == 3 && destination.count == 3)
    #expect(bytes(source) == bytes(again.0) && bytes(destination) == bytes(again.1))
    // Not bent and not coloured: what the network sees is what it is to give back.
    #expect(source.warped.contents == source.target.contents)
  }
}
