// SPDX-License-Identifier: Apache-2.0
import LiaePack
import LiaeRuntime
import LiaeSystem

/// The input is a header of packed weights. Its checksum is put right, so that what reads the fields is reached, and its
/// parts are zeros, as many as it asks for up to 16 MB.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPack(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    let length = bytes.count < 24 ? 0 : Int(UInt32(littleEndian: bytes.base.load(fromByteOffset: 20, as: UInt32.self)))
    if bytes.count >= 24, length <= bytes.count - 24 {
      let sum = XXH64.hash(UnsafeRawBufferPointer(rebasing: bytes.raw[16..<24 + length]))
      bytes.base.storeBytes(of: sum.littleEndian, toByteOffset: 8, as: UInt64.self)
    }
    let (header, dataStart) = try PackHeader.read(bytes, name: "input")
    guard let last = header.parts.last, let end = CheckedSize.sum(last.offset, last.size), end <= 1 << 24 else {
      // The file itself has no parts.
      return _ = try PackFile(bytes, name: "input")
    }
    let whole = try Bytes.allocate(dataStart + end)
    whole.base.copyMemory(from: bytes.base, byteCount: min(bytes.count, whole.count))
    let file = try PackFile(whole, name: "input")
    for part in try file.plan(PackRequest(PlanOptions())).parts { touch(part.bytes) }
    try file.verify()
  }
}
