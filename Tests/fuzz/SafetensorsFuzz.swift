// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSafetensors(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    _ = FormatSniffer.sniff(bytes)
    let file = try SafetensorsFile.parse(bytes, name: "input")
    for name in file.tensors.names { file.tensors[name].map(touch) }
  }
}
