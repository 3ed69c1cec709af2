// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// A part of an image that is to be written, in the image's format and memory of its own.
struct ImageCopy {
  private let region: Region
  private let storage: Bytes
  private let view: MutableImageView

  /// - Throws: `outOfMemory`.
  init(_ region: Region, like image: MutableImageView) throws(LiaeError) {
    let stride = region.width * image.format.size
    storage = try Bytes.allocateUnfilled(stride * region.height, for: "\(region.width) x \(region.height) pixels")
    self.region = region
    view = MutableImageView(
      base: storage.base, width: region.width, height: region.height, stride: stride, format: image.format)
  }

  /// Colours over those of the frame, whose other channels stay; the canvas must lie inside the region.
  func write(_ colors: ColorCanvas, over frame: Frame, like target: MutableImageView, _ workers: Workers)
    throws(LiaeError)
  {
    let band = rows(colors.region)
    if frame.image.format == target.format, target.format.channels == 4 {
      for y in 0..<band.height {
        let row = frame.image.base + (colors.top + y) * frame.image.stride + colors.left * target.format.size
        (band.base + y * band.stride).copyMemory(from: row, byteCount: band.width * band.format.size)
      }
    } else {
      band.fillAlpha()
    }
    colors.write(to: band, origin: colors.region, workers: workers)
  }

  func write(_ mask: MaskCanvas) {
    let band = rows(mask.region)
    band.fillAlpha()
    mask.write(to: band, origin: mask.region)
  }

  func paste(into image: MutableImageView) {
    for y in 0..<region.height {
      (image.base + (region.top + y) * image.stride + region.left * image.format.size)
        .copyMemory(from: view.base + y * view.stride, byteCount: view.stride)
    }
    withExtendedLifetime(storage) {}
  }

  /// The rows of `part`, which is as wide as the region.
  private func rows(_ part: Region) -> MutableImageView {
    MutableImageView(
      base: view.base + (part.top - region.top) * view.stride, width: part.width, height: part.height,
      stride: view.stride, format: view.format)
  }
}

/// The frame on its way into an output, with the memory that this takes.
struct FrameCopy {
  private let frame: Frame
  private let target: MutableImageView
  /// A row, or all of them; nil: the formats are the same, and bytes are copied.
  private let buffer: ColorCanvas?

  /// - Throws: `invalidArgument` where a float pixel is no finite number, `outOfMemory`.
  init(_ frame: Frame, to target: MutableImageView) throws(LiaeError) {
    (self.frame, self.target) = (frame, target)
    guard frame.image.format != target.format else {
      buffer = nil
      return
    }
    if frame.image.format.isFloat {
      for band in frame.region.bands { _ = try frame.canvas(band) }
    }
    // Row by row, unless a row that is written could be one that is still to be read.
    let (a, b) = (frame.image, target)
    let end = (a: a.base + a.stride * a.height, b: UnsafeRawPointer(b.base) + b.stride * b.height)
    let overlap = a.base < end.b && UnsafeRawPointer(b.base) < end.a
    let isInPlace = a.base == UnsafeRawPointer(b.base) && a.stride == b.stride
    buffer = overlap && !isInPlace ? try frame.canvas(frame.region) : try ColorCanvas(Region(width: a.width, height: 1))
  }

  func run() {
    let image = frame.image
    guard let buffer else {
      guard image.base != UnsafeRawPointer(target.base) || image.stride != target.stride else { return }
      for y in 0..<image.height {
        (target.base + y * target.stride).copyMemory(
          from: image.base + y * image.stride, byteCount: image.width * image.format.size)
      }
      return
    }
    // Alpha that the frame does not have is opaque.
    if buffer.height == image.height {
      target.fillAlpha()
      return buffer.write(to: target, workers: frame.workers)
    }
    for y in 0..<image.height {
      let row = Region(left: 0, top: y, width: image.width, height: 1)
      buffer.read(image, row)
      let line = MutableImageView(
        base: target.base + y * target.stride, width: target.width, height: 1, stride: target.stride,
        format: target.format)
      line.fillAlpha()
      buffer.write(to: line)
    }
  }
}

extension MutableImageView {
  /// All colours 0, alpha opaque.
  func clear() {
    for y in 0..<height {
      (base + y * stride).initializeMemory(as: UInt8.self, repeating: 0, count: width * format.size)
    }
    fillAlpha()
  }
}
