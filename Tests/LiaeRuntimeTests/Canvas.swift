// SPDX-License-Identifier: Apache-2.0
import LiaeTensor

/// Memory for some square images of one format, in which every byte that is no pixel holds a mark.
final class Canvas {
  let images: Int
  let side: Int
  let format: PixelFormat
  /// Bytes from row to row.
  let stride: Int
  private let memory: UnsafeMutableRawBufferPointer
  private static let mark: UInt8 = 0xa5

  /// - Parameters:
  ///   - slack: bytes between the end of a row and the next one.
  ///   - offset: bytes before the first pixel.
  ///   - values: pixels in the order of the format, 0...1; 8-bit formats round them.
  init(images: Int, side: Int, format: PixelFormat, slack: Int = 0, offset: Int = 0, values: [Float]? = nil) {
    (self.images, self.side, self.format) = (images, side, format)
    stride = side * format.size + slack
    memory = .allocate(byteCount: offset + images * side * stride + 64, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: Self.mark)
    self.offset = offset
    guard let values else { return }
    let channels = format.channels
    precondition(values.count == images * side * side * channels)
    for i in values.indices {
      let (row, column) = (i / (side * channels), i % (side * channels))
      if format.isFloat {
        memory.storeBytes(of: values[i], toByteOffset: offset + row * stride + column * 4, as: Float.self)
      } else {
        memory[offset + row * stride + column] = UInt8((values[i] * 255).rounded())
      }
    }
  }

  private let offset: Int

  deinit { memory.deallocate() }

  private func start(_ image: Int) -> UnsafeMutableRawPointer {
    memory.baseAddress.unsafelyUnwrapped + offset + image * side * stride
  }

  var views: [ImageView] {
    (0..<images).map {
      ImageView(base: UnsafeRawPointer(start($0)), width: side, height: side, stride: stride, format: format)
    }
  }

  var mutableViews: [MutableImageView] {
    (0..<images).map {
      MutableImageView(base: start($0), width: side, height: side, stride: stride, format: format)
    }
  }

  /// The pixels of each image in the order of the format; 8-bit values as they are, 0...255.
  var floats: [[Float]] {
    (0..<images).map { image in
      let base = start(image)
      return (0..<side).flatMap { y in
        (0..<side * format.channels).map { x in
          format.isFloat
            ? base.loadUnaligned(fromByteOffset: y * stride + x * 4, as: Float.self)
            : Float(base.load(fromByteOffset: y * stride + x, as: UInt8.self))
        }
      }
    }
  }

  /// True if only pixels have been written, and no byte before, between or after the rows.
  var gapsAreUntouched: Bool {
    memory.indices.allSatisfy { i in
      let row = (i - offset) / stride
      let isPixel = i >= offset && row < images * side && (i - offset) % stride < side * format.size
      return isPixel || memory[i] == Self.mark
    }
  }

  /// True if nothing at all has been written.
  var isBlank: Bool { memory.allSatisfy { $0 == Self.mark } }

  /// The bytes of pixel `index` of the first image, to be spoilt by a test.
  func setFloat(_ value: Float, at index: Int) {
    memory.storeBytes(of: value, toByteOffset: offset + index * 4, as: Float.self)
  }
}
