// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem
import LiaeTensor

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPickle(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    // The first byte chooses what is allowed, so that the input can reach every interpreted call.
    let allowances: [PickleAllowance] = [.numpy, .torch, .faceset]
    guard bytes.count > 0 else { return }
    let value = try PickleReader.parse(
      bytes, offset: 1, name: "input", allowing: allowances[Int(bytes.raw[0]) % 3]
    ) { (id) throws(LiaeError) in
      let storage = try Bytes.allocate(16)
      return .tensor(try TensorView(dtype: .float32, shape: [4], storage: storage))
    }
    guard walk(value) < 10_000 else { return }
    // What can be written can be read again.
    for version in 2...4 {
      guard let stream = try? PickleWriter.serialize(value, protocol: version) else { continue }
      let copy = try stream.joined()
      do throws(LiaeError) { _ = try PickleReader.parse(copy, name: "copy", allowing: .faceset) } catch {
        fatalError("what was written cannot be read: \(error)")
      }
    }
  }
}
