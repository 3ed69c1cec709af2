// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Synchronization

/// 8-bit colours to 8-bit L*a*b* and back, bit for bit as OpenCV 4: L·255/100, a + 128, b + 128, in the lanes 0, 1, 2.
final class Lab8: Sendable {
  private static let made = Mutex<Lab8?>(nil)

  /// Returns the tables, which the first call that finds memory makes.
  static func shared() throws(LiaeError) -> Lab8 {
    try made.withLock { (tables) throws(LiaeError) -> Lab8 in
      if let tables { return tables }
      let fresh = try Lab8()
      tables = fresh
      return fresh
    }
  }

  private static let lights = 256 * 3 / 2 * 8
  private static let gammas = 4096
  /// Light and its f as 1.
  private static let one: Int32 = 1 << 14

  private let memory: Bytes
  /// The light of each channel value, times 255·8.
  private nonisolated(unsafe) let linear: UnsafeMutablePointer<Int32>
  /// The value 2^15·f, with CIE's f, for each 255·8·X.
  private nonisolated(unsafe) let lightness: UnsafeMutablePointer<Int32>
  /// The Y of each L, and f of it.
  private nonisolated(unsafe) let light: UnsafeMutablePointer<SIMD2<Int32>>
  /// The channel value of each 4096·light.
  private nonisolated(unsafe) let gamma: UnsafeMutablePointer<UInt8>
  /// The matrices in units of 1/4096.
  private let toXYZ, fromXYZ: (SIMD4<Int32>, SIMD4<Int32>, SIMD4<Int32>)

  private init() throws(LiaeError) {
    func fixed(_ row: SIMD3<Double>) -> SIMD4<Int32> {
      SIMD4<Int32>(SIMD4<Double>(row * 4096, 0).rounded(.toNearestOrEven))
    }
    let (forth, back) = (StandardRGB.toXYZ, StandardRGB.fromXYZ)
    toXYZ = (fixed(forth.0), fixed(forth.1), fixed(forth.2))
    fromXYZ = (fixed(back.0), fixed(back.1), fixed(back.2))
    memory = try Bytes.allocate(8 * 256 + 4 * (256 + Self.lights) + Self.gammas, for: "the tables of 8-bit Lab")
    light = memory.base.bindMemory(to: SIMD2<Int32>.self, capacity: 256)
    linear = (memory.base + 8 * 256).bindMemory(to: Int32.self, capacity: 256)
    lightness = (memory.base + 12 * 256).bindMemory(to: Int32.self, capacity: Self.lights)
    gamma = (memory.base + 12 * 256 + 4 * Self.lights).bindMemory(to: UInt8.self, capacity: Self.gammas)

    func rounded(_ value: Double) -> Int32 { Int32(value.rounded(.toNearestOrEven)) }
    for index in 0..<256 {
      linear[index] = rounded(255 * 8 * StandardRGB.light(Double(index) / 255))
      let l = Double(index) * 100 / 255
      let f = l <= 8 ? l * 27 / 24389 * 841 / 108 + 16.0 / 116 : (l + 16) / 116
      light[index] = SIMD2(rounded(16384 * (l <= 8 ? l * 27 / 24389 : f * f * f)), rounded(16384 * f))
    }
    for index in 0..<Self.lights {
      lightness[index] = rounded(Double(32768 * LabTables.lightness(Float(index) / (255 * 8))))
    }
    for index in 0..<Self.gammas { gamma[index] = UInt8(rounded(255 * StandardRGB.gamma(Double(index) / 4096))) }
  }

  func lab(_ color: SIMD4<UInt8>) -> SIMD4<UInt8> {
    let c = SIMD4(linear[Int(color.z)], linear[Int(color.y)], linear[Int(color.x)], 0)
    func f(_ weights: SIMD4<Int32>) -> Int32 {
      let light = ((c &* weights).wrappedSum() &+ 2048) &>> 12
      return lightness[min(max(Int(light), 0), Self.lights - 1)]
    }
    let (fx, fy, fz) = (f(toXYZ.0), f(toXYZ.1), f(toXYZ.2))
    let half: Int32 = 1 << 14
    let l = (296 &* fy &- 1_336_935 &+ half) &>> 15
    let a = (500 &* (fx &- fy) &+ 128 << 15 &+ half) &>> 15
    let b = (200 &* (fy &- fz) &+ 128 << 15 &+ half) &>> 15
    return SIMD4<UInt8>(clamping: SIMD4(l, a, b, 0))
  }

  func color(_ lab: SIMD4<UInt8>) -> SIMD4<UInt8> {
    let (y, fy) = (light[Int(lab.x)].x, light[Int(lab.x)].y)
    // a/500 and b/200 by multiplication, each with the offset of 128.
    let a = (5 &* Int32(lab.y) &* 53687 &+ 1 << 7) &>> 13 &- 128 * Self.one / 500
    let b = (Int32(lab.z) &* 41943 &+ 1 << 4) &>> 9 &- 128 * Self.one / 200 &+ 1
    let xyz = SIMD4(Self.light(fy &+ a), y, Self.light(fy &- b), 0)
    func channel(_ weights: SIMD4<Int32>) -> UInt8 {
      gamma[min(max(Int(((xyz &* weights).wrappedSum() &+ 1 << 13) &>> 14), 0), Self.gammas - 1)]
    }
    return SIMD4(channel(fromXYZ.2), channel(fromXYZ.1), channel(fromXYZ.0), 0)
  }

  /// The inverse of f, with the divisions and their truncation as OpenCV's table has them.
  private static func light(_ f: Int32) -> Int32 {
    f <= 6 * one / 29 ? f * 108 / 841 - one * 16 / 116 * 108 / 841 : f * f / one * f / one
  }
}

extension StandardRGB {
  /// The light of a value, both 0...1.
  static func light(_ value: Double) -> Double {
    value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4)
  }
}
