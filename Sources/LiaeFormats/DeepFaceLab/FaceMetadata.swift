// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The dictionary that DeepFaceLab writes into an aligned face. Nil stands for a key that is not there.
package struct FaceMetadata: Sendable {
  /// A region that somebody drew to train a mask model.
  package struct Polygon: Sendable, Equatable {
    /// True if the region belongs to the face (type 1) or is cut out of it (type 0).
    package var isIncluded: Bool
    /// Pixels of the aligned image.
    package var points: [SIMD2<Float>]

    package init(isIncluded: Bool, points: [SIMD2<Float>]) {
      (self.isIncluded, self.points) = (isIncluded, points)
    }
  }

  /// One of `faceTypes`.
  package var faceType: String
  /// 68, pixels of the aligned image.
  package var landmarks: [SIMD2<Double>]
  /// The frame's file name. It comes from the file: check it before it becomes a part of a path.
  package var sourceFilename: String?
  /// The detector's box in the frame: left, top, right, bottom.
  package var sourceRect: [Int]?
  /// 68, pixels of the frame. Merging uses these and `sourceFilename` alone.
  package var sourceLandmarks: [SIMD2<Double>]?
  /// The map from pixels of the frame to pixels of the aligned image: two rows of three. A face of type `mark_only` has
  /// none.
  package var imageToFaceMatrix: [Double]?
  /// A PNG or JPEG file, gray: the face's mask. Of any size, it covers the whole aligned image.
  package var xsegMask: Bytes?
  package var polygons: [Polygon]
  /// The factor by which eyebrows widen the hull of the landmarks; 1 where it is missing.
  package var eyebrowExpansion: Double?

  package init(
    faceType: String, landmarks: [SIMD2<Double>], sourceFilename: String? = nil, sourceRect: [Int]? = nil,
    sourceLandmarks: [SIMD2<Double>]? = nil, imageToFaceMatrix: [Double]? = nil, xsegMask: Bytes? = nil,
    polygons: [Polygon] = [], eyebrowExpansion: Double? = nil
  ) {
    (self.faceType, self.landmarks) = (faceType, landmarks)
    (self.sourceFilename, self.sourceRect) = (sourceFilename, sourceRect)
    (self.sourceLandmarks, self.imageToFaceMatrix) = (sourceLandmarks, imageToFaceMatrix)
    (self.xsegMask, self.polygons, self.eyebrowExpansion) = (xsegMask, polygons, eyebrowExpansion)
  }

  /// The key of the mask.
  static let maskKey = "xseg_mask"

  /// DeepFaceLab's names for what a crop shows, and its numbers for them in a faceset.
  package static let faceTypes: [(name: String, number: Int)] = [
    ("half_face", 0), ("midfull_face", 1), ("full_face", 2), ("full_face_no_align", 3), ("whole_face", 4),
    ("head", 10), ("head_no_align", 20), ("mark_only", 100),
  ]
}

extension FaceMetadata {
  /// - Parameter reader: messages name its file.
  init(_ dictionary: PickleValue, _ reader: inout FaceReader) throws(LiaeError) {
    faceType = "full_face"
    if let value = reader.field("face_type", of: dictionary) {
      guard let name = value.stringValue, Self.faceTypes.contains(where: { $0.name == name }) else {
        let found = value.stringValue.map(jsonQuoted) ?? value.kind
        let known = Self.faceTypes.map(\.name).joined(separator: ", ")
        throw reader.corrupt("face_type is \(found); expected one of \(known)")
      }
      faceType = name
    }
    guard let landmarks = try reader.landmarks("landmarks", of: dictionary) else {
      throw reader.corrupt("the face has no landmarks")
    }
    self.landmarks = landmarks
    sourceFilename = try reader.text("source_filename", of: dictionary)
    sourceRect = try reader.numbers("source_rect", 4, of: dictionary).map { (values) throws(LiaeError) in
      var rect: [Int] = []
      for value in values {
        guard let whole = Int(exactly: value.rounded(.towardZero)) else {
          throw reader.corrupt("source_rect holds \(value), which is no coordinate")
        }
        rect.append(whole)
      }
      return rect
    }
    sourceLandmarks = try reader.landmarks("source_landmarks", of: dictionary)
    imageToFaceMatrix = try reader.numbers("image_to_face_mat", 6, of: dictionary)
    xsegMask = try reader.file(Self.maskKey, of: dictionary)
    polygons = try reader.polygons("seg_ie_polys", of: dictionary)
    eyebrowExpansion = try reader.numbers("eyebrows_expand_mod", 1, of: dictionary)?.first
  }

