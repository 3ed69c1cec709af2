// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem

/// Any batch of a training of XSeg, by its number, on any thread.
final class SegmentationSupply: BatchSource, @unchecked Sendable {
  private let options: SegmentationSampleOptions
  private let batchSize: Int
  private let faces: FaceCache
  /// Guards the orders, which remember where they are.
  private let monitor = Monitor()
  private var faceOrder: FaceOrder
  private var otherOrder: FaceOrder

  /// - Throws: `invalidArgument` where no face has a label.
  init(_ source: FacesetSource, _ options: SegmentationSampleOptions, batchSize: Int) throws(LiaeError) {
    (self.options, self.batchSize) = (options, batchSize)
    let (side, type) = (options.resolution, options.faceType)
    let members = options.targetsGray ? Array(source.faces.indices) : try Self.labelled(source)
    faces = FaceCache(source, members, memory: options.memory) { (face) throws(LiaeError) in
      try PackedFace(face.labelled(side: side, type: type))
    }
    faceOrder = FaceOrder(count: members.count, seed: options.seed, purpose: .faceOrder)
    otherOrder = FaceOrder(count: members.count, seed: options.seed, purpose: .referenceOrder)
  }

  /// The faces with polygons; if there is none, those with a mask.
  private static func labelled(_ source: FacesetSource) throws(LiaeError) -> [Int] {
    for isLabelled in [\SourceFace.hasPolygons, \SourceFace.hasMask] {
      let found = source.faces.indices.filter { source.faces[$0][keyPath: isLabelled] }
      if !found.isEmpty { return found }
    }
    throw LiaeError(
      .invalidArgument,
      "\(source.path): no face has polygons or a mask to learn from; draw some, or let another model find masks")
  }

  func batch(_ number: Int, isCancelled: () -> Bool) throws(LiaeError) -> SegmentationBatch {
    let batch = try SegmentationBatch(count: batchSize, side: options.resolution)
    for slot in 0..<batchSize {
      if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
      let draw = number * batchSize + slot
      let (face, other) = monitor.locked { (faceOrder.face(draw), otherOrder.face(draw)) }
      var sample = try faces.face(face).labelled()
      var generator = SplitMix64(seed: options.seed, .sample, draw)
      if options.targetsGray {
        sample = try Self.gray(sample, isAugmented: options.isAugmented, &generator)
      } else if options.isAugmented {
        sample = try SegmentationAugmenter(
          side: options.resolution, changedShare: options.changedShare
        ).sample(
          sample, other: { () throws(LiaeError) in try self.faces.face(other).labelled() }, drawing: &generator)
      }
      batch.put(sample, slot: slot)
    }
    return batch
  }

  /// A sample of pretraining: warped and transformed as those of SAEHD, mirrored by 40 %, its target the gray of it.
  private static func gray(
    _ face: LabelledFace, isAugmented: Bool, _ generator: inout SplitMix64
  ) throws(LiaeError) -> LabelledFace {
    var colors = face.colors
    if isAugmented {
      let side = SampleOptions.workingSide(colors.width)
      var parameters = SampleParameters(
        transform: SampleParameters.transform(side: side, drawing: &generator), isFlipped: generator.next() % 10 < 4)
      parameters.warp = try WarpMap(side: side, drawing: &generator)
      colors = try parameters.placed(colors, isBent: true, .cubic, .replicate)
      if parameters.isFlipped { colors.mirror() }
    }
    let mask = try MaskCanvas(width: colors.width, height: colors.height)
    for i in 0..<mask.count {
      let color = colors.pixels[i].clamped
      mask.pixels[i] = 0.114 * color.x + 0.587 * color.y + 0.299 * color.z
    }
    withExtendedLifetime((colors, mask)) {}
    return LabelledFace(colors: colors, mask: mask)
  }
}

extension SegmentationBatch {
  /// Writes a sample, clipped to 0...1, as number `slot`; nobody else writes there.
  fileprivate func put(_ sample: LabelledFace, slot: Int) {
    let pixels = side * side
    let colors = picture.base.assumingMemoryBound(to: Float.self) + slot * pixels * 3
    let weights = mask.base.assumingMemoryBound(to: Float.self) + slot * pixels
    for i in 0..<pixels {
      let color = sample.colors.pixels[i].clamped
      (colors[3 * i], colors[3 * i + 1], colors[3 * i + 2]) = (color.x, color.y, color.z)
      weights[i] = sample.mask.pixels[i].clamped
    }
    withExtendedLifetime(sample) {}
  }
}
