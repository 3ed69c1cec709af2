// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// Any batch of one side, by its number, on any thread.
final class BatchSupply: BatchSource, @unchecked Sendable {
  private let options: SampleOptions
  private let batchSize: Int
  private let maker: SampleMaker
  private let faces: FaceCache
  private let references: FaceCache?
  /// Guards the orders, which remember where they are.
  private let monitor = Monitor()
  private var faceOrder: FaceOrder
  private var referenceOrder: FaceOrder?

  /// - Throws: `invalidArgument` where no face shows as much as the model's face type does.
  init(
    _ source: FacesetSource, _ reference: FacesetSource?, _ options: SampleOptions, batchSize: Int
  ) throws(LiaeError) {
    (self.options, self.batchSize, maker) = (options, batchSize, SampleMaker(options))
    let (side, type) = (options.resolution, options.faceType)
    let usable = try Self.usable(source, type)
    let reference = options.colorTransfer == .none ? nil : reference
    let memory = reference == nil ? options.memory : options.memory / 2
    faces = FaceCache(source, usable, memory: memory) { (face) throws(LiaeError) in
      try PackedFace(face.prepared(side: side, type: type))
    }
    references = reference.map { reference in
      FaceCache(reference, Array(reference.faces.indices), memory: memory) { (face) throws(LiaeError) in
        try PackedFace(reference: face.reference(side: side))
      }
    }
    if options.uniformYaw {
      faceOrder = FaceOrder(yaws: usable.map { source.faces[$0].yaw }, seed: options.seed)
    } else {
      faceOrder = FaceOrder(count: usable.count, seed: options.seed, purpose: .faceOrder)
    }
    referenceOrder = reference.map {
      FaceOrder(count: $0.faces.count, seed: options.seed, purpose: .referenceOrder)
    }
  }

  /// - Parameter isCancelled: is asked before each face.
  /// - Throws: `outOfMemory`; what decoding threw where no face is left; `cancelled`.
  func batch(_ number: Int, isCancelled: () -> Bool) throws(LiaeError) -> FaceBatch {
    let batch = try FaceBatch(count: batchSize, side: options.resolution)
    for slot in 0..<batchSize {
      if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
      let draw = number * batchSize + slot
      let (face, reference) = monitor.locked { (faceOrder.face(draw), referenceOrder?.face(draw)) }
      let prepared = try faces.face(face).prepared()
      var colors: ColorCanvas?
      if let reference { colors = try references?.face(reference).colors() }
      try maker.make(prepared, like: colors, SampleParameters(options, number: draw), into: batch, slot: slot)
    }
    return batch
  }

  /// Crops that show less than the model's would be continued by their edges: they are skipped.
  private static func usable(_ source: FacesetSource, _ type: FaceType) throws(LiaeError) -> [Int] {
    var usable: [Int] = []
    var first: LiaeError?
    for (index, face) in source.faces.enumerated() {
      if face.type.padding >= type.padding {
        usable.append(index)
      } else {
        let error = LiaeError(
          .invalidArgument, "\(face.name): a \(face.type.rawValue), which shows less than the model's \(type.rawValue)")
        source.skip(face, error)
        first = first ?? error
      }
    }
    if usable.isEmpty, let first { throw first.within("\(source.path): no face can be used") }
    return usable
  }
}
