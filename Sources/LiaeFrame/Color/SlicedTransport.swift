// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// Sliced optimal transport between the colours of two images of equal size, then smoothing of the change. Source: J. Rabin et al., Wasserstein Barycenter and its Application to Texture Mixing (2011).
struct SlicedTransport {
  let steps: Int
  /// A step projects on so many random directions, sorts both projections, and moves the colours along each by what the
  /// equal rank of the reference is away; it goes the mean of these ways.
  let directions: Int
  /// True if the change is smoothed by a bilateral filter.
  var isSmoothed = true

  /// Changes `face` in place. Not clipped.
  ///
  /// Directions are sorted side by side and added up in their order, so that the result is the same for any number of
  /// threads. Equal projections keep the order of their pixels.
  ///
  /// - Throws: `outOfMemory`; `invalidArgument` for too few recorded draws.
  func apply(
    to face: ColorCanvas, like reference: ColorCanvas, _ draws: inout ColorDraws, _ workers: Workers
  ) throws(LiaeError) {
    let count = face.count
    let original = try face.copy()
    let change = try ColorCanvas(width: face.width, height: face.height)
    let slots = max(1, min(directions, workers.count))
    let scratch = try Scratch(slots: slots, count: count)
    let (pixels, targets, sum) = (face.pixels, reference.pixels, change.pixels)

    for _ in 0..<steps {
      sum.update(repeating: .zero, count: count)
      var done = 0
      while done < directions {
        let wave = min(slots, directions - done)
        for slot in 0..<wave {
          let direction = try draws.direction()
          scratch.directions[slot] = Color(SIMD4(direction, 0))
        }
        workers.bands(wave, minimum: 1) { range in
          for slot in range { scratch.displace(slot, pixels, targets) }
        }
        workers.bands(count, minimum: 4096) { range in
          for slot in 0..<wave {
            let (direction, displacement) = (scratch.directions[slot], scratch.displacement(slot))
            for index in range { sum[index] += direction * displacement[index] }
          }
        }
        done += wave
      }
      let share = 1 / Float(directions)
      for index in 0..<count { pixels[index] += sum[index] * share }
    }
    withExtendedLifetime((scratch, original, change)) {}
    guard isSmoothed else { return }

    for index in 0..<count { sum[index] = pixels[index] - original.pixels[index] }
    let smooth = try BilateralFilter(sigmaColor: 5, sigmaSpace: 16).filtered(change, workers: workers)
    for index in 0..<count { pixels[index] = original.pixels[index] + smooth.pixels[index] }
    withExtendedLifetime((original, change, smooth)) {}
  }

  /// Scratch memory for each direction of a wave: 24 bytes a pixel.
  private final class Scratch: @unchecked Sendable {
    let directions: UnsafeMutablePointer<Color>
    private let count: Int
    private let slotBytes: Int
    private let memory: Bytes

    /// - Throws: `outOfMemory`.
    init(slots: Int, count: Int) throws(LiaeError) {
      // A canvas has at most 2^28 pixels.
      slotBytes = (24 * count + RadixSort.counterBytes + 63) & ~63
      self.count = count
      let header = slots * MemoryLayout<Color>.stride
      memory = try Bytes.allocate(header + slots * slotBytes, for: "the sorting of a colour transfer")
      directions = memory.base.bindMemory(to: Color.self, capacity: slots)
      base = memory.base + header
    }
    private let base: UnsafeMutableRawPointer

    func displacement(_ slot: Int) -> UnsafeMutablePointer<Float> {
      (base + slot * slotBytes).assumingMemoryBound(to: Float.self)
    }

    /// Computes how far each pixel of `face` goes along the slot's direction.
    func displace(_ slot: Int, _ face: UnsafePointer<Color>, _ reference: UnsafePointer<Color>) {
      let start = base + slot * slotBytes
      let direction = directions[slot]
      let pairs = start.bindMemory(to: UInt64.self, capacity: count)
      let sortedPairs = (start + 8 * count).bindMemory(to: UInt64.self, capacity: count)
      let keys = (start + 16 * count).bindMemory(to: UInt32.self, capacity: count)
      let sortedKeys = (start + 20 * count).bindMemory(to: UInt32.self, capacity: count)
      let counters = start + 24 * count
      for index in 0..<count {
        pairs[index] = RadixSort.pair(Self.projection(face[index], direction), index)
        keys[index] = RadixSort.key(Self.projection(reference[index], direction))
      }
      RadixSort.sort(pairs: pairs, count: count, into: sortedPairs, counters: counters)
      RadixSort.sort(keys: keys, count: count, into: sortedKeys, counters: counters)
      // The unsorted pairs are no longer needed.
      let displacement = start.bindMemory(to: Float.self, capacity: count)
      for rank in 0..<count {
        let pair = sortedPairs[rank]
        displacement[Int(truncatingIfNeeded: pair & 0xffff_ffff)] =
          RadixSort.value(sortedKeys[rank]) - RadixSort.value(UInt32(truncatingIfNeeded: pair >> 32))
      }
    }

    @inline(__always) private static func projection(_ color: Color, _ direction: Color) -> Float {
      color.x * direction.x + color.y * direction.y + color.z * direction.z
    }
  }
}
