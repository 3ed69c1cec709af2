// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSystem
import LiaeTensor
import LiaeTestSupport
import Testing

/// DeepFaceLab's own merges. Tolerances as Tests/golden/README.md: twice the distance between two builds of OpenCV.
@Suite(.golden("merge/cases.json")) struct MergeGoldenTests {
  private func expectClose(_ found: [Float], _ expected: [Float], _ test: MergeCase, _ what: String) throws {
    try #require(found.count == expected.count && !found.isEmpty, "\(what): \(found.count) of \(expected.count)")
    let differences = zip(found, expected).map { Double(abs($0 - $1)) }.sorted()
    let mean = differences.reduce(0, +) / Double(differences.count)
    let p99 = differences[(differences.count - 1) * 99 / 100]
    let limit = test.opencv5_difference ?? .init()
    #expect(mean <= 2 * limit.mean + 3e-4, "\(test.name), \(what): mean \(mean)")
    #expect(p99 <= 2 * limit.p99 + 0.004, "\(test.name), \(what): 99th percentile \(p99)")
  }

  /// One pixel in a thousand may stand on the other side of an edge.
  private func expectMask(_ found: [Float], _ expected: [Float], _ test: MergeCase) throws {
    try #require(found.count == expected.count && !found.isEmpty, "mask: \(found.count) of \(expected.count)")
    let differences = zip(found, expected).map { Double(abs($0 - $1)) }.sorted()
    let limit = 2 * (test.opencv5_difference ?? .init()).mask_max
    let most = differences[(differences.count - 1) * 999 / 1000]
    #expect(most <= limit + 0.002, "mask: 999 of 1000 within \(most)")
    #expect(differences[differences.count - 1] <= limit + 0.05, "mask: off by \(differences[differences.count - 1])")
  }

  private func array(_ name: String, _ key: String) throws -> [Float] {
    try #require(try GoldenSet.chosen.arrays("merge/\(name)")[key], "\(name): no \(key)").values.map { $0 / 65535 }
  }

  @Test func everyCaseIsRead() throws { #expect(!(try MergeCase.loaded.get()).isEmpty) }

  @Test(.having(MergeCase.all.count, "merges of one face"), arguments: MergeCase.all)
  func matchesDeepFaceLab(_ test: MergeCase) throws {
    let golden = try GoldenSet.chosen.arrays("merge/\(test.name)")
    let options = try test.options(), face = try test.faces(golden)[0]
    let picture = try MergeData.picture(test.frame)
    defer { withExtendedLifetime(picture) {} }
    let expected = try array(test.name, "result_u16")
    let expectedMask = try array(golden["mask_same_as"]?.text ?? test.name, "mask_u16")
    let rect = try #require(golden["crop_rect"]).doubles.map { Int($0) }
    if options.blend == .rawPredict {
      let (found, mask) = try Frame(picture.view).rawPrediction(face, options: options)
      try expectClose(found.values, expected, test, "face")
      try expectClose(mask.values, expectedMask, test, "mask")
      return
    }
    let (result, mask) = (
      try Picture(width: picture.width, height: picture.height, format: .bgrFloat),
      try Picture(width: picture.width, height: picture.height, format: .grayFloat)
    )
    var compositor = try Compositor(try Frame(picture.view), options: options)
    try compositor.add(face)
    try compositor.write(to: result.mutableView, mask: mask.mutableView)
    func crop(_ values: [Float], _ channels: Int) -> [Float] {
      var result: [Float] = []
      for y in rect[1]..<rect[1] + rect[3] {
        let start = (y * picture.width + rect[0]) * channels
        result += values[start..<start + rect[2] * channels]
      }
      return result
    }
    try expectClose(crop(result.values, 3), expected, test, "result")
    try expectMask(crop(mask.values, 1), expectedMask, test)
    // Outside the rectangle the frame has not changed.
    let (before, after) = (try picture.converted(to: .bgrFloat).values, result.values)
    var changed = 0
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let isInside = x >= rect[0] && x < rect[0] + rect[2] && y >= rect[1] && y < rect[1] + rect[3]
        let i = 3 * (y * picture.width + x)
        if !isInside, (0..<3).contains(where: { abs(after[i + $0] - before[i + $0]) > 0.004 }) { changed += 1 }
      }
    }
    #expect(changed == 0, "pixels changed outside the golden rectangle")
  }

  /// DeepFaceLab's MergeMasked: each face from the frame as it was, one over the other, 8 bits by truncation.
  @Test(.having(MergeCase.several.count, "merge of several faces"), arguments: MergeCase.several)
  func severalFaces(_ test: MergeCase) throws {
    let picture = try MergeData.picture(test.frame)
    defer { withExtendedLifetime(picture) {} }
    var compositor = try Compositor(try Frame(picture.view), options: try test.options())
    for face in try test.faces([:]) { try compositor.add(face) }
    let (result, mask) = (
      try Picture(width: picture.width, height: picture.height, format: .rgbFloat),
      try Picture(width: picture.width, height: picture.height, format: .grayFloat)
    )
    try compositor.write(to: result.mutableView, mask: mask.mutableView)
    // As it is stored: 8-bit RGBA.
    let path = GoldenSet.chosen.path("merge/\(test.name)_result_bgra.png")
    let golden = try Picture.read(path: path).converted(to: .rgbaFloat).values
    try #require(golden.count == 4 * picture.width * picture.height)
    let (colors, alphas) = (result.values, mask.values)
    var differences: [Int] = []
    for i in 0..<picture.width * picture.height {
      let found = [colors[3 * i], colors[3 * i + 1], colors[3 * i + 2], alphas[i]]
      for channel in 0..<4 {
        differences.append(abs(Int(found[channel] * 255) - Int((golden[4 * i + channel] * 255).rounded())))
      }
    }
    differences.sort()
    let limit = test.opencv5_difference ?? .init()
    #expect(Double(differences[differences.count * 99 / 100]) <= 2 + 510 * limit.p99)
    #expect(Double(differences.reduce(0, +)) / Double(differences.count) < 0.1 + 510 * limit.mean)
  }
}
