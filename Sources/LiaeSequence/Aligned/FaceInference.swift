// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// Files of aligned faces through one model, one after the other.
package struct FaceInference {
  private let runner: FaceRunner
  /// Computes XSeg's masks where the outputs have them.
  private let xseg: Context?
  private let outputs: FaceOutputs
  private let provenance: Provenance?
  private let observer: SequenceObserver
  /// Widths and heights that a notice was given of.
  private var resizedSizes: Set<[Int]> = []
  private var progress = SequenceProgress(finished: 0, total: 0)
  private let batch = WriteBatch()

  /// - Parameters:
  ///   - xseg: the context of an XSeg model, where the outputs have its masks.
  ///   - provenance: the note in PNG files that a model made them; nil: none.
  package init(
    runner: FaceRunner, xseg: Context? = nil, outputs: FaceOutputs, provenance: Provenance?,
    observer: SequenceObserver = SequenceObserver()
  ) {
    (self.runner, self.xseg, self.outputs) = (runner, xseg, outputs)
    (self.provenance, self.observer) = (provenance, observer)
  }

  /// Runs and writes all files. One that fails is left out, with a notice, and the others go on.
  ///
  /// - Returns: how many failed.
  /// - Throws: `cancelled`, before the next face. Files that are written stay.
  package mutating func run(_ files: [FaceInput]) throws(LiaeError) -> Int {
    try batch.finishing { () throws(LiaeError) in try runAll(files) }
  }

  private mutating func runAll(_ files: [FaceInput]) throws(LiaeError) -> Int {
    if !files.isEmpty { try File.makeFolder(outputs.folder) }
    var (expected, failures) = (0, 0)
    progress = SequenceProgress(finished: 0, total: files.reduce(0) { $0 + ($1.batch ?? 1) })
    observer.progress(progress)
    for file in files {
      expected += file.batch ?? 1
      do throws(LiaeError) {
        switch file.content {
        case .picture: try runPicture(file)
        case .array: try runArray(file)
        }
      } catch {
        if error.status == .cancelled { throw error }
        observer.notice(.failed(error.naming(file.path)))
        failures += 1
      }
      progress.finished = expected
      observer.progress(progress)
    }
    return failures
  }

  private mutating func runPicture(_ file: FaceInput) throws(LiaeError) {
    try observer.checkCancelled()
    let picture = try Picture.read(path: file.path)
    mentionSize(of: picture, file.path)
    let input = try picture.converted(to: runner.format).resized(width: runner.side, height: runner.side)
    let result = try runner.makeResult(destinationMask: outputs.destinationMask)
    try runner.run(input.view, into: result.target)
    withExtendedLifetime((input, result)) {}
    let xsegMasks = try xsegMasks(input, result)
    switch outputs.format {
    case .png: try writePNG(result, xsegMasks, file.stem, index: nil)
    case .npy:
      for (kind, mask) in xsegMasks {
        try writeArray(mask.storage, [mask.height, mask.width, 1], file.stem, kind)
      }
      if let rgb = result.rgb { try writeArray(rgb.storage, shape(channels: 3, batch: nil), file.stem, .rgb) }
      try writeArray(result.mask.storage, shape(channels: 1, batch: nil), file.stem, .mask)
      if let mask = result.destinationMask {
        try writeArray(mask.storage, shape(channels: 1, batch: nil), file.stem, .destinationMask)
      }
    }
  }

  /// Gives notice, once for each size, that pictures are resized.
  private mutating func mentionSize(of picture: Picture, _ path: String) {
    let side = runner.side
    guard picture.width != side || picture.height != side,
      resizedSizes.insert([picture.width, picture.height]).inserted
    else { return }
    observer.notice(.resized(first: path, width: picture.width, height: picture.height, side: side))
  }

  private mutating func runArray(_ file: FaceInput) throws(LiaeError) {
    let side = runner.side
    let count = file.batch ?? 1
    let tensor = try file.array()
    guard tensor.shape == (file.batch.map { [$0] } ?? []) + tensor.shape.suffix(3) else {
      throw LiaeError(.inputOutput, "\(file.path): was changed while it was in use")
    }
    guard Array(tensor.shape.suffix(3)) == [side, side, 3] else {
      throw LiaeError(
        .shapeMismatch,
        "\(file.path): holds pictures of shape \(Array(tensor.shape.suffix(3))); the model takes \([side, side, 3])")
    }
    // A copy of one image at a time: elements of the file may stand at any address.
    let input = try Picture(width: side, height: side, format: runner.format)
    defer { withExtendedLifetime((input, tensor)) {} }
    switch outputs.format {
    case .png:
      let result = try runner.makeResult(destinationMask: outputs.destinationMask)
      defer { withExtendedLifetime(result) {} }
      for index in 0..<count {
        try beginFace(index)
        try load(index, of: tensor, file.path, into: input)
        try runner.run(input.view, into: result.target)
        try writePNG(result, xsegMasks(input, result), file.stem, index: file.batch == nil ? nil : index)
      }
    case .npy:
      let (rgbSide, maskSide) = (runner.architecture.rgbSide, runner.architecture.maskSide)
      let rgb = outputs.rgb ? try BatchImages(count: count, side: rgbSide, format: runner.format) : nil
      let mask = try BatchImages(count: count, side: maskSide, format: .grayFloat)
      let second =
        outputs.destinationMask
        ? try BatchImages(count: count, side: maskSide, format: .grayFloat) : nil
      defer { withExtendedLifetime((rgb, mask, second)) {} }
      var xsegBatches: [(kind: FaceOutputs.Kind, images: BatchImages, side: Int)] = []
      for index in 0..<count {
        try beginFace(index)
        try load(index, of: tensor, file.path, into: input)
        try runner.run(
          input.view, into: FaceTarget(rgb: rgb?[index], mask: mask[index], destinationMask: second?[index]))
        guard xseg != nil else { continue }
        let result = try runner.makeResult(destinationMask: false)
        if let source = rgb?[index], let picture = result.rgb {
          picture.mutableView.base.copyMemory(from: source.base, byteCount: picture.stride * picture.height)
        }
        for (place, (kind, mask)) in try xsegMasks(input, result).enumerated() {
          if index == 0 {
            let images = try BatchImages(count: count, side: mask.width, format: .grayFloat)
            xsegBatches.append((kind, images, mask.width))
          }
          xsegBatches[place].images[index].base.copyMemory(
            from: mask.storage.base, byteCount: mask.stride * mask.height)
          withExtendedLifetime(mask) {}
        }
        withExtendedLifetime(result) {}
      }
      for (kind, images, side) in xsegBatches {
        try writeArray(images.storage, (file.batch.map { [$0] } ?? []) + [side, side, 1], file.stem, kind)
      }
      if let rgb { try writeArray(rgb.storage, shape(channels: 3, batch: file.batch), file.stem, .rgb) }
      try writeArray(mask.storage, shape(channels: 1, batch: file.batch), file.stem, .mask)
      if let second {
        try writeArray(second.storage, shape(channels: 1, batch: file.batch), file.stem, .destinationMask)
      }
    }
  }

  /// Copies one image of an array.
  ///
  /// - Throws: `invalidArgument` naming the first value that is no finite number.
  private func load(_ index: Int, of tensor: TensorView, _ path: String, into picture: Picture) throws(LiaeError) {
    let side = runner.side
    let bytes = side * side * 3 * 4
    guard let source = tensor.raw.baseAddress else { return }
    picture.mutableView.base.copyMemory(from: source + index * bytes, byteCount: bytes)
    let values = picture.values
    guard let bad = values.firstIndex(where: { !$0.isFinite }) else { return }
    let place = "row \(bad / 3 / side), column \(bad / 3 % side), channel \(bad % 3)"
    throw LiaeError(
      .invalidArgument, "\(path): image \(index) has \(values[bad]) at \(place); expected finite numbers")
  }

  /// Reports the faces before this one of an array.
  private func beginFace(_ index: Int) throws(LiaeError) {
    try observer.checkCancelled()
    if index > 0 {
      observer.progress(SequenceProgress(finished: progress.finished + index, total: progress.total))
    }
  }

  private func shape(channels: Int, batch: Int?) -> [Int] {
    let side = channels == 3 ? runner.architecture.rgbSide : runner.architecture.maskSide
    return (batch.map { [$0] } ?? []) + [side, side, channels]
  }

  /// The masks that an XSeg model finds of the picture that was returned and of the one that was given.
  private func xsegMasks(_ input: Picture, _ result: FaceResult) throws(LiaeError) -> [(FaceOutputs.Kind, Picture)] {
    guard let xseg else { return [] }
    let side = xseg.plan.architecture.resolution
    var masks: [(FaceOutputs.Kind, Picture)] = []
    for (kind, picture) in [(FaceOutputs.Kind.xsegMask, result.rgb), (.xsegDestinationMask, input)] {
      guard let picture else { continue }
      let colors = try ColorCanvas(picture).resized(width: side, height: side, interpolation: .cubic)
      masks.append((kind, try Picture(try xseg.segmented(colors), format: .grayFloat)))
    }
    return masks
  }

  private func writePNG(
    _ result: FaceResult, _ xsegMasks: [(FaceOutputs.Kind, Picture)], _ stem: String, index: Int?
  ) throws(LiaeError) {
    func write(_ picture: Picture, _ kind: FaceOutputs.Kind) throws(LiaeError) {
      try picture.writePNG(
        to: outputs.path(stem, kind, index: index), provenance: provenance, replacing: outputs.replacing, in: batch)
    }
    if let rgb = result.rgb { try write(rgb, .rgb) }
    try write(result.mask, .mask)
    if let mask = result.destinationMask { try write(mask, .destinationMask) }
    for (kind, mask) in xsegMasks { try write(mask, kind) }
  }

  private func writeArray(_ bytes: Bytes, _ shape: [Int], _ stem: String, _ kind: FaceOutputs.Kind) throws(LiaeError) {
    let tensor = try TensorView(dtype: .float32, shape: shape, storage: bytes)
    try NumpyArray.write(tensor, to: outputs.path(stem, kind), replacing: outputs.replacing, in: batch)
  }
}
