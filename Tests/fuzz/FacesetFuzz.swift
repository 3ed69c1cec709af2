// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFaceset(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    for face in try Faceset.read(bytes, name: "input").faces {
      touch(try face.jpeg.read())
      touch(face.xsegMask)
      precondition(face.landmarks.count == 68 && face.shape.count == 3)
      precondition(!face.filename.utf8.contains(UInt8(ascii: "/")))
      do throws(LiaeError) { _ = try FaceImage.readMetadata(face.jpeg.read(), name: "input") } catch {}
    }
  }
}
