// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Room for the descriptions of one run's images, so that a run needs no memory of its own.
final class ImageScratch {
  enum Output: Int {
    case rgb, mask, destinationMask
    /// The name of the format in the header.
    var name: StaticString {
      switch self {
      case .rgb: return "rgb"
      case .mask: return "mask"
      case .destinationMask: return "dst_mask"
      }
    }
  }

  /// Images of one run at most; a count past it is a mistake, not a wish.
  static let largest = 65_536

  let capacity: Int
  private let storage: Bytes
  private let inputViews: UnsafeMutablePointer<ImageView>
  private let outputViews: UnsafeMutablePointer<MutableImageView>
  private var isWanted: (rgb: Bool, mask: Bool, destinationMask: Bool) = (false, false, false)

  /// - Parameter capacity: images, at most `largest`.
  init(capacity: Int) throws(LiaeError) {
    let inputSize = capacity * MemoryLayout<ImageView>.stride
    let outputSize = capacity * MemoryLayout<MutableImageView>.stride
    storage = try Bytes.allocate(inputSize + 3 * outputSize, for: "the descriptions of \(capacity) images")
    inputViews = storage.base.bindMemory(to: ImageView.self, capacity: capacity)
    outputViews = (storage.base + inputSize).bindMemory(to: MutableImageView.self, capacity: 3 * capacity)
    self.capacity = capacity
  }

  // MARK: - For the runtime

  func inputs(_ count: Int) -> UnsafeBufferPointer<ImageView> { UnsafeBufferPointer(start: inputViews, count: count) }

  func outputs(_ output: Output, _ count: Int) -> UnsafeBufferPointer<MutableImageView>? {
    let wanted: Bool
    switch output {
    case .rgb: wanted = isWanted.rgb
    case .mask: wanted = isWanted.mask
    case .destinationMask: wanted = isWanted.destinationMask
    }
    return wanted ? UnsafeBufferPointer(start: views(output), count: count) : nil
  }

  private func views(_ output: Output) -> UnsafeMutablePointer<MutableImageView> {
    outputViews + output.rawValue * capacity
  }

  private func want(_ output: Output, _ wanted: Bool) {
    switch output {
    case .rgb: isWanted.rgb = wanted
    case .mask: isWanted.mask = wanted
    case .destinationMask: isWanted.destinationMask = wanted
    }
  }

  // MARK: - From described images

  /// - Parameter images: `count` of `CImage`.
  func setInputs(_ images: UnsafeRawPointer?, _ count: Int) throws(LiaeError) {
    let images = try require(images, "face")
    for i in 0..<count {
      let image = images.loadUnaligned(fromByteOffset: i * MemoryLayout<CImage>.stride, as: CImage.self)
      inputViews[i] = ImageView(try image.described("face[\(i)]"))
    }
  }

  /// - Parameter images: `count` of `CImage`; nil: the output is not wanted.
  func setOutput(_ output: Output, _ images: UnsafeRawPointer?, _ count: Int) throws(LiaeError) {
    want(output, images != nil)
    guard let images else { return }
    for i in 0..<count {
      let image = images.loadUnaligned(fromByteOffset: i * MemoryLayout<CImage>.stride, as: CImage.self)
      views(output)[i] = try image.described("\(output.name)[\(i)]")
    }
  }

  // MARK: - From tensors

  /// - Parameter data: `count` pictures of `side` * `side` * 3 floats.
  func setInputs(_ data: UnsafeRawPointer, _ count: Int, side: Int, order: ColorOrder) {
    let size = side * side * 12
    for i in 0..<count {
      inputViews[i] = ImageView(
        base: data + i * size, width: side, height: side, stride: side * 12,
        format: order == .rgb ? .rgbFloat : .bgrFloat)
    }
  }

  /// - Parameter tensor: a `CTensor` of `count` pictures of `side` * `side` floats of `format`; nil: the output is
  ///   not wanted.
  func setOutput(_ output: Output, _ tensor: UnsafeRawPointer?, _ count: Int, side: Int, format: PixelFormat)
    throws(LiaeError)
  {
    want(output, tensor != nil)
    guard let tensor else { return }
    let found = tensor.loadUnaligned(as: CTensor.self)
    guard let data = found.data else { throw LiaeError(.invalidArgument, "\(output.name)->data is NULL") }
    let elements = side * side * format.channels
    guard found.count == count * elements else {
      throw LiaeError(
        .invalidArgument,
        "\(output.name)->count is \(UInt(bitPattern: found.count)); expected \(count * elements) for \(count) of \(side) x \(side) x \(format.channels)"
      )
    }
    try requireAligned(data, "\(output.name)->data")
    for i in 0..<count {
      views(output)[i] = MutableImageView(
        base: data + i * elements * 4, width: side, height: side, stride: side * format.size, format: format)
    }
  }
}

/// Floats stand at addresses divisible by 4.
func requireAligned(_ data: UnsafeRawPointer, _ what: @autoclosure () -> String) throws(LiaeError) {
  guard UInt(bitPattern: data) % 4 == 0 else {
    throw LiaeError(.invalidArgument, "\(what()) is \(data), which is not divisible by 4")
  }
}

extension CImage {
  /// The image at a pointer, where its description can be one; what is done with it checks its size.
  ///
  /// - Parameter name: what the header calls it.
  static func read(_ pointer: UnsafeRawPointer?, _ name: String) throws(LiaeError) -> MutableImageView {
    try require(pointer, name).loadUnaligned(as: CImage.self).described(name)
  }

  /// Reads an image as `read` does; nil for NULL.
  static func readOptional(_ pointer: UnsafeRawPointer?, _ name: String) throws(LiaeError) -> MutableImageView? {
    pointer == nil ? nil : try read(pointer, name)
  }

  fileprivate func described(_ name: @autoclosure () -> String) throws(LiaeError) -> MutableImageView {
    guard let pixels else { throw LiaeError(.invalidArgument, "\(name()).pixels is NULL") }
    guard reserved == 0 else {
      throw LiaeError(.invalidArgument, "\(name()).reserved is \(reserved); expected 0, for versions to come")
    }
    guard let format = PixelFormat(rawValue: format) else {
      throw LiaeError(.invalidArgument, "\(name()).format is \(self.format), which is not a liae_pixel_format")
    }
    guard width > 0, height > 0, stride >= Int(width) * format.size, CheckedSize.product(stride, Int(height)) != nil
    else {
      throw LiaeError(
        .invalidArgument,
        "\(name()) is \(width) x \(height) pixels with rows \(UInt(bitPattern: stride)) bytes apart; expected sizes above 0 and a stride of at least the width times \(format.size)"
      )
    }
    if format.isFloat {
      try requireAligned(pixels, "\(name()).pixels")
      guard stride % 4 == 0 else {
        throw LiaeError(.invalidArgument, "\(name()).stride is \(stride), which is not divisible by 4")
      }
    }
    return MutableImageView(
      base: pixels, width: Int(width), height: Int(height), stride: stride, format: format)
  }
}
