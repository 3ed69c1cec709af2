// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

/// The contents of a DeepFaceLab model folder beside the weights of the network: with them training goes on where it
/// was left.
package struct DeepFaceLabTraining: Sendable {
  /// DeepFaceLab's options by its names, as `random_warp`.
  package var options: [(key: String, value: PickleValue)] = []
  /// Iterations done, 0...`TrainingState.counterLimit`; 0 where there is no data file.
  package var iteration = 0
  /// Losses of each of the last iterations, at most `TrainingState.lossLimit`; of XSeg, which has one loss, no destination.
  package var losses: [(source: Float, destination: Float?)] = []
  /// Files of tensors by their names behind the model's: `src_dst_opt.npy` and so on, those that are there. Tensors are
  /// under the names of the files, as `ms_encoder/down1/downs_0/conv1/weight_0:0`.
  package var files: [String: TensorDictionary] = [:]
  /// Path of the data file, whether it is there or not.
  package private(set) var dataPath = ""
  package private(set) var hasData = false
  /// Path of the files, up to their own names.
  private var prefix = ""
  /// Optimiser of the network; the adversaries and their optimisers.
  package static let fileNames = [
    "src_dst_opt.npy", segmentationOptimizer, "GAN.npy", "GAN_opt.npy", "code_discriminator.npy", "D_code_opt.npy",
  ]

  /// Optimiser of XSeg.
  package static let segmentationOptimizer = "256_opt.npy"

  package init() {}

  /// The names of the models in a folder, each once.
  package static func names(in folder: String) throws(LiaeError) -> [String] {
    var names: [String] = []
    for set in try DeepFaceLabSet.all(in: folder) {
      let ending = endings.first { set.prefix.hasSuffix($0) } ?? ""
      let name = String(set.prefix.dropLast(ending.count))
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// A file of a model, by which `ModelReader` opens it.
  package static func representative(of name: String, in folder: String) throws(LiaeError) -> String? {
    try set(of: name, in: folder).map { $0.path($0.has("encoder.npy") ? "encoder.npy" : DeepFaceLabSet.dataFile) }
  }

  /// Iterations that DeepFaceLab's data file of a model tells; nil where there is none, or none that can be read.
  package static func iteration(of name: String, in folder: String) -> Int? {
    (try? set(of: name, in: folder)).flatMap { iteration($0) }
  }

  private static func iteration(_ set: DeepFaceLabSet) -> Int? {
    guard set.has(DeepFaceLabSet.dataFile) else { return nil }
    let path = set.path(DeepFaceLabSet.dataFile)
    return try? DeepFaceLabFile.parseData(Bytes.read(path: path), name: path)["iter"]?.intValue
  }

  /// The weights of the XSeg model of a folder and the iterations that its data file tells, where DeepFaceLab has written to
  /// them after another file; nil where it has not, or there is no such model.
  package static func segmentation(in folder: String, newerThan other: String) -> (path: String, iteration: Int?)? {
    let set = DeepFaceLabSet(folder: folder, name: "", kind: .xseg)
    let files = [DeepFaceLabSet.segmentationFile, DeepFaceLabSet.dataFile]
    guard set.has(files[0]), files.contains(where: { File.isNewer(set.path($0), than: other) }) else { return nil }
    return (set.path(files[0]), iteration(set))
  }

  /// Tells whether DeepFaceLab's files of a model were written to after another file.
  package static func isNewer(_ name: String, in folder: String, than other: String) -> Bool {
    guard let set = try? set(of: name, in: folder) else { return false }
    return [DeepFaceLabSet.dataFile, "encoder.npy"].contains { File.isNewer(set.path($0), than: other) }
  }

  /// - Throws: `fileNotFound` where there is no such model; what reading its files throws.
  package init(folder: String, name: String) throws(LiaeError) {
    guard let set = try Self.set(of: name, in: folder) else {
      throw LiaeError(.fileNotFound, "\(folder): holds no DeepFaceLab model \"\(name)\"")
    }
    try self.init(set)
  }

  /// The training of the XSeg model of a folder, which may hold a model that swaps too.
  ///
  /// - Throws: what reading its files throws.
  package init(segmentationIn folder: String) throws(LiaeError) {
    try self.init(DeepFaceLabSet(folder: folder, name: "", kind: .xseg))
  }

  private init(_ set: DeepFaceLabSet) throws(LiaeError) {
    (prefix, dataPath) = (set.path(""), set.path(DeepFaceLabSet.dataFile))
    hasData = set.has(DeepFaceLabSet.dataFile)
    if hasData {
      try readData(Bytes.read(path: dataPath), name: dataPath, lossesOfAnIteration: set.kind == .xseg ? 1 : 2)
    }
    for file in Self.fileNames where set.has(file) {
      files[file] = try DeepFaceLabFile.parseWeights(try Bytes.read(path: set.path(file)), name: set.path(file))
    }
  }

  /// Takes options, iteration and losses out of a data file.
  ///
  /// - Throws: `corruptFile` for an iteration that no training comes to, and for losses that are none; what reading a
  ///   pickle throws.
  package mutating func readData(
    _ bytes: Bytes, name: String, lossesOfAnIteration count: Int = 2
  ) throws(LiaeError) {
    let data = try DeepFaceLabFile.parseData(bytes, name: name)
    for (key, value) in data["options"]?.pairs ?? [] {
      if let key = key.stringValue { options.append((key, value)) }
    }
    if let value = data["iter"] {
      iteration = try NumberReader(name).whole(value, "iter", 0...TrainingState.counterLimit)
    }
    for entry in (data["loss_history"]?.elements ?? []).suffix(TrainingState.lossLimit) {
      let values = (entry.elements ?? []).compactMap(\.doubleValue).map { Float($0) }
      guard values.count == count, entry.elements?.count == count else {
        throw LiaeError(
          .corruptFile, "\(name): loss_history holds \(entry.kind); expected lists of \(count) floats")
      }
      losses.append((values[0], count == 2 ? values[1] : nil))
    }
  }

  /// Steps of the optimiser whose moments are in `file`; 0 where there is none.
  ///
  /// - Throws: `corruptFile` for a number that no training comes to.
  package func steps(of file: String) throws(LiaeError) -> Int {
    guard let count = files[file]?["iters:0"] else { return 0 }
    return try NumberReader(prefix + file).whole(.tensor(count), "iters:0", 0...TrainingState.counterLimit)
  }

  /// The ends of the prefixes that name a trainer.
  private static let endings = DeepFaceLabKind.allCases.map { "_\($0.rawValue)_" }

  /// - Throws: `invalidArgument` where several trainers have a model of the name; what listing the folder throws.
  private static func set(of name: String, in folder: String) throws(LiaeError) -> DeepFaceLabSet? {
    let prefixes = [name] + endings.map { name + $0 }
    let sets = try DeepFaceLabSet.all(in: folder).filter { prefixes.contains($0.prefix) }
    guard sets.count <= 1 else {
      throw LiaeError(
        .invalidArgument,
        "\(folder): holds several DeepFaceLab models \"\(name)\" (\(sets.map(\.representative).joined(separator: ", "))); "
          + "move all but one away")
    }
    return sets.first
  }
}
