// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeSystem

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFaceImage(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(data, count) { (bytes) throws(LiaeError) in
    guard let face = try FaceImage.readMetadata(bytes, name: "input") else { return }
    touch(face.xsegMask)
    // What can be read can be written, and is the same then.
    let written = try FaceImage.embed(face, in: bytes, name: "input", xmp: "packet")
    guard let again = try FaceImage.readMetadata(written, name: "input") else { fatalError("the metadata is lost") }
    precondition(again.faceType == face.faceType && again.landmarks == face.landmarks)
    precondition(again.sourceFilename == face.sourceFilename && again.sourceRect == face.sourceRect)
    precondition(again.sourceLandmarks == face.sourceLandmarks && again.imageToFaceMatrix == face.imageToFaceMatrix)
    precondition(again.polygons == face.polygons && again.eyebrowExpansion == face.eyebrowExpansion)
    precondition(again.xsegMask?.count == face.xsegMask?.count)
  }
}
