// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Synchronization

/// The tables of the float conversions: 33³ colours of the Lab cube, 575 kB, and the inverse gamma's spline, 16 kB.
final class LabTables: Sendable {
  private static let made = Mutex<LabTables?>(nil)

  /// Returns the tables, which the first call that finds memory makes.
  static func shared() throws(LiaeError) -> LabTables {
    try made.withLock { (tables) throws(LiaeError) -> LabTables in
      if let tables { return tables }
      let fresh = try LabTables()
      tables = fresh
      return fresh
    }
  }

  /// L, a, b in units of 1/16384 of their ranges. Two values share a word, so that one product weights both.
  private struct Entry: BitwiseCopyable {
    var ab: UInt64 = 0
    var l: UInt64 = 0
  }

  private static let side = 33
  private static let splinePieces = 1024
  private let memory: Bytes
  /// Red slowest, blue fastest.
  private nonisolated(unsafe) let cube: UnsafeMutablePointer<Entry>
  /// The coefficients of u⁰...u³ over a piece.
  private nonisolated(unsafe) let spline: UnsafeMutablePointer<SIMD4<Float>>

  /// The blue, green, red of one unit of X, Y, Z.
  private let fromX, fromY, fromZ: Color

  private init() throws(LiaeError) {
    let (red, green, blue) = StandardRGB.fromXYZ
    func column(_ axis: Int) -> Color { Color(Float(blue[axis]), Float(green[axis]), Float(red[axis]), 0) }
    (fromX, fromY, fromZ) = (column(0), column(1), column(2))
    let (entries, pieces) = (Self.side * Self.side * Self.side, Self.splinePieces)
    memory = try Bytes.allocate(
      pieces * MemoryLayout<SIMD4<Float>>.stride + entries * MemoryLayout<Entry>.stride, for: "the tables of Lab")
    spline = memory.base.bindMemory(to: SIMD4<Float>.self, capacity: pieces)
    cube = (memory.base + pieces * MemoryLayout<SIMD4<Float>>.stride).bindMemory(to: Entry.self, capacity: entries)
    fillCube()
    fillSpline()
  }

  // MARK: To Lab

  @inline(__always) func lab(_ color: Color) -> Color {
    var c = color.replacing(with: 0, where: .!(color .>= 0))
    c.replace(with: 1, where: c .> 1)
    // Adding 1.5·2^23 leaves the value, rounded to the nearest even, in the low bits.
    let fixed = unsafeBitCast(c * 16384 + 12_582_912, to: SIMD4<UInt32>.self) &- 0x4b40_0000
    // 1 itself is the far end of the last cell.
    let cell = (fixed &>> 9).replacing(with: 31, where: fixed .> 16383)
    let weight = (fixed &- (cell &<< 9)) &>> 5
    let corner = cube + ((Int(cell.z) &* Self.side &+ Int(cell.y)) &* Self.side &+ Int(cell.x))
    let (r, g, b) = (UInt64(weight.z), UInt64(weight.y), UInt64(weight.x))
    let (nearRed, nearGreen, nearBlue) = (16 &- r, 16 &- g, 16 &- b)
    let (nn, nf, fn, ff) = (nearRed &* nearGreen, nearRed &* g, r &* nearGreen, r &* g)
    var ab: UInt64 = 2048 << 32 | 2048
    var l: UInt64 = 2048
    func add(_ offset: Int, _ rows: UInt64) {
      let (near, far) = (corner[offset], corner[offset &+ 1])
      ab &+= near.ab &* (rows &* nearBlue) &+ far.ab &* (rows &* b)
      l &+= near.l &* (rows &* nearBlue) &+ far.l &* (rows &* b)
    }
    add(0, nn)
    add(Self.side, nf)
    add(Self.side * Self.side, fn)
    add(Self.side * Self.side + Self.side, ff)
    let sums = SIMD4<Int32>(
      Int32(truncatingIfNeeded: l &>> 12), Int32(truncatingIfNeeded: (ab & 0xffff_ffff) &>> 12),
      Int32(truncatingIfNeeded: ab &>> 44), 0)
    return Color(sums) * Color(100 / 16384, 1 / 64, 1 / 64, 0) - Color(0, 128, 128, 0)
  }

