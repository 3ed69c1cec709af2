// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeABI
import LiaeConvert
import LiaeGraph
import LiaeSystem

/// Small networks as files, made once: all families, both flavours, and the two forms that need no other reader's seeds.
let checkpoints: [[UInt8]] = {
  let networks: [(Architecture, ModelWriter.Format)] = [
    (Architecture(options: "udt", resolution: 32, eDims: 1, aeDims: 2, dDims: 2, dMaskDims: 1), .safetensors(.float32)),
    (Architecture(options: "c", resolution: 32, eDims: 2, aeDims: 3, dDims: 1, dMaskDims: 2), .safetensors(.float16)),
    (Architecture(family: .df, options: "d", resolution: 32, eDims: 2, aeDims: 2, dDims: 2, dMaskDims: 1), .torch),
    (Architecture(flavour: .torch, options: "u", resolution: 32, eDims: 2, aeDims: 2, dDims: 2, dMaskDims: 1), .torch),
    (Architecture(options: "ud", resolution: 32, eDims: 1, aeDims: 2, dDims: 1, dMaskDims: 1), .dfm(.float32)),
    (
      Architecture(family: .amp, resolution: 32, eDims: 1, aeDims: 2, dDims: 1, dMaskDims: 1, interDims: 3),
      .dfm(.float16)
    ),
  ]
  return networks.map { (architecture, format) in
    do {
      let path = "/tmp/liae-abi-fuzz-\(getpid())"
      defer { unlink(path) }
      let random = try Model.random(architecture)
      var info = random.info
      // Only safetensors keeps it; the others have to be told.
      info.faceType = "full_face"
      let model = try Model(architecture: random.architecture, info: info, tensors: random.tensors)
      try ModelWriter.write(model, to: path, as: format, replacing: true)
      let file = try Bytes.read(path: path)
      return withExtendedLifetime(file) { Array(file.raw) }
    } catch {
      preconditionFailure("\(error)")
    }
  }
}()

/// The bytes of the input, one after another; zeros past the end. Zero chooses what is right.
struct Program {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func next() -> UInt8 {
    guard position < bytes.count else { return 0 }
    position += 1
    return bytes[position - 1]
  }

  mutating func next(below limit: Int) -> Int { Int(next()) % limit }
  mutating func next16() -> Int { Int(next()) | Int(next()) << 8 }
  /// Returns true for one byte value in `n`, never for 0.
  mutating func oneIn(_ n: Int) -> Bool { next(below: n) == n - 1 }

  mutating func rest() -> [UInt8] {
    defer { position = bytes.count }
    return Array(bytes[position...])
  }

  /// One of `right`, or a number that nobody expects.
  mutating func integer(_ right: [Int32]) -> Int32 {
    let byte = Int(next())
    let wrong: [Int32] = [0, -1, 65, 64, .max, .min, 1000, Int32(byte)]
    return byte < 224 ? right[byte % right.count] : wrong[byte % wrong.count]
  }

  mutating func enumeration(_ range: ClosedRange<Int32>) -> Int32 {
    let byte = Int32(next())
    return byte < 240 ? range.lowerBound + byte % (range.upperBound - range.lowerBound + 1) : byte - 245
  }

  mutating func float() -> Float {
    let byte = Int(next())
    let odd: [Float] = [.nan, .infinity, -.infinity, -1, 1e38, -1e38, .leastNonzeroMagnitude, -0.0, 2, .signalingNaN]
    return byte < 224 ? Float(byte) / 223 : odd[byte % odd.count]
  }

  mutating func structSize<T>(of type: T.Type) -> Int {
    let byte = Int(next()), size = MemoryLayout<T>.size
    let odd = [0, 7, 8, size - 8, size - 1, size + 1, size + 8, 4096, 4097, .max, -1, .min]
    return byte < 224 ? size : odd[byte % odd.count]
  }
}

/// Blocks of exactly the sizes that were asked for, freed together.
struct Arena {
  private var blocks: [UnsafeMutableRawPointer] = []

  mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    guard let block = malloc(size) else { preconditionFailure("no \(size) bytes") }
    memset(block, 0xa5, size)
    blocks.append(block)
    return block
  }

  mutating func string(_ bytes: [UInt8]) -> UnsafePointer<CChar> {
    let block = allocate(bytes.count + 1)
    block.copyMemory(from: bytes, byteCount: bytes.count)
    block.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
    return UnsafePointer(block.assumingMemoryBound(to: CChar.self))
  }

  /// A struct that says it has `size` bytes, and has them where the library may believe it.
  mutating func place<T: BitwiseCopyable>(_ value: T, claiming size: Int) -> UnsafeMutableRawPointer {
    let room = size <= 4096 ? max(size, 8) : 8
    let block = allocate(room)
    withUnsafeBytes(of: value) { bytes in
      for index in 0..<min(room, bytes.count) {
        block.storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self)
      }
    }
    block.storeBytes(of: size, as: Int.self)
    return block
  }

  mutating func release() {
    for block in blocks { free(block) }
    blocks = []
  }
}

/// A struct of the interface with every member zero.
func zeroed<T: BitwiseCopyable>(_ type: T.Type) -> T {
  withUnsafeTemporaryAllocation(byteCount: MemoryLayout<T>.size, alignment: MemoryLayout<T>.alignment) { bytes in
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    return bytes.load(as: type)
  }
}
