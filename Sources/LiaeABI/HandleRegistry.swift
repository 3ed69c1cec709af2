// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import Synchronization

/// The objects that the caller's handles stand for.
///
/// A handle is a number, never an address: generation (40 bits), slot (20 bits), kind (4 bits, odd). A slot's generation
/// grows when its object is freed, so a freed handle is never valid again, and an address of the caller's, which is
/// even, is never a handle. An object that is looked up is retained: freeing it while it runs is safe.
final class HandleRegistry<Object: AnyObject & Sendable>: Sendable {
  private struct Slot {
    var generation: UInt
    var object: Object?
  }
  private struct Table {
    var slots: [Slot] = []
    var vacant: [Int] = []
  }

  private static var kindBits: UInt { 4 }
  private static var slotBits: UInt { 20 }
  private static var lastGeneration: UInt { 1 << 40 - 1 }

  private let kind: UInt
  private let noun: String
  private let table = Mutex(Table())

  /// - Parameters:
  ///   - kind: odd, below 16, one for each registry.
  ///   - noun: what messages call the objects.
  init(kind: UInt, noun: String) { (self.kind, self.noun) = (kind, noun) }

  /// - Throws: `outOfMemory`, `cancelled` where the call that made the object has run into either.
  func insert(_ object: Object) throws(LiaeError) -> OpaquePointer {
    try CallScope.check()
    let number: UInt? = table.withLock { table in
      let slot: Int
      if let vacant = table.vacant.popLast() {
        slot = vacant
      } else {
        guard table.slots.count < 1 << Self.slotBits else { return nil }
        slot = table.slots.count
        table.slots.append(Slot(generation: 1, object: nil))
      }
      table.slots[slot].object = object
      return (table.slots[slot].generation << Self.slotBits | UInt(slot)) << Self.kindBits | kind
    }
    guard let number, let handle = OpaquePointer(bitPattern: number) else {
      throw LiaeError(.limitExceeded, "no more than \(1 << Self.slotBits) handles of a \(noun) at a time")
    }
    return handle
  }

  func find(_ handle: OpaquePointer?) throws(LiaeError) -> Object {
    guard let handle else { throw LiaeError(.invalidHandle, "the \(noun) is NULL") }
    guard let object = table.withLock({ table in slot(of: handle, in: table).flatMap { table.slots[$0].object } })
    else {
      throw foreign(handle)
    }
    return object
  }

  /// Ends the handle. The object goes when the last call that uses it returns.
  func remove(_ handle: OpaquePointer) throws(LiaeError) {
    let object: Object? = table.withLock { table in
      guard let slot = slot(of: handle, in: table) else { return nil }
      let object = table.slots[slot].object
      table.slots[slot].object = nil
      // A slot whose generations are used up stays empty for ever.
      if table.slots[slot].generation < Self.lastGeneration {
        table.slots[slot].generation += 1
        table.vacant.append(slot)
      }
      return object
    }
    guard object != nil else { throw foreign(handle) }
  }

  private func slot(of handle: OpaquePointer, in table: Table) -> Int? {
    let number = UInt(bitPattern: handle)
    let slot = Int(number >> Self.kindBits & (1 << Self.slotBits - 1))
    guard number & (1 << Self.kindBits - 1) == kind, slot < table.slots.count,
      table.slots[slot].generation == number >> (Self.kindBits + Self.slotBits)
    else { return nil }
    return slot
  }

  private func foreign(_ handle: OpaquePointer) -> LiaeError {
    LiaeError(.invalidHandle, "\(handle) is no \(noun): freed already, or never given out by this library")
  }
}