  /// The dictionary, with the keys and types that DeepFaceLab's own code writes.
  ///
  /// - Throws: `invalidArgument` for values that no reader takes.
  func pickled() throws(LiaeError) -> PickleValue {
    func mistake(_ what: String) -> LiaeError { LiaeError(.invalidArgument, "the metadata of a face: \(what)") }
    guard Self.faceTypes.contains(where: { $0.name == faceType }) else { throw mistake("face type \(faceType)") }
    for points in [landmarks, sourceLandmarks ?? landmarks] {
      guard points.count == 68 else { throw mistake("\(points.count) landmarks; 68 are expected") }
      guard points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { throw mistake("a landmark is not finite") }
    }
    var pairs: [(key: PickleValue, value: PickleValue)] = []
    func add(_ key: String, _ value: PickleValue) { pairs.append((.string(key), value)) }
    add("face_type", .string(faceType))
    add("landmarks", Self.pickled(landmarks))
    if let sourceFilename { add("source_filename", .string(sourceFilename)) }
    if let sourceRect {
      guard sourceRect.count == 4 else { throw mistake("a box of \(sourceRect.count) numbers; 4 are expected") }
      add("source_rect", .tensor(try .of(sourceRect.map(Int64.init), .int64, [4])))
    }
    if let sourceLandmarks { add("source_landmarks", Self.pickled(sourceLandmarks)) }
    if let matrix = imageToFaceMatrix {
      guard matrix.count == 6, matrix.allSatisfy(\.isFinite) else {
        throw mistake("the matrix \(matrix); 6 finite numbers are expected")
      }
      add("image_to_face_mat", .tensor(try .of(matrix, .float64, [2, 3])))
    }
    if let xsegMask { add(Self.maskKey, try Self.pickled(file: xsegMask)) }
    if !polygons.isEmpty { add("seg_ie_polys", try Self.pickled(polygons)) }
    if let eyebrowExpansion {
      guard eyebrowExpansion.isFinite else { throw mistake("the eyebrows' expansion is not finite") }
      add("eyebrows_expand_mod", .float(eyebrowExpansion))
    }
    return .dictionary(pairs)
  }

  static func pickled(_ points: [SIMD2<Double>]) -> PickleValue {
    .list(points.map { .list([.float($0.x), .float($0.y)]) })
  }

  /// A column of bytes, as OpenCV hands it out in the version that DeepFaceLab asks for.
  static func pickled(file: Bytes) throws(LiaeError) -> PickleValue {
    .tensor(try TensorView(dtype: .uint8, shape: [file.count, 1], storage: file))
  }

  static func pickled(_ polygons: [Polygon]) throws(LiaeError) -> PickleValue {
    var values: [PickleValue] = []
    for polygon in polygons {
      guard polygon.points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else {
        throw LiaeError(.invalidArgument, "the metadata of a face: a point of a polygon is not finite")
      }
      let points = try TensorView.of(polygon.points, .float32, [polygon.points.count, 2])
      values.append(
        .dictionary([
          (.string("type"), .int(polygon.isIncluded ? 1 : 0)), (.string("pts"), .tensor(points)),
        ]))
    }
    return .dictionary([(.string("polys"), .list(values))])
  }
}

extension TensorView {
  /// A tensor of a few elements that take the bytes of `shape` and `dtype` together.
  fileprivate static func of<T: BitwiseCopyable>(
    _ elements: [T], _ dtype: DType, _ shape: [Int]
  ) throws(LiaeError) -> TensorView {
    let storage = try elements.withUnsafeBufferPointer { (buffer) throws(LiaeError) in
      try Bytes.copy(UnsafeRawBufferPointer(buffer))
    }
    return try TensorView(dtype: dtype, shape: shape, storage: storage)
  }
}
