// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFormats
import LiaeImageIO
import LiaeSystem
import LiaeTensor

/// All inputs through one model, one after the other; an input that fails is reported and the rest goes on.
struct FaceJob {
  let runner: FaceRunner
  let outputs: OutputPlan
  let provenance: Provenance?
  private var sizesMentioned: Set<[Int]> = []
  private var bar = ProgressBar(total: 0, unit: "faces")
  private var done = 0

  init(runner: FaceRunner, outputs: OutputPlan, provenance: Provenance?) {
    (self.runner, self.outputs, self.provenance) = (runner, outputs, provenance)
  }

  /// - Throws: `Failure` with `someFailed` at the end where an input failed here or before; `interrupted`.
  mutating func run(_ survey: InputSurvey) throws {
    Interruption.watch()
    if !survey.files.isEmpty { try File.makeFolder(outputs.folder) }
    bar = ProgressBar(total: survey.files.reduce(0) { $0 + ($1.batch ?? 1) }, unit: "faces")
    defer { bar.end() }
    var survey = survey
    var expected = 0
    for file in survey.files {
      expected += file.batch ?? 1
      do {
        switch file.content {
        case .picture: try runPicture(file)
        case .array(let tensor): try runArray(file, tensor)
        }
      } catch let error as LiaeError {
        Console.complain(error.naming(file.path).message)
        survey.failures += 1
      }
      done = expected
      bar.advance(to: done)
    }
    if survey.failures > 0 { throw survey.failure }
  }

  private mutating func runPicture(_ file: InputFile) throws {
    try Interruption.check()
    let picture = try Picture.read(path: file.path)
    mentionSize(of: picture, file.path)
    let input = try picture.converted(to: runner.format).resized(width: runner.side, height: runner.side)
    let result = try runner.makeResult(destinationMask: outputs.destinationMask)
    try runner.run(input.view, into: result.target)
    withExtendedLifetime((input, result)) {}
    switch outputs.format {
    case .png: try writePNG(result, file.stem, index: nil)
    case .npy:
      try writeArray(result.rgb.storage, shape(channels: 3, batch: nil), file.stem, .rgb)
      try writeArray(result.mask.storage, shape(channels: 1, batch: nil), file.stem, .mask)
      if let mask = result.destinationMask {
        try writeArray(mask.storage, shape(channels: 1, batch: nil), file.stem, .destinationMask)
      }
    }
  }

  /// Says once for each size that pictures are resized.
  private mutating func mentionSize(of picture: Picture, _ path: String) {
    let side = runner.side
    guard picture.width != side || picture.height != side,
      sizesMentioned.insert([picture.width, picture.height]).inserted
    else { return }
    let proportions = picture.width == picture.height ? "" : ", which changes its proportions"
    Console.complain(
      "\(path): \(picture.width) x \(picture.height) pixels are resized to the model's \(side) x \(side)\(proportions); "
        + "the same for others of this size")
  }

  private mutating func runArray(_ file: InputFile, _ tensor: TensorView) throws {
    let side = runner.side
    let count = file.batch ?? 1
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
        try step(index)
        try load(index, of: tensor, file.path, into: input)
        try runner.run(input.view, into: result.target)
        try writePNG(result, file.stem, index: file.batch == nil ? nil : index)
      }
    case .npy:
      let (rgbSide, maskSide) = (runner.architecture.rgbSide, runner.architecture.maskSide)
      let rgb = try BatchImages(count: count, side: rgbSide, format: runner.format)
      let mask = try BatchImages(count: count, side: maskSide, format: .grayFloat)
      let second =
        outputs.destinationMask
        ? try BatchImages(count: count, side: maskSide, format: .grayFloat) : nil
      defer { withExtendedLifetime((rgb, mask, second)) {} }
      for index in 0..<count {
        try step(index)
        try load(index, of: tensor, file.path, into: input)
        try runner.run(
          input.view, into: FaceTarget(rgb: rgb[index], mask: mask[index], destinationMask: second?[index]))
      }
      try writeArray(rgb.storage, shape(channels: 3, batch: file.batch), file.stem, .rgb)
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

  private mutating func step(_ index: Int) throws {
    try Interruption.check()
    bar.advance(to: done + index)
  }

  private func shape(channels: Int, batch: Int?) -> [Int] {
    let side = channels == 3 ? runner.architecture.rgbSide : runner.architecture.maskSide
    return (batch.map { [$0] } ?? []) + [side, side, channels]
  }

  private func writePNG(_ result: FaceResult, _ stem: String, index: Int?) throws(LiaeError) {
    func write(_ picture: Picture, _ kind: OutputPlan.Kind) throws(LiaeError) {
      try picture.writePNG(
        to: outputs.path(stem, kind, index: index), provenance: provenance, replacing: outputs.replacing)
    }
    try write(result.rgb, .rgb)
    try write(result.mask, .mask)
    if let mask = result.destinationMask { try write(mask, .destinationMask) }
  }

  private func writeArray(_ bytes: Bytes, _ shape: [Int], _ stem: String, _ kind: OutputPlan.Kind) throws(LiaeError) {
    let tensor = try TensorView(dtype: .float32, shape: shape, storage: bytes)
    try NumpyArray.write(tensor, to: outputs.path(stem, kind), replacing: outputs.replacing)
  }
}

/// Square float images one behind the other, as an (N, H, W, C) array has them.
private struct BatchImages {
  let storage: Bytes
  let side: Int
  let format: PixelFormat

  init(count: Int, side: Int, format: PixelFormat) throws(LiaeError) {
    guard let size = CheckedSize.product([count, side, side, format.size]) else {
      throw LiaeError(.limitExceeded, "a batch of \(count) images of \(side) x \(side) pixels")
    }
    storage = try Bytes.allocate(size, for: "the results of \(count) images")
    (self.side, self.format) = (side, format)
  }

  /// `index` must be below the count.
  subscript(index: Int) -> MutableImageView {
    let stride = side * format.size
    return MutableImageView(
      base: storage.base + index * side * stride, width: side, height: side, stride: stride, format: format)
  }
}
