// SPDX-License-Identifier: Apache-2.0
import Foundation
import LiaeFormats
import LiaeSystem
import LiaeTensor
import Testing

@Suite struct FacesetTests {
  @Test(arguments: [
    ("evil.pak", Status.unsafeFile, "posix.system"), ("pak_truncated.pak", .corruptFile, "file ends inside"),
    ("pak_wrong_version.pak", .unsupported, "version 2"),
  ])
  func refusesWhatIsBroken(_ file: String, _ status: Status, _ words: String) throws {
    let bytes = try golden("faces/broken/\(file)")
    expectRefusal(status, words) { _ = try Faceset.read(bytes, name: "lie") }
    #expect(!FileManager.default.fileExists(atPath: "/tmp/PWNED_by_dfl_pickle"))
  }

  // MARK: - Lies

  /// A faceset of this pickle and these offsets, with `data` bytes of faces.
  private func pak(_ descriptions: PickleValue, _ offsets: [UInt64], data: Int) throws -> Bytes {
    let pickle = try PickleWriter.serialize(descriptions, protocol: 4).joined().array
    var file: [UInt8] = []
    file.append(littleEndian: UInt64(1))
    file.append(littleEndian: UInt64(pickle.count))
    file += pickle
    for offset in offsets { file.append(littleEndian: offset) }
    return try Bytes.of(file + [UInt8](repeating: 0, count: data))
  }

  private func sample(_ changes: [String: PickleValue] = [:]) -> PickleValue {
    var values: [String: PickleValue] = [
      "filename": .string("1.jpg"), "face_type": .enumeration(type: "facelib.FaceType.FaceType", value: 4),
      "shape": .tuple([.int(4), .int(4), .int(3)]),
      "landmarks": .list((0..<68).map { .list([.int($0), .int($0)]) }),
    ]
    for (key, value) in changes { values[key] = value }
    return .dictionary(values.sorted { $0.key < $1.key }.map { (key: .string($0.key), value: $0.value) })
  }

  private func refused(
    _ words: String, _ descriptions: PickleValue, _ offsets: [UInt64] = [0, 0], data: Int = 10,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let file = try pak(descriptions, offsets, data: data)
    expectRefusal(.corruptFile, words, sourceLocation: sourceLocation) { _ = try Faceset.read(file, name: "lie") }
  }

  @Test func offsetsThatLie() throws {
    let two = PickleValue.list([sample(), sample()])
    #expect(try Faceset.read(pak(two, [0, 4, 0], data: 10), name: "good").faces.map(\.jpeg.count) == [4, 6])
    try refused("face 0 lies at bytes 4..<4", two, [4, 4, 0])
    try refused("face 0 lies at bytes 5..<4", two, [5, 4, 0])
    try refused("face 0 lies at bytes 0..<11", two, [0, 11, 0])
    try refused("face 1 lies at bytes 10..<10", two, [0, 10, 0])
    try refused("an offset of \(UInt64.max) bytes", two, [0, .max, 0])
    try refused("face 0 lies at bytes 0..<\(Int.max)", two, [0, UInt64(Int.max), 0])
    try refused("faces end at byte 100000", two, [0, 4, 100_000])
    try refused("inside the offsets of 2 faces", two, [0, 4], data: 7)
    #expect(try Faceset.read(pak(.list([]), [0], data: 0), name: "empty").faces.isEmpty)
  }

  @Test func descriptionsThatLie() throws {
    try refused("are a list, these a dictionary", .dictionary([]))
    try refused("described by an integer", .list([.int(1)]))
    try refused("one that is a path", .list([sample(["filename": .string("../1.jpg")])]))
    try refused("one that is a path", .list([sample(["filename": .none])]))
    try refused("path for a person_name", .list([sample(["person_name": .string("a\\b")])]))
    try refused("no face_type", .list([sample(["face_type": .int(4)])]))
    let other = PickleValue.enumeration(type: "facelib.FaceType.FaceType", value: 5)
    try refused("no face_type", .list([sample(["face_type": other])]))
    try refused("expected 3 finite numbers", .list([sample(["shape": .tuple([.int(4), .int(4)])])]))
    try refused("no shape", .list([sample(["shape": .tuple([.int(4), .int(4), .float(2.5)])])]))
    try refused("no landmarks", .list([sample(["landmarks": .none])]))
    try refused("expected bytes", .list([sample(["xseg_mask_compressed": .int(1)])]))
  }

  @Test func whatCannotBeWritten() throws {
    let good = try Faceset.read(golden("faces/faceset.pak"), name: "golden").faces[0]
    try withFolder { (folder) throws in
      func refused(_ words: String, _ change: (inout Faceset.Face) -> Void) {
        var face = good
        change(&face)
        #expect {
          try Faceset.write([face], to: "\(folder)/faceset.pak", replacing: false)
        } throws: { error in
          let error = error as? LiaeError
          return error?.status == .invalidArgument && error?.message.contains(words) == true
        }
      }
      refused("path") { $0.filename = "a/b.jpg" }
      refused("path") { $0.personName = ".." }
      refused("face type x") { $0.faceType = "x" }
      refused("67 landmarks") { $0.landmarks.removeLast() }
      refused("no picture") { $0.shape = [1] }
      #expect(throws: LiaeError.self) { try Faceset.write([], to: "\(folder)/faceset.pak", replacing: false) }
      let left = try File.list(folder)
      #expect(left.isEmpty)
    }
  }
}
