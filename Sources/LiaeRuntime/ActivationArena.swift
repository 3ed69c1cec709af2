// SPDX-License-Identifier: Apache-2.0
import LiaeKernels
import LiaeSystem

/// One piece of memory for everything that a schedule keeps from one step to another.
///
/// A schedule is laid out twice. The draft takes buffers that have no memory, and the arena notes from which step to
/// which each is needed. `layout` finds places for them, and the schedule takes the same buffers again, in memory.
final class ActivationArena {
  /// What a draft has found out.
  struct Layout {
    fileprivate let lifetimes: [Lifetime]
    fileprivate let placement: LifetimePlanner.Placement
    /// Bytes of the memory that it wants.
    let bytes: Int
  }

  private let width: Int
  private let layout: Layout?
  private let memory: UnsafeMutablePointer<Float>
  private let isShared: Bool
  private var lifetimes: [Lifetime] = []

  /// A draft.
  init(width: Int) {
    (self.width, layout, isShared) = (width, nil, false)
    // Addresses are computed from it and not used.
    memory = UnsafeMutablePointer(bitPattern: Bytes.alignment) ?? .allocate(capacity: 0)
  }

  /// - Parameters:
  ///   - memory: `layout.bytes` or more, zero at first, that outlive the schedule.
  ///   - isShared: whether another schedule uses it too, between runs of this one.
  init(width: Int, layout: Layout, memory: Bytes, isShared: Bool) {
    (self.width, self.layout, self.isShared) = (width, layout, isShared)
    self.memory = memory.base.assumingMemoryBound(to: Float.self)
  }

  /// What a draft's buffers need.
  ///
  /// - Throws: `outOfMemory`.
  func makeLayout() throws(LiaeError) -> Layout {
    let placement = LifetimePlanner.place(lifetimes)
    guard let bytes = CheckedSize.product(placement.size, 4) else {
      throw LiaeError(.outOfMemory, "out of memory: the activations do not fit in the address space")
    }
    return Layout(lifetimes: lifetimes, placement: placement, bytes: bytes)
  }

  /// Memory that is needed from step `step` on, until it is given back.
  ///
  /// - Parameter readsBorder: whether something reads it that looks past the edge.
  /// - Throws: `outOfMemory`.
  func take(channels: Int, side: Int, images: Int, readsBorder: Bool, step: Int) throws(LiaeError) -> ActivationBuffer {
    let row = (side + 2 * ActivationBuffer.border) * width
    let plane = row * (side + 2 * ActivationBuffer.border)
    guard let image = CheckedSize.product(ActivationBuffer.blocks(channels, width), plane),
      let all = CheckedSize.product(images, image)
    else {
      throw LiaeError(
        .outOfMemory,
        "out of memory: activations of \(channels) channels, \(side) pixels square, \(images) images do not fit in the address space"
      )
    }
    let start = add(Lifetime(size: all, first: step, last: step, plane: plane))
    let index = lifetimes.count - 1
    var sharesBorder = false
    if readsBorder, let layout {
      sharesBorder = isShared || LifetimePlanner.sharesBorder(index, layout.lifetimes, layout.placement)
    }
    let origin = start + ActivationBuffer.border * (row + width)
    return ActivationBuffer(
      channels: channels, side: side, images: images, width: width,
      view: ActivationView(origin: origin, row: row, plane: plane, image: image), index: index,
      sharesBorder: sharesBorder)
  }

  /// The buffer is not needed after `step`.
  func giveBack(_ buffer: ActivationBuffer, step: Int) { lifetimes[buffer.index].last = step }

  /// Memory that step `step` alone uses; it holds anything.
  func scratch(_ floats: Int, step: Int) -> UnsafeMutablePointer<Float> {
    add(Lifetime(size: floats, first: step, last: step))
  }

  private func add(_ lifetime: Lifetime) -> UnsafeMutablePointer<Float> {
    lifetimes.append(lifetime)
    return memory + (layout?.placement.offsets[lifetimes.count - 1] ?? 0)
  }
}
