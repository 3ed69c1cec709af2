// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTorchArchive(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    // No checksums: a change would hardly ever get past them.
    _ = walk(try TorchArchive.parse(bytes, name: "input", verifyingChecksums: false))
  }
}
