// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// DeepFaceLab's `faceset.pak`, version 1: aligned faces in one file, with what training reads of their metadata in
/// front.
///
/// u64 version, u64 length of a pickle, the pickle (a list of dictionaries), N + 1 offsets, N JPEG files. The first N
/// offsets count from the first JPEG; the last one is the length of the whole file, and stays so for compatibility.
package struct Faceset: Sendable {
  package struct Face: Sendable {
    /// The JPEG's name, without folder.
    package var filename: String
    /// The sub-folder that it came from, one for each person; nil where the faces were not sorted so.
    package var personName: String?
    /// The whole file, with its metadata: `FaceImage` reads it.
    package var jpeg: StoredBytes
    /// One of `FaceMetadata.faceTypes`.
    package var faceType: String
    /// Height, width, channels.
    package var shape: [Int]
    /// 68, pixels of the aligned image.
    package var landmarks: [SIMD2<Double>]
    package var sourceFilename: String?
    /// A PNG or JPEG file, gray.
    package var xsegMask: Bytes?
    package var polygons: [FaceMetadata.Polygon]
    package var eyebrowExpansion: Double?
  }

  package var faces: [Face]

  static let version: UInt64 = 1

  /// Reads the descriptions; the JPEG files are slices of `file` and are not looked at.
  ///
  /// - Parameter name: how messages call the file.
  /// - Throws: `unsupported` for another version, `unsafeFile` for a pickle that would call something, `corruptFile`,
  ///   `limitExceeded`.
  package static func read(_ file: Bytes, name: String) throws(LiaeError) -> Faceset {
    try read(name: name, fileBytes: file.count) { .memory(Bytes.slice(file, offset: $0, count: $1)) }
  }

  /// Reads the descriptions of a file; the JPEG files are read when they are needed.
  ///
  /// - Throws: as reading bytes; `fileNotFound`, `inputOutput`, `outOfMemory`.
  package static func read(path: String) throws(LiaeError) -> Faceset {
    let file = try File(reading: path)
    return try read(name: path, fileBytes: try file.length()) { .file(file, offset: $0, count: $1) }
  }

  /// - Parameter stretch: of the file, by offset and number of bytes, which lie inside `fileBytes`.
  private static func read(name: String, fileBytes: Int, stretch: (Int, Int) -> StoredBytes) throws(LiaeError)
    -> Faceset
  {
    let prefix = 16
    var head = try ByteReader(stretch(0, min(prefix, fileBytes)).read(), name: name)
    let version = try head.integer(UInt64.self, "the version")
    guard version == Self.version else {
      throw LiaeError(.unsupported, "\(name): a faceset of version \(version); version \(Self.version) is supported")
    }
    let length = try head.size("the descriptions")
    guard let end = CheckedSize.sum(prefix, length), end <= fileBytes else {
      throw head.corrupt("the file ends inside the descriptions, which take \(length) bytes")
    }
    let pickle = try stretch(prefix, length).read()
    let value = try PickleReader.parse(pickle, offset: 0, count: length, name: name, allowing: .faceset)
    guard let descriptions = value.elements else {
      throw head.corrupt("the descriptions of a faceset are a list, these \(value.kind)")
    }
    let count = descriptions.count
    guard count < (fileBytes - end) / 8 else {
      throw head.corrupt("the file ends inside the offsets of \(count) faces")
    }
    let data = end + 8 * (count + 1)
    var reader = try ByteReader(stretch(end, data - end).read(), name: name)
    var offsets: [Int] = []
    for _ in 0...count { offsets.append(try reader.size("an offset")) }
    guard let last = offsets.last, last <= fileBytes else {
      throw head.corrupt("the faces end at byte \(offsets.last ?? 0), and the file has \(fileBytes)")
    }
    offsets[count] = fileBytes - data

    var fields = FaceReader(byteCount: length, name: name)
    var faces: [Face] = []
    for (index, description) in descriptions.enumerated() {
      let (begin, end) = (offsets[index], offsets[index + 1])
      guard begin < end, end <= fileBytes - data else {
        throw head.corrupt("face \(index) lies at bytes \(begin)..<\(end) of the \(fileBytes - data) of all faces")
      }
      faces.append(try Face(description, jpeg: stretch(data + begin, end - begin), index: index, &fields))
    }
    return Faceset(faces: faces)
  }

  /// Writes a faceset, the whole file or nothing; no JPEG is copied.
  ///
  /// - Throws: `invalidArgument` without faces or for values that no reader takes; what writing throws.
  package static func write(_ faces: [Face], to path: String, replacing: Bool) throws(LiaeError) {
    guard !faces.isEmpty else { throw LiaeError(.invalidArgument, "\(path): a faceset without faces") }
    var descriptions: [PickleValue] = []
    var offsets: [UInt8] = []
    var end = 0
    for face in faces {
      do throws(LiaeError) { descriptions.append(try face.pickled()) } catch {
        throw error.within("\(path): \(face.filename)")
      }
      offsets.append(littleEndian: UInt64(end))
      end += face.jpeg.count
    }
    let stream = try PickleWriter.serialize(.list(descriptions), protocol: 4)
    var header: [UInt8] = []
    header.append(littleEndian: version)
    header.append(littleEndian: UInt64(stream.byteCount))
    offsets.append(littleEndian: UInt64(header.count + stream.byteCount + offsets.count + 8 + end))
    try File.writeAtomically(path, replacing: replacing) { (writer) throws(LiaeError) in
      try writer.write(header)
      try stream.write(to: writer)
      try writer.write(offsets)
      for face in faces {
        let jpeg = try face.jpeg.read()
        defer { withExtendedLifetime(jpeg) {} }
        try writer.write(jpeg.raw)
      }
    }
  }
}

