// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeSystem
import LiaeTensor
import LiaeText
import LiaeTrain

/// The whole of a model that is trained: weights, the optimiser's memory, random state, settings, losses. One safetensors
/// file, so that it is replaced whole or not at all; `docs/training.md` lists what stands in it.
struct StateFile {
  var trainer: TrainerState
  /// What `TrainingSettings.stored` gave.
  var settings: JSON
  var history: LossHistory
  /// How many times training went back to an earlier state.
  var attempt: Int

  private static let marker = "liae_training"
  private static let version = "1"
  private static let lossNames = (source: "losses.source", destination: "losses.destination")

  /// - Throws: `inputOutput` where it cannot be written: what was there stays.
  func write(to path: String) throws(LiaeError) {
    var tensors = trainer.tensors
    tensors[Self.lossNames.source] = try Self.tensor(history.source)
    tensors[Self.lossNames.destination] = try Self.tensor(history.destination)
    var metadata = [Self.marker: Self.version, "settings": settings.line, "attempt": "\(attempt)"]
    for (name, value) in trainer.integers { metadata["trainer.\(name)"] = "\(value)" }
    try SafetensorsFile.write(tensors, metadata: metadata, to: path, replacing: true, synchronizing: true)
  }

  /// - Throws: `fileNotFound`, `inputOutput`; `corruptFile` where it is damaged, `unsupported` for another version,
  ///   `unknownFormat` where it is something else.
  init(reading path: String) throws(LiaeError) {
    let file = try SafetensorsFile.parse(Bytes.map(path: path), name: path)
    guard let found = file.metadata[Self.marker] else {
      throw LiaeError(.unknownFormat, "\(path): no state of a training: its metadata lack \(Self.marker)")
    }
    guard found == Self.version else {
      throw LiaeError(
        .unsupported, "\(path): training state of format \(found.prefix(20)); this program reads \(Self.version)")
    }
    guard let text = file.metadata["settings"], let attempt = file.metadata["attempt"].flatMap({ Int($0) }) else {
      throw LiaeError(.corruptFile, "\(path): the metadata lack settings or attempt")
    }
    settings = try JSON(parsing: Array(text.utf8), name: "\(path), settings")
    self.attempt = attempt
    var integers: [(name: String, value: UInt64)] = []
    for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) where key.hasPrefix("trainer.") {
      guard let number = UInt64(value) else {
        throw LiaeError(.corruptFile, "\(path): metadata \(key) is \"\(value.prefix(40))\"; expected a whole number")
      }
      integers.append((String(key.dropFirst("trainer.".count)), number))
    }
    var tensors = file.tensors
    func losses(_ name: String) throws(LiaeError) -> [Float] {
      guard let tensor = tensors[name], tensor.dtype == .float32, tensor.shape.count == 1 else {
        throw LiaeError(.corruptFile, "\(path): tensor \(name) is missing, or no row of float32")
      }
      tensors[name] = nil
      return (0..<tensor.count).map { tensor[$0] }
    }
    let (source, destination) = (try losses(Self.lossNames.source), try losses(Self.lossNames.destination))
    trainer = TrainerState(tensors: tensors, integers: integers)
    let iteration = integers.first { $0.name == "iteration" }.flatMap { Int(exactly: $0.value) } ?? 0
    history = LossHistory(source: source, destination: destination, upTo: iteration)
  }

  init(trainer: TrainerState, settings: JSON, history: LossHistory, attempt: Int) {
    (self.trainer, self.settings, self.history, self.attempt) = (trainer, settings, history, attempt)
  }

  private static func tensor(_ values: [Float]) throws(LiaeError) -> TensorView {
    let bytes = try values.withUnsafeBufferPointer { (buffer) throws(LiaeError) in
      try Bytes.copy(UnsafeRawBufferPointer(buffer), for: "the losses of \(values.count) iterations")
    }
    return try TensorView(dtype: .float32, shape: [values.count], storage: bytes)
  }
}
