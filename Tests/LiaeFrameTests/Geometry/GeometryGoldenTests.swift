// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeTestSupport
import Testing

/// Geometry against what DeepFaceLab's LandmarksProcessor returned. Tolerances as Tests/golden/README.md.
@Suite(.golden("merge/landmarks_processor.npz")) struct GeometryGoldenTests {
  /// Keys such as `hull_mask_mod1.5`, each with the number at its end.
  private static func numbered(_ prefix: String) -> [(key: String, value: Double)] {
    guard let keys = try? GeometryGolden.shared.get().arrays.keys.sorted() else { return [] }
    return keys.compactMap { key in
      guard key.hasPrefix(prefix), let value = Double(key.dropFirst(prefix.count)) else { return nil }
      return (key, value)
    }
  }

  @Test func transforms() throws {
    let golden = try GeometryGolden.shared.get()
    let (matrices, sizes) = try (golden.array("transform_mat"), golden.array("transform_size_scale"))
    let names = try golden.array("face_type_names").texts
    try #require(matrices.shape == [golden.faces.count, names.count, sizes.shape[0], 2, 3] && !names.isEmpty)
    var index = 0
    for (n, face) in golden.faces.enumerated() {
      for name in names {
        let type = try #require(FaceType(rawValue: name))
        for k in 0..<sizes.shape[0] {
          let (size, scale) = (Int(sizes.doubles[2 * k]), sizes.doubles[2 * k + 1])
          let matrix = try faceTransform(face, size: size, type: type, scale: scale).elements
          for i in 0..<6 {
            let distance = abs(matrix[i] - matrices.doubles[index + i])
            #expect(
              distance <= (i % 3 == 2 ? 2e-3 : 1e-5), "face \(n), \(name) at \(size), scale \(scale), element \(i)")
          }
          index += 6
        }
      }
    }
  }

  @Test func templateTransforms() throws {
    let golden = try GeometryGolden.shared.get()
    let expected = try golden.array("umeyama_mat").doubles
    for (n, face) in golden.faces.enumerated() {
      let matrix = try templateTransform(face).elements
      for i in 0..<6 { #expect(abs(matrix[i] - expected[6 * n + i]) <= 1e-6, "face \(n), element \(i)") }
    }
  }

  @Test func template() throws {
    let golden = try GeometryGolden.shared.get()
    let solid = try golden.array("landmarks_68_3D").values
    #expect(isBitEqual(FaceTemplate.solid.flatMap { [Float($0.x), Float($0.y), Float($0.z)] }, solid))
    let used = (Array(17...48) + [54]).map { FaceTemplate.flat[$0 - FaceTemplate.flatFirst] }
    #expect(isBitEqual(used.flatMap { [Float($0.x), Float($0.y)] }, try golden.array("landmarks_2D_new").values))
    #expect(FaceTemplate.flat.count == 51)
  }

  @Test func mirrors() throws {
    let golden = try GeometryGolden.shared.get()
    for (n, face) in golden.faces.enumerated() {
      let mirror = try face.mirrored(width: golden.width).points.flatMap { [Float($0.x), Float($0.y)] }
      #expect(isBitEqual(mirror, try golden.array("mirror").item(n)), "face \(n)")
    }
  }

  /// A vertex that stands between two pixels may go to either.
  @Test func hulls() throws {
    let golden = try GeometryGolden.shared.get()
    let cases = [("hull_mask", 1.0)] + Self.numbered("hull_mask_mod")
    for (key, factor) in cases where golden.arrays[key] != nil {
      for (n, face) in golden.faces.enumerated() {
        let mask = try FaceMask.hull(face, width: golden.width, height: golden.height, eyebrowExpansion: factor)
        let expected = try golden.array(key).item(n)
        try #require(mask.values.count == expected.count)
        let wrong = zip(mask.values, expected).count { $0 != $1 }, area = expected.count { $0 == 1 }
        #expect(Double(wrong) <= 0.003 * Double(area), "\(key), face \(n): \(wrong) of \(area) pixels")
        #expect(area > 0)
      }
    }
  }

  @Test func brows() throws {
    let golden = try GeometryGolden.shared.get()
    let cases = [("expand_eyebrows", 1.0)] + Self.numbered("expand_eyebrows_")
    for (key, factor) in cases where golden.arrays[key] != nil {
      for (n, face) in golden.faces.enumerated() {
        let points = try FaceMask.expandedBrows(face, by: factor).flatMap { [Float($0.x), Float($0.y)] }
        #expect(isBitEqual(points, try golden.array(key).item(n)), "\(key), face \(n)")
      }
    }
  }

  @Test func eyesAndMouths() throws {
    let golden = try GeometryGolden.shared.get()
    for (n, face) in golden.faces.enumerated() {
      let eyes = try FaceMask.eyes(face, width: golden.width, height: golden.height)
      let mouth = try FaceMask.mouth(face, width: golden.width, height: golden.height)
      for (mask, name) in [(eyes, "eye"), (mouth, "mouth")] {
        let expected = try golden.array("\(name)_mask_u16").item(n).map { $0 / 65535 }
        let comparison = Comparison(mask.values, expected)
        #expect(comparison.maximum <= 0.01, "\(name) of face \(n): \(comparison)")
        let greatest = try golden.array("\(name)_mask_max").values[n]
        #expect(abs((mask.values.max() ?? 0) - greatest) < 1e-4)
      }
    }
  }

  /// Some are faces that DeepFaceLab sees from behind.
  @Test func poses() throws {
    let golden = try GeometryGolden.shared.get()
    let landmarks = try golden.array("aligned_landmarks")
    let (sizes, expected) = try (golden.array("pose_sizes").doubles, golden.array("pitch_yaw_roll").doubles)
    try #require(landmarks.shape[0] > 0)
    for n in 0..<landmarks.shape[0] {
      let pose = try FacePose(aligned: Landmarks(GeometryGolden.points(landmarks.item(n))), size: Int(sizes[n]))
      for (i, angle) in [pose.pitch, pose.yaw, pose.roll].enumerated() {
        let distance = abs(angle - expected[3 * n + i])
        #expect(distance <= 2e-3, "landmarks \(n): \(pose), expected \(expected[3 * n..<3 * n + 3])")
      }
    }
  }

  @Test func simpleMeasures() throws {
    let golden = try GeometryGolden.shared.get()
    let (yaws, pitches) = try (
      golden.array("estimate_averaged_yaw").doubles, golden.array("calc_face_pitch").doubles
    )
    for (n, face) in golden.faces.enumerated() {
      // DeepFaceLab's numbers here are float32.
      #expect(abs(try FacePose.averagedYaw(face) - yaws[n]) < 1e-4)
      #expect(abs(try FacePose.pitchHeuristic(face) - pitches[n]) < 1e-4)
    }
  }
}
