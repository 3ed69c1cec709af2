// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

/// The state file of a training (docs/training.md): weights, optimiser moments, settings, losses and counters of one save
/// of liae-train, in one safetensors file that is replaced whole.
package struct TrainingState: Sendable {
  /// Weights under canonical names, moments as `first/NAME` and `second/NAME`, the adversaries' likewise. Layouts are
  /// TensorFlow's: convolutions (kh, kw, in, out), dense layers (in, out).
  package var tensors: TensorDictionary
  /// The trainer's numbers: `iteration`, `seed`, `optimizer`, `optimizer_steps`, ...
  package var counters: [(name: String, value: UInt64)]
  /// A JSON object whose keys are the options of `liae-train train`.
  package var settings: String
  /// The losses of the last iterations, one for each, ending with `iteration`; at most `lossLimit` of each side.
  package var losses: (source: [Float], destination: [Float])
  /// The number of times that training was rolled back to an earlier save, 0...`attemptLimit`.
  package var attempt: Int
  /// Tensors of the file that were not read.
  package private(set) var leftOut = 0
  /// The file's name in messages.
  package let name: String

  /// The metadata key whose presence makes a safetensors file one of these; its value is the version.
  package static let marker = "liae_training"
  private static let version = "1"
  /// Past any training, and small enough for sums and products of counters not to overflow.
  package static let counterLimit = 1 << 40
  package static let attemptLimit = 1_000_000_000
  /// Losses of a side that are kept. As many are read back from a DeepFaceLab model.
  package static let lossLimit = 4_000_000

  static let lossNames = (source: "losses.source", destination: "losses.destination")
  private static let counterPrefix = "trainer."

  package init(
    tensors: TensorDictionary, counters: [(name: String, value: UInt64)], settings: String,
    losses: (source: [Float], destination: [Float]), attempt: Int, name: String
  ) {
    (self.tensors, self.counters, self.settings) = (tensors, counters, settings)
    (self.losses, self.attempt, self.name) = (losses, attempt, name)
  }

  /// Reads a state file: the weights are those of one save even while another one takes its place.
  ///
  /// - Throws: `fileNotFound`, `inputOutput`; `corruptFile` where it is damaged, `unsupported` for another version,
  ///   `unknownFormat` where it is something else.
  package init(path: String) throws(LiaeError) {
    let opened = try File(reading: path)
    let file = try LostContent.explain(
      Bytes.read(opened), name: path, wayOut: "a backup of the folder backups can take its place"
    ) { () throws(LiaeError) in try SafetensorsFile.read(opened) }
    try self.init(file, name: path)
  }

  /// - Parameter name: what messages call the file.
  /// - Throws: as `init(path:)`.
  package init(_ file: SafetensorsFile, name: String) throws(LiaeError) {
    guard let found = file.metadata[Self.marker] else {
      throw LiaeError(.unknownFormat, "\(name): no state of a training: its metadata lack \(Self.marker)")
    }
    guard found == Self.version else {
      throw LiaeError(
        .unsupported, "\(name): training state of format \(found.prefix(20)); this version reads \(Self.version)")
    }
    guard let settings = file.metadata["settings"], let text = file.metadata["attempt"] else {
      throw LiaeError(.corruptFile, "\(name): the metadata lack settings or attempt")
    }
    let numbers = NumberReader(name)
    let attempt = try numbers.whole(text, "metadata attempt", 0...Self.attemptLimit)
    var tensors = file.tensors
    losses = (
      try Self.takeLosses(Self.lossNames.source, from: &tensors, name),
      try Self.takeLosses(Self.lossNames.destination, from: &tensors, name)
    )
    counters = try Self.counters(file.metadata, numbers)
    leftOut = file.leftOut
    (self.tensors, self.settings, self.attempt, self.name) = (tensors, settings, attempt, name)
  }

  /// Writes the whole file or nothing; the bytes are on the disk before it takes the place of an earlier one.
  ///
  /// - Throws: `inputOutput` where it cannot be written: what was there stays. `outOfMemory`.
  package func write(to path: String) throws(LiaeError) { try write(tensors.sources, to: path) }

  /// Writes the file with other tensors than `tensors`.
  ///
  /// - Throws: as `write(to:)`, and what the tensors throw.
  package func write(_ tensors: [TensorSource], to path: String) throws(LiaeError) {
    var series = TensorDictionary()
    series[Self.lossNames.source] = try Self.tensor(losses.source)
    series[Self.lossNames.destination] = try Self.tensor(losses.destination)
    var metadata = [Self.marker: Self.version, "settings": settings, "attempt": "\(attempt)"]
    for (name, value) in counters { metadata[Self.counterPrefix + name] = "\(value)" }
    try SafetensorsFile.write(tensors + series.sources, metadata: metadata, to: path, replacing: true)
  }

  /// Iterations done.
  package var iteration: Int {
    counters.first { $0.name == "iteration" }.flatMap { Int(exactly: $0.value) } ?? 0
  }

  /// The range of a counter. A seed is any number; of what is counted up, no training comes near the limit.
  private static func range(of counter: String) -> ClosedRange<UInt64> {
    switch counter {
    case "seed": return 0...UInt64.max
    case "optimizer": return 0...255
    case "pretrain": return 0...1
    case "gan_patch_size": return 3...640
    case "gan_dims": return 4...512
    default: return 0...UInt64(counterLimit)
    }
  }

  private static func counters(
    _ metadata: [String: String], _ numbers: NumberReader
  ) throws(LiaeError) -> [(name: String, value: UInt64)] {
    var counters: [(name: String, value: UInt64)] = []
    for (key, text) in metadata.sorted(by: { $0.key < $1.key }) where key.hasPrefix(counterPrefix) {
      let name = String(key.dropFirst(counterPrefix.count))
      counters.append((name, try numbers.whole(text, "metadata \(key)", range(of: name))))
    }
    return counters
  }

  private static func takeLosses(
    _ name: String, from tensors: inout TensorDictionary, _ file: String
  ) throws(LiaeError) -> [Float] {
    guard let tensor = tensors[name], tensor.dtype == .float32, tensor.shape.count == 1 else {
      throw LiaeError(.corruptFile, "\(file): tensor \(name) is missing, or no row of float32")
    }
    tensors[name] = nil
    return (max(0, tensor.count - lossLimit)..<tensor.count).map { tensor[$0] }
  }

  private static func tensor(_ values: [Float]) throws(LiaeError) -> TensorView {
    let bytes = try values.withUnsafeBufferPointer { (buffer) throws(LiaeError) in
      try Bytes.copy(UnsafeRawBufferPointer(buffer), for: "the losses of \(values.count) iterations")
    }
    return try TensorView(dtype: .float32, shape: [values.count], storage: bytes)
  }
}