extension Faceset.Face {
  /// The entry of an aligned face, described by the metadata in its JPEG or PNG file.
  ///
  /// - Throws: what `FaceImage.readMetadata` throws; `corruptFile` for a picture without metadata or size.
  package init(filename: String, personName: String? = nil, jpeg: Bytes) throws(LiaeError) {
    guard let metadata = try FaceImage.readMetadata(jpeg, name: filename) else {
      throw LiaeError(.corruptFile, "\(filename): a picture without the metadata of a face")
    }
    guard let size = try FaceImage.size(of: jpeg, name: filename) else {
      throw LiaeError(.corruptFile, "\(filename): a picture without a header of its size")
    }
    (self.filename, self.personName, self.jpeg) = (filename, personName, .memory(jpeg))
    // DeepFaceLab decodes gray as colour.
    (faceType, shape, landmarks) = (metadata.faceType, [size.height, size.width, 3], metadata.landmarks)
    (sourceFilename, xsegMask) = (metadata.sourceFilename, metadata.xsegMask)
    (polygons, eyebrowExpansion) = (metadata.polygons, metadata.eyebrowExpansion)
  }

  fileprivate init(
    _ description: PickleValue, jpeg: StoredBytes, index: Int, _ reader: inout FaceReader
  ) throws(LiaeError) {
    guard description.pairs != nil else {
      throw reader.corrupt("face \(index) is described by \(description.kind); expected a dictionary")
    }
    guard let filename = try reader.text("filename", of: description), isFileName(filename) else {
      throw reader.corrupt("face \(index) has no filename, or one that is a path")
    }
    personName = try reader.text("person_name", of: description)
    if let personName, !isFileName(personName) { throw reader.corrupt("face \(index) has a path for a person_name") }
    guard let kind = reader.field("face_type", of: description), let type = Self.faceType(kind) else {
      throw reader.corrupt("face \(index), \(filename), has no face_type that is known")
    }
    let shape = try reader.numbers("shape", 3, of: description)?.compactMap { Int(exactly: $0) }
    guard let shape, shape.count == 3, shape.allSatisfy({ $0 > 0 }) else {
      throw reader.corrupt("face \(index), \(filename), has no shape of three whole numbers")
    }
    guard let landmarks = try reader.landmarks("landmarks", of: description) else {
      throw reader.corrupt("face \(index), \(filename), has no landmarks")
    }
    (self.filename, self.jpeg, faceType) = (filename, jpeg, type)
    (self.shape, self.landmarks) = (shape, landmarks)
    sourceFilename = try reader.text("source_filename", of: description)
    xsegMask = try reader.file("xseg_mask_compressed", of: description)
    polygons = try reader.polygons("seg_ie_polys", of: description)
    eyebrowExpansion = try reader.numbers("eyebrows_expand_mod", 1, of: description)?.first
  }

  private static let enumeration = (sample: "samplelib.Sample.SampleType", face: "facelib.FaceType.FaceType")
  /// SampleType.FACE
  private static let sampleType = 1

  private static func faceType(_ value: PickleValue) -> String? {
    guard case .enumeration(enumeration.face, let number) = value else { return nil }
    return FaceMetadata.faceTypes.first { $0.number == number }?.name
  }

  /// The dictionary of one sample, every key present, as DeepFaceLab's packer writes it.
  fileprivate func pickled() throws(LiaeError) -> PickleValue {
    func mistake(_ what: String) -> LiaeError { LiaeError(.invalidArgument, "an entry of a faceset: \(what)") }
    guard isFileName(filename), personName.map(isFileName) ?? true else { throw mistake("its name is a path") }
    guard let type = FaceMetadata.faceTypes.first(where: { $0.name == faceType }) else {
      throw mistake("face type \(faceType)")
    }
    guard landmarks.count == 68, landmarks.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else {
      throw mistake("\(landmarks.count) landmarks; 68 finite ones are expected")
    }
    guard shape.count == 3, jpeg.count > 0 else { throw mistake("it has no picture") }
    return .dictionary([
      (.string("sample_type"), .enumeration(type: Self.enumeration.sample, value: Self.sampleType)),
      (.string("filename"), .string(filename)),
      (.string("face_type"), .enumeration(type: Self.enumeration.face, value: type.number)),
      (.string("shape"), .tuple(shape.map { .int($0) })),
      (.string("landmarks"), FaceMetadata.pickled(landmarks)),
      (.string("seg_ie_polys"), try FaceMetadata.pickled(polygons)),
      (.string("xseg_mask"), .none),
      (.string("xseg_mask_compressed"), try xsegMask.map(FaceMetadata.pickled(file:)) ?? .none),
      (.string("eyebrows_expand_mod"), .float(eyebrowExpansion ?? 1)),
      (.string("source_filename"), sourceFilename.map { .string($0) } ?? .none),
      (.string("person_name"), personName.map { .string($0) } ?? .none),
    ])
  }
}
