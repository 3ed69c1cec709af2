// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeTestSupport
import Testing

@Suite struct GoldenMergeFiles {
  @Test func canBeRead() throws {
    let arrays = try NPZ.read("\(GoldenNetwork.root)/merge/landmarks_processor.npz")
    #expect(arrays["hull_mask"]?.shape == [6, 240, 320])
    #expect(arrays["transform_mat"]?.doubles.count == 6 * 7 * 4 * 6)
    #expect(try #require(arrays["face_type_names"]).text.contains("half_face"))
  }
}
