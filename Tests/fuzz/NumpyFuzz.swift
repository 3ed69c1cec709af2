// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNumpy(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in touch(try NumpyArray.parse(bytes, name: "input")) }
}
