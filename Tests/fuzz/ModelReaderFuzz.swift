// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Reads the bytes of one file to a network: formats, names, shapes, graphs.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzModelReader(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    let model = try ModelReader.open(memory: bytes, name: "input")
    for spec in model.graph.tensors where !spec.isUnused { touch(try model.tensor(spec.name)) }
  }
}
