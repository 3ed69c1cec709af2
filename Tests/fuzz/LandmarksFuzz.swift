// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLandmarks(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    for face in try LandmarksFile.read(bytes, name: "input") {
      // What is written is read as the same.
      let line = Array(LandmarksFile.line(frame: face.frame, points: face.points).utf8)
      let copy = try line.withUnsafeBufferPointer { (line) throws(LiaeError) in
        try Bytes.copy(UnsafeRawBufferPointer(line))
      }
      let again = try LandmarksFile.read(copy, name: "input")
      precondition(again.count == 1 && again[0].frame == face.frame && again[0].points == face.points)
    }
  }
}
