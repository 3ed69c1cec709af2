// SPDX-License-Identifier: Apache-2.0
import LiaeFormats
import LiaeImageIO
import LiaeSystem
import LiaeTestSupport
import Testing

/// Masks in faces: DeepFaceLab decoded the same bytes with OpenCV.
@Suite(.golden("faces")) struct XSegMaskGoldenTests {
  /// The names of `xseg_NAME.png`.
  static let names = GoldenSet.chosen.files("faces", prefix: "xseg_", suffix: ".png").map {
    String($0.dropFirst(5).dropLast(4))
  }

  @Test(.having(names.count, "masks"), arguments: names) func decoding(_ name: String) throws {
    let file = try Bytes.read(path: GoldenSet.chosen.path("faces/aligned/\(name).jpg"))
    let face = try #require(try FaceImage.readMetadata(file, name: name))
    let mask = try Picture.decode(try #require(face.xsegMask), name: "mask").converted(to: .grayFloat)
    let path = GoldenSet.chosen.path("faces/xseg_\(name).png")
    let expected = try Picture.read(path: path).converted(to: .grayFloat)
    #expect((mask.width, mask.height) == (expected.width, expected.height))
    #expect(mask.values == expected.values)
  }
}
