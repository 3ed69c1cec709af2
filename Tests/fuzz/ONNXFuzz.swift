// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzONNX(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    let model = try ONNXModel.parse(bytes, name: "input")
    for name in model.graph.initializers.names { model.graph.initializers[name].map(touch) }
    for node in model.graph.nodes {
      for case .tensor(let tensor) in node.attributes.values { touch(tensor) }
    }
  }
}
