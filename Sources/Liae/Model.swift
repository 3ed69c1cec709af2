// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeOpening
import LiaePack
import LiaeRuntime
import LiaeSystem

/// A checkpoint that is ready to run. Immutable; any number of threads may use it.
///
///     let model = try Model(path: "me.dfm", options: .init(faceType: .whole))
///     let context = try Context(model)
///     frame = try context.swap(frame, landmarks: landmarks)
public final class Model: Sendable {
  /// The part of the head that a model was trained on.
  public enum FaceType: String, Sendable, CaseIterable {
    case half = "half_face", midFull = "midfull_face", full = "full_face", whole = "whole_face", head
  }

  /// Limits the memory that weights take. Results of all policies are the same to the bit.
  public enum MemoryPolicy: Int32, Sendable { case speed = 0, balanced, memory }

  /// Options of opening a model.
  public struct Options: Sendable {
    /// "liae-udt", "df", "amp" and the like: overrules what the file says or what would be guessed.
    public var architecture: String?
    /// Overrules what the file says; a `.dfm` and a PyTorch file do not say it, and frames need it.
    public var faceType: FaceType?
    public var memory: MemoryPolicy
    /// Restricts the plan to direct convolutions, which are slower and closer to float64 than 100 dB.
    public var isDirect: Bool
    /// Threads that pack the weights; 0: one for each processor.
    public var threads: Int
    /// Packed weights beside the checkpoint, made where they are missing.
    public var packedPath: String?
    /// Bytes of memory that opening and the packed weights may take; 0: no limit.
    public var memoryLimit: Int
    /// Multiplications that the machine does in the time in which it reads one byte of memory, 0...10,000; nil: it is
    /// measured when a large model is packed. Under `speed` it decides which weights are stored as taps; results do not depend
    /// on it.
    public var machineBalance: Double?

    public init(
      architecture: String? = nil, faceType: FaceType? = nil, memory: MemoryPolicy = .speed, isDirect: Bool = false,
      threads: Int = 0, packedPath: String? = nil, memoryLimit: Int = 0, machineBalance: Double? = nil
    ) {
      (self.architecture, self.faceType, self.memory, self.isDirect) = (architecture, faceType, memory, isDirect)
      (self.threads, self.packedPath, self.memoryLimit) = (threads, packedPath, memoryLimit)
      self.machineBalance = machineBalance
    }
  }

  let plan: Plan

  /// Opens a checkpoint of any kind that the library reads, or packed weights.
  ///
  /// - Parameter path: a `.safetensors`, `.dfm`, `.onnx`, `.pt` or `.pth` file, a DeepFaceLab model folder, the folder of a
  ///   training, or packed weights.
  /// - Throws: kinds of the families 20 (the file), 30 (the network in it) and 40 (resources).
  public init(path: String, options: Options = Options()) throws(LiaeFailure) {
    let budget = options.memoryLimit > 0 ? MemoryBudget(limit: options.memoryLimit) : nil
    plan = try call { () throws(LiaeError) in
      guard ContextOptions.threadRange.contains(options.threads) else {
        throw LiaeError(
          .invalidArgument, "threads is \(options.threads); expected \(ContextOptions.threadRange)")
      }
      var opening = ModelOpening()
      opening.checkpoint = OpenOptions(architecture: options.architecture, faceType: options.faceType?.rawValue)
      opening.plan.convolution = options.isDirect ? .direct : .automatic
      opening.plan.memory = LiaeRuntime.MemoryPolicy(rawValue: options.memory.rawValue) ?? .speed
      opening.plan.threads = options.threads
      try opening.plan.set(machineBalance: options.machineBalance, "machineBalance")
      opening.packedPath = options.packedPath
      return try CallScope.with(budget: budget) { () throws(LiaeError) in try opening.open(path) }
    }
  }

  /// Family and options: "liae-udt", "df", "amp", "xseg".
  public var architecture: String { plan.architecture.name }
  /// Side of the network's input, pixels.
  public var resolution: Int { plan.architecture.resolution }
  /// Sides of the picture and of the masks that a run returns, pixels.
  public var pictureSide: Int { plan.architecture.rgbSide }
  public var maskSide: Int { plan.architecture.maskSide }
  /// Returns nil where neither the file nor the options say it.
  public var faceType: FaceType? { plan.info.faceType.flatMap(FaceType.init) }
  public var canMorph: Bool { plan.graph.canMorph }
  /// A model of XSeg returns the mask of a face and swaps none; its `pictureSide` is 0.
  public var segments: Bool { plan.segments }
  /// Training iteration; nil where the file does not say.
  public var iteration: Int? { plan.info.iteration }
  /// Assumptions that were made where the file tells nothing, a sentence each.
  public var guesses: [String] { plan.info.guesses }
  /// Contents of the file that a run does not use, a sentence each.
  public var notes: [String] { plan.info.notes }

  /// Writes the packed weights, so that opening that file takes a millisecond; for this processor's instruction set and this
  /// version of the library.
  ///
  /// - Throws: `inputOutput`, `fileNotFound`; a file that is there is replaced, whole or not at all.
  public func savePacked(to path: String) throws(LiaeFailure) {
    try call { () throws(LiaeError) in try PackFile.write(plan, to: path, replacing: true) }
  }
}
