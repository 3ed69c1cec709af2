// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// No struct of ours is larger; a size past it is memory that nobody initialised.
private let largestStruct = 4096

extension GrowingStruct {
  /// Reads as much of the caller's struct as both sides know, and takes defaults for the rest.
  static func read(_ pointer: UnsafeRawPointer, _ what: String) throws(LiaeError) -> Self {
    let size = try checkedSize(pointer, what)
    var result = Self()
    withUnsafeMutableBytes(of: &result) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(size, $0.count)))
    }
    return result
  }

  /// Writes as much as the caller knows; its `structSize` stays.
  func write(to pointer: UnsafeMutableRawPointer, _ what: String) throws(LiaeError) {
    var result = self
    result.structSize = try Self.checkedSize(pointer, what)
    let count = min(result.structSize, MemoryLayout<Self>.size)
    withUnsafeBytes(of: &result) {
      UnsafeMutableRawBufferPointer(start: pointer, count: count).copyMemory(from: .init(rebasing: $0[..<count]))
    }
  }

  /// Fills in defaults; `size` is the caller's sizeof.
  static func initialize(_ pointer: UnsafeMutableRawPointer?, _ size: Int, _ what: String) throws(LiaeError) {
    let pointer = try require(pointer, what)
    try check(size, what)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    pointer.storeBytes(of: size, as: Int.self)
    try Self().write(to: pointer, what)
  }

  private static func checkedSize(_ pointer: UnsafeRawPointer, _ what: String) throws(LiaeError) -> Int {
    let size = pointer.loadUnaligned(as: Int.self)
    try check(size, what)
    return size
  }

  private static func check(_ size: Int, _ what: String) throws(LiaeError) {
    guard size >= smallestSize, size <= largestStruct else {
      throw LiaeError(
        .invalidStructSize,
        "struct_size of \(what) is \(UInt(bitPattern: size)); expected its sizeof, \(MemoryLayout<Self>.stride) here; its _init function sets it"
      )
    }
  }
}
