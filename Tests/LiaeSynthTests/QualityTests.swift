// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeFrame
import LiaeSystem
import Testing

import LiaeSynth

/// Numbers of make_quality_values.py: scipy's filters, put together as scikit-image's structural_similarity is.
@Suite struct Quality {
  static let (width, height) = (23, 19)

  static func field(_ k: Double, scale: Double = 1, offset: Double = 0) throws -> ColorCanvas {
    let canvas = try ColorCanvas(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        var color = Color.zero
        for n in 0..<3 {
          let (x, y, n) = (Double(x), Double(y), Double(n))
          let value = 0.5 + 0.4 * sin(0.3 * x * k + 0.17 * y + n) * cos(0.11 * x - 0.23 * y * k + 2 * n)
          color[Int(n)] = Float(min(max(value * scale + offset, 0), 1))
        }
        canvas[x, y] = color
      }
    }
    return canvas
  }

  static func disc(_ square: Int) throws -> MaskCanvas {
    let mask = try MaskCanvas(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width { mask[x, y] = (x - 11) * (x - 11) + (y - 9) * (y - 9) <= square ? 1 : 0 }
    }
    return mask
  }

  @Test func agreesWithScipy() throws {
    let (a, b) = (try Self.field(1), try Self.field(1.15, scale: 0.9, offset: 0.03))
    let inside = try ImageQuality(a, truth: b, within: Self.disc(49))
    #expect(abs(inside.psnr - 18.843822245247598) < 1e-4)
    #expect(abs(inside.ssim - 0.7727565526865507) < 1e-5)
    let whole = try ImageQuality(a, truth: b, within: Self.disc(10000))
    #expect(abs(whole.ssim - 0.7285640127007108) < 1e-5)
  }

  @Test func equalPicturesArePerfect() throws {
    let a = try Self.field(1)
    let quality = try ImageQuality(a, truth: a, within: Self.disc(49))
    #expect(quality.psnr == .infinity)
    #expect(abs(quality.ssim - 1) < 1e-12)
  }

  /// A picture that differs from the truth by a gain and an offset alone is the truth when its colours are matched.
  @Test func matchedColorsUndoAGainAndAnOffset() throws {
    let (truth, mask) = (try Self.field(1), try Self.disc(49))
    let picture = try Self.field(1, scale: 0.8, offset: 0.07)
    #expect(try ImageQuality(picture, truth: truth, within: mask).psnr < 35)
    let matched = try ImageQuality.colorsMatched(picture, to: truth, within: mask)
    #expect(try ImageQuality(matched, truth: truth, within: mask).psnr > 110)
    let nothing = try MaskCanvas(width: Self.width, height: Self.height)
    let same = try ImageQuality.colorsMatched(picture, to: truth, within: nothing)
    #expect(try ImageQuality(same, truth: picture, within: mask).psnr == .infinity)
  }

  /// What lies outside the mask by more than a window does not count.
  @Test func ignoresWhatIsOutside() throws {
    let (a, b) = (try Self.field(1), try Self.field(1.15))
    let mask = try Self.disc(4)
    let before = try ImageQuality(a, truth: b, within: mask)
    b[0, 0] = Color(repeating: 1)
    b[22, 18] = Color(repeating: 0)
    #expect(try ImageQuality(a, truth: b, within: mask) == before)
    b[11, 9] = Color(repeating: 1)
    #expect(try ImageQuality(a, truth: b, within: mask) != before)
  }

  @Test func refusesWhatCannotBeCompared() throws {
    let a = try Self.field(1)
    #expect(throws: LiaeError.self) { try ImageQuality(a, truth: a, within: MaskCanvas(width: 23, height: 19)) }
    let other = try ColorCanvas(width: 19, height: 23)
    #expect(throws: LiaeError.self) { try ImageQuality(other, truth: a, within: Self.disc(49)) }
  }
}
