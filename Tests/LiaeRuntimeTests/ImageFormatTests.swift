// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeRuntime
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// Described images of every format, with and without gaps between the rows.
@Suite struct ImageFormatTests {
  private static let side = 64

  private func context(_ order: ColorOrder) throws -> Context {
    let architecture = Architecture(options: "ud", resolution: Self.side, eDims: 4, aeDims: 6, dDims: 4, dMaskDims: 3)
    let random = try Model.random(architecture, seed: 8)
    var info = random.info
    info.colorOrder = order
    return try Context(Plan(Model(architecture: architecture, info: info, tensors: random.tensors)))
  }

  /// Channel `c` of the model as `format` holds it; nil for its alpha.
  private func position(_ c: Int, _ format: PixelFormat, _ order: ColorOrder) -> Int {
    if format.channels == 1 { return 0 }
    return format.isBlueFirst == (order == .bgr) ? c : 2 - c
  }

  @Test(arguments: PixelFormat.allCases, [ColorOrder.bgr, .rgb])
  func anyInputFormatIsTheSamePicture(format: PixelFormat, order: ColorOrder) throws {
    let context = try context(order)
    var random = SplitMix64(state: 4)
    // Values that 8 bits hold exactly; alpha is noise that must not matter.
    let pixels = (0..<Self.side * Self.side * format.channels).map { _ in Float(random.next() % 256) }
    let model = (0..<Self.side * Self.side * 3).map { i in
      pixels[i / 3 * format.channels + position(i % 3, format, order)] / 255
    }
    let expected = try context.pictures(.swap, [model], .rgb)
    for (slack, offset) in [(0, 0), (1, 0), (13, 3), (64, 16)] {
      let input = Canvas(
        images: 1, side: Self.side, format: format, slack: slack, offset: offset, values: pixels.map { $0 / 255 })
      let rgb = Canvas(images: 1, side: Self.side, format: context.colorFormat)
      try context.run(.swap, input, rgb: rgb)
      // Floats are taken as they are. An 8-bit value may become a product with 1/255 for the quotient: a rounding of the
      // input, which the network is allowed as much of as of its own.
      let comparison = Comparison(rgb.floats[0], expected.rgb[0])
      #expect(
        comparison.maximum <= (format.isFloat ? 0 : 2e-5), "\(format) slack \(slack) offset \(offset): \(comparison)")
      #expect(input.gapsAreUntouched)
    }
  }

  @Test(arguments: PixelFormat.allCases.filter { $0.channels > 1 }, [ColorOrder.bgr, .rgb])
  func thePictureComesInAnyFormat(format: PixelFormat, order: ColorOrder) throws {
    let context = try context(order)
    let images = testImages(2, side: Self.side, seed: 21)
    let expected = try context.pictures(.swap, images, .rgb).rgb
    for (slack, offset) in [(0, 0), (1, 0), (13, 3), (64, 16)] {
      let rgb = Canvas(images: 2, side: Self.side, format: format, slack: slack, offset: offset)
      try context.run(.swap, context.input(images), rgb: rgb)
      #expect(rgb.gapsAreUntouched, "\(format) slack \(slack) offset \(offset)")
      check(rgb, format) { image, pixel, c in expected[image][pixel * 3 + self.position(c, format, order)] }
    }
  }

  @Test(arguments: PixelFormat.allCases) func aMaskGoesIntoEveryColourChannel(format: PixelFormat) throws {
    let context = try context(.bgr)
    let images = testImages(2, side: Self.side, seed: 22)
    let expected = try context.pictures(.swap, images)
    for (slack, offset) in [(0, 0), (5, 1)] {
      let mask = Canvas(images: 2, side: Self.side, format: format, slack: slack, offset: offset)
      let destination = Canvas(images: 2, side: Self.side, format: format, slack: slack, offset: offset)
      try context.run(.swap, context.input(images), mask: mask, destinationMask: destination)
      #expect(mask.gapsAreUntouched && destination.gapsAreUntouched)
      check(mask, format) { image, pixel, _ in expected.mask[image][pixel] }
      check(destination, format) { image, pixel, _ in expected.destinationMask[image][pixel] }
    }
  }

  /// Every colour channel holds `value(image, pixel, channel)`, in 8 bits rounded to the nearest, and alpha is opaque.
  private func check(_ canvas: Canvas, _ format: PixelFormat, _ value: (Int, Int, Int) -> Float) {
    let channels = format.channels
    for (image, values) in canvas.floats.enumerated() {
      var wrong = 0
      for i in values.indices {
        let (pixel, c) = (i / channels, i % channels)
        if c == 3 {
          if values[i] != (format.isFloat ? 1 : 255) { wrong += 1 }
          continue
        }
        let exact = value(image, pixel, c)
        if format.isFloat {
          if values[i].bitPattern != exact.bitPattern { wrong += 1 }
        } else if abs(values[i] - exact * 255) > 0.5001 {
          wrong += 1
        }
      }
      #expect(wrong == 0, "\(format), image \(image): \(wrong) of \(values.count) values")
    }
  }
}
