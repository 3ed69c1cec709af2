// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeSystem
import LiaeTestSupport
import Testing

/// A result of `merge/color_transfer.npz` by its key, whose parts are numbers.
struct ColorCase: Sendable, CustomTestStringConvertible {
  enum Operation: Sendable {
    case transfer(ColorTransfer, isMasked: Bool)
    case sample(SampleColorTransfer)
    case histogram(threshold: Int)
    case sharpening(Sharpening, amount: Int)
    case motionBlur(size: Int, degrees: Int)
    case lab, color, labInBytes, median, palette
  }
  let key: String
  let operation: Operation
  var testDescription: String { "\(key) \(operation)" }

  static let arrays = Result { try GoldenSet.chosen.arrays("merge/color_transfer") }
  private static let keys = ((try? arrays.get()) ?? [:]).keys.sorted()
  static let all = keys.flatMap { key in operations(key).map { ColorCase(key: key, operation: $0) } }
  /// sot with other numbers of steps or without regularising, which the merger does not offer.
  static let unread = keys.filter { operations($0).isEmpty && !isInput($0) }

  private static func isInput(_ key: String) -> Bool {
    ["target_u8", "source_u8", "mask"].contains(key) || key.hasSuffix("_normals") || key.hasSuffix("_rotations")
  }

  private static func operations(_ key: String) -> [Operation] {
    let numbers = key.split(separator: "_").dropFirst().compactMap { Int($0) }
    switch (key.split(separator: "_")[0], numbers.count) {
    case ("hist", 1): return [.histogram(threshold: numbers[0])]
    case ("blursharpen", 2):
      return Sharpening(rawValue: Int32(numbers[0])).map { [.sharpening($0, amount: numbers[1])] } ?? []
    case ("motionblur", 2): return [.motionBlur(size: numbers[0], degrees: numbers[1])]
    default: break
    }
    switch key {
    case "rct": return [.transfer(.rct, isMasked: false), .sample(.rct)]
    case "lct": return [.transfer(.lct, isMasked: false), .sample(.lct)]
    case "mkl": return [.transfer(.mkl, isMasked: false), .sample(.mkl)]
    case "rct_masked": return [.transfer(.rct, isMasked: true)]
    case "mkl_m": return [.transfer(.mklM, isMasked: true)]
    case "idt": return [.transfer(.idt, isMasked: false), .sample(.idt)]
    case "sot": return [.sample(.sot)]
    case "sot_10_30": return [.transfer(.sotM, isMasked: false)]
    case "mix": return [.transfer(.mixM, isMasked: false)]
    case "target_lab_f32": return [.lab]
    case "lab2bgr_f32": return [.color]
    case "target_lab_u8": return [.labInBytes]
    case "median5": return [.median]
    case "reduce_colors256": return [.palette]
    default: return []
    }
  }

  /// The allowed distances from DeepFaceLab's of 99 of 100 elements, and of all.
  var tolerance: (most: Float, all: Float) {
    switch operation {
    // A colour at the edge of a bin may round into the next one, which moves the shares by one pixel.
    case .transfer(.idt, _), .sample(.idt): (1e-5, 1e-3)
    // Equal projections may be sorted either way.
    case .transfer(.sotM, _), .sample(.sot): (2e-5, 5e-3)
    // Besides, a pixel whose L* falls on another side of a whole number differs by a few levels.
    case .transfer(.mixM, _): (0.02, 0.05)
    case .transfer, .sample, .lab, .motionBlur: (1e-5, 1e-5)
    case .color: (2e-6, 2e-6)
    case .sharpening: (2e-5, 2e-5)
    case .histogram: (1e-6, 1e-6)
    case .labInBytes, .median: (0, 0)
    // Where several colours of the palette are equally near, Pillow may take another one.
    case .palette: (1e-6, 0.1)
    }
  }
}

/// DeepFaceLab's own results: `merge/color_transfer.npz`.
@Suite(.golden("merge/color_transfer.npz")) struct ColorGoldenTests {
  @Test func everyOperationIsThere() throws {
    _ = try ColorCase.arrays.get()
    #expect(!ColorCase.all.isEmpty)
  }

  @Test(.unread(ColorCase.unread)) func theRest() { #expect(ColorCase.unread.isEmpty) }

  @Test(.having(ColorCase.all.count, "colour operations"), arguments: ColorCase.all)
  func isDeepFaceLabs(_ test: ColorCase) throws {
    let golden = try ColorCase.arrays.get()
    let target = try ColorCanvas(golden["target_u8"], scale: 255)
    let source = try ColorCanvas(golden["source_u8"], scale: 255)
    let draws = ColorRandomness.recorded(
      normals: golden["\(test.key)_normals"]?.doubles ?? [], rotations: golden["\(test.key)_rotations"]?.doubles ?? [])
    var result = try target.copy()
    switch test.operation {
    case .transfer(let method, let isMasked):
      let mask = isMasked ? try #require(golden["mask"]).values : []
      // rct compares with 0.5, the others multiply by the pixels that are not 0.
      let area = try MaskCanvas(target.width, target.height) { x, y in
        guard isMasked else { return 1 }
        let value = mask[y * target.width + x]
        return method == .rct ? Double(value) : value > 0 ? 1 : 0
      }
      result = try method.applied(to: target, like: source, area: area, randomness: draws)
    case .sample(let method): try method.apply(to: result, like: source, randomness: draws)
    case .histogram(let threshold): try HistogramMatch.apply(to: result, like: source, threshold: threshold)
    case .sharpening(let mode, let amount): result = try target.sharpened(mode, amount: amount)
    case .motionBlur(let size, let degrees): result = try target.motionBlurred(size: size, degrees: Double(degrees))
    case .lab: try Lab.fromColor(result, workers: .single)
    case .color:
      result = try ColorCanvas(golden["target_lab_f32"])
      try Lab.toColor(result, workers: .single)
    case .labInBytes:
      result = try ColorCanvas(golden["target_u8"])
      for i in 0..<result.count {
        result.pixels[i] = Color(try Lab.bytes(fromColor: SIMD4<UInt8>(result.pixels[i])))
      }
    case .median: result = try target.medianBlurred5()
    case .palette: result = try target.reducedTo256Colors()
    }
    let found = result.values, expected = try #require(golden[test.key]).values
    try #require(found.count == expected.count)
    let differences = zip(found, expected).map { ($0 - $1).isFinite ? abs($0 - $1) : .infinity }.sorted()
    let most = differences[differences.count * 99 / 100], all = differences[differences.count - 1]
    #expect(most <= test.tolerance.most, "99 of 100 elements are within \(most)")
    #expect(all <= test.tolerance.all, "off by \(all)")
  }
}