  /// Fills the cube in Float and with `cubeRoot`, operation by operation as OpenCV does it: some entries stand so near
  /// to a half that another order of the sums rounds them the other way.
  private func fillCube() {
    let gamma = (0..<Self.side).map { step in
      let x = Double(step) / 32
      return Float(x <= 0.04045 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4))
    }
    let rows = StandardRGB.toXYZ
    let (x, y, z) = (SIMD3<Float>(rows.0), SIMD3<Float>(rows.1), SIMD3<Float>(rows.2))
    for red in 0..<Self.side {
      for green in 0..<Self.side {
        for blue in 0..<Self.side {
          func dot(_ row: SIMD3<Float>) -> Float {
            gamma[red] * row.x + (gamma[green] * row.y + gamma[blue] * row.z)
          }
          let (fx, fy, fz) = (Self.lightness(dot(x)), Self.lightness(dot(y)), Self.lightness(dot(z)))
          let l = dot(y) > Self.threshold ? 116 * fy - 16 : Float(24389.0 / 27) * dot(y)
          let (a, b) = (500 * (fx - fy), 200 * (fy - fz))
          func fixed(_ value: Float) -> UInt64 { UInt64(Swift.max(value, 0).rounded(.toNearestOrEven)) }
          cube[(red * Self.side + green) * Self.side + blue] = Entry(
            ab: fixed(16384 * (a + 128) / 256) | fixed(16384 * (b + 128) / 256) << 32, l: fixed(16384 * l / 100))
        }
      }
    }
  }

  private static let threshold = Float(216.0 / 24389)

  /// CIE's f of X, Y, Z over the white point's.
  static func lightness(_ t: Float) -> Float {
    t > threshold ? cubeRoot(t) : t * Float(841.0 / 108) + Float(16.0 / 116)
  }

  /// The cube root of a normal positive number, cut to Float's 24 bits, as OpenCV computes it. The quartic rational
  /// polynomial is of K. Turkowski, Computing the Cube Root, Apple Technical Report KT-32 (1998).
  private static func cubeRoot(_ x: Float) -> Float {
    let exponent = Int(x.exponent)
    // x = m·8^e, m within 1/8..<1.
    let remainder = exponent % 3
    let shift = remainder >= 0 ? remainder - 3 : remainder
    let m = Double(sign: .plus, exponent: shift, significand: Double(x.significand))
    let numerator =
      (((45.2548339756803022511987494 * m + 192.2798368355061050458134625) * m + 119.1654824285581628956914143) * m
        + 13.43250139086239872172837314) * m + 0.1636161226585754240958355063
    let denominator =
      (((14.80884093219134573786480845 * m + 151.9714051044435648658557668) * m + 168.5254414101568283957668343) * m
        + 33.9905941350215598754191872) * m + 1
    let cut = Double(bitPattern: (numerator / denominator).bitPattern & ~0x1fff_ffff)
    return Float(Double(sign: .plus, exponent: (exponent - shift) / 3, significand: cut))
  }

  // MARK: From Lab

  @inline(__always) func color(_ lab: Color) -> Color {
    let fy = lab.x <= 8 ? lab.x * (7.787 / 903.3) + 16 / 116 : (lab.x + 16) * (1 / 116)
    let f = Color(fy - lab.z * (1 / 200), fy, fy + lab.y * (1 / 500), 0)
    let linear = (f - 16 / 116) * (1 / 7.787)
    let zyx = (f * f * f).replacing(with: linear, where: f .<= 6 / 29)
    // Lanes are blue, green, red; their weights of Z, Y and X.
    let light = fromZ * zyx.x + fromY * zyx.y + fromX * zyx.z
    return Color(gamma(light.x), gamma(light.y), gamma(light.z), 0)
  }

  /// sRGB's gamma of a light, which is clipped to 0...1.
  @inline(__always) private func gamma(_ light: Float) -> Float {
    let t = light > 0 ? Swift.min(light, 1) * Float(Self.splinePieces) : 0
    let piece = Swift.min(Int(t), Self.splinePieces - 1)
    let (u, c) = (t - Float(piece), spline[piece])
    return c.x + u * (c.y + u * (c.z + u * c.w))
  }

  /// A natural cubic spline through sRGB's gamma at multiples of 1/1024.
  private func fillSpline() {
    let n = Self.splinePieces
    let knots = (0...n).map { StandardRGB.gamma(Double($0) / Double(n)) }
    // Second derivatives: M(i-1) + 4·M(i) + M(i+1) = 6·(second difference), 0 at the ends; by Thomas' elimination.
    var (factors, bends) = ([Double](repeating: 0, count: n + 1), [Double](repeating: 0, count: n + 1))
    for i in 1..<n {
      let pivot = 1 / (4 - factors[i - 1])
      factors[i] = pivot
      bends[i] = (6 * (knots[i - 1] - 2 * knots[i] + knots[i + 1]) - bends[i - 1]) * pivot
    }
    for i in stride(from: n - 1, to: 0, by: -1) { bends[i] -= factors[i] * bends[i + 1] }
    for i in 0..<n {
      let slope = knots[i + 1] - knots[i] - (2 * bends[i] + bends[i + 1]) / 6
      spline[i] = SIMD4<Float>(
        Float(knots[i]), Float(slope), Float(bends[i] / 2), Float((bends[i + 1] - bends[i]) / 6))
    }
  }
}

extension StandardRGB {
  /// The value of a light, both 0...1.
  static func gamma(_ light: Double) -> Double {
    light <= 0.0031308 ? light * 12.92 : 1.055 * Math.pow(light, 1 / 2.4) - 0.055
  }
}
