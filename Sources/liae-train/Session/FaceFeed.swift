// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeSamples
import LiaeSystem

/// Batches of both sides, of iteration after iteration. The batch of an iteration is the same whenever training begins.
final class FaceFeed {
  private let source, destination: FacesetSource
  private let workers: Int
  private let share: (index: Int, count: Int)
  private var current: (source: SampleGenerator, destination: SampleGenerator)?
  /// Faces that are named at a time.
  private static let named = 10
  /// Faces of a set of which it was said that they are left out.
  private var said: [String: Int] = [:]
  private var phase: (source: SampleOptions, destination: SampleOptions)?

  /// - Parameters:
  ///   - workers: threads that prepare faces, of both sides together.
  ///   - share: this process's part of each batch.
  init(
    source: FacesetSource, destination: FacesetSource, workers: Int, share: (index: Int, count: Int) = (0, 1)
  ) {
    (self.source, self.destination, self.workers, self.share) = (source, destination, workers, share)
  }

  /// Goes to an iteration, with other options where they have changed.
  func seek(_ phase: Phase, batchSize: Int, iteration: Int) throws(LiaeError) {
    let threads = max(1, workers / 2)
    // The threads of the old ones end first.
    current = nil
    current = (
      try SampleGenerator(
        source: source, colorReference: destination, options: phase.source, batchSize: batchSize, workers: threads,
        firstBatch: iteration, share: share),
      try SampleGenerator(
        source: destination, colorReference: source, options: phase.destination, batchSize: batchSize,
        workers: threads, firstBatch: iteration, share: share)
    )
    self.phase = (phase.source, phase.destination)
    complain()
  }

  /// Says which faces turned out to be of no use since the last time.
  func complain() {
    for faces in source === destination ? [source] : [source, destination] {
      let skipped = faces.skipped
      let new = skipped.dropFirst(said[faces.path] ?? 0)
      for face in new.prefix(Self.named) {
        Console.complain("\(faces.path): \(face.name): \(face.reason); left out")
      }
      if new.count > Self.named {
        Console.complain("\(faces.path): \(new.count - Self.named) more faces are left out; see liae-train samples")
      }
      said[faces.path] = skipped.count
    }
  }

  /// Whether another `seek` is needed.
  func isFor(_ phase: Phase) -> Bool {
    self.phase?.source == phase.source && self.phase?.destination == phase.destination
  }

  func next() throws(LiaeError) -> (source: FaceBatch, destination: FaceBatch) {
    guard let current else { throw LiaeError(.internalError, "faces are asked for before there is a place to begin") }
    return (try current.source.next(), try current.destination.next())
  }

  /// The same few faces of each side, as they are.
  func sample(_ settings: TrainingSettings) throws(LiaeError) -> (FaceBatch, FaceBatch) {
    let phase = settings.phase(at: 0, attempt: 0)
    func batch(_ faces: FacesetSource, _ options: SampleOptions) throws(LiaeError) -> FaceBatch {
      try SampleGenerator(
        source: faces, colorReference: nil, options: settings.previewSamples(options),
        batchSize: settings.session.previewFaces, workers: 1, firstBatch: 0
      ).next()
    }
    return (try batch(source, phase.source), try batch(destination, phase.destination))
  }
}
