// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeSequence
import LiaeSynth
import LiaeSystem
import LiaeTensor

/// A contact sheet of every blend, mask mode and colour transfer on one rendered frame. The face that is set in is rendered
/// too: another person with the same pose and expression, as a perfectly trained model would give it.
struct CompositeSheet {
  private static let side = 256
  private let picture: Picture
  private let frame: Frame
  private let face: CompositeFace

  init() throws(LiaeError) {
    let side = Self.side
    let faces = try RenderedFaces(width: side, height: side)
    let destination = try faces.frame(4)
    let source = try faces.frame(4, of: Head(.a))
    picture = try destination.picture.converted(to: .rgb8)
    frame = try Frame(picture.view)
    let other = source.picture
    defer { withExtendedLifetime(other) {} }
    let (landmarks, sourceLandmarks) = (try Landmarks(destination.landmarks), try Landmarks(source.landmarks))
    let resolution = 128
    var face = CompositeFace(
      landmarks: landmarks, type: .whole,
      rgb: try Frame(other.view).networkInput(FacePlacement(landmarks, type: .whole), resolution: resolution))
    let matrix = try faceTransform(landmarks, size: resolution, type: .whole)
    func mask(_ landmarks: Landmarks, _ expansion: Double) throws(LiaeError) -> MaskCanvas {
      try FaceMask.hull(
        landmarks.transformed(by: matrix), width: resolution, height: resolution, eyebrowExpansion: expansion
      ).gaussianBlurred(kernel: 5)
    }
    face.swapMask = try mask(sourceLandmarks, 1.6)
    face.destinationMask = try mask(landmarks, 1.2)
    face.xsegSwap = try mask(sourceLandmarks, 2)
    // XSeg leaves out what lies over a face: here a bar across it.
    let occluded = try mask(landmarks, 1.8)
    for y in 0..<resolution {
      for x in 0..<resolution where abs(Float(x) * 0.5 + Float(y) - 100) < 7 { occluded[x, y] = 0 }
    }
    face.xsegDestination = occluded
    let given = try MaskCanvas(width: side, height: side)
    for y in 0..<side {
      for x in 0..<side {
        let (u, v) = (Float(x) - 131, Float(y) - 140)
        given[x, y] = min(max((56 - (u * u * 1.4 + v * v).squareRoot()) / 6, 0), 1)
      }
    }
    face.mask = given
    self.face = face
  }

  /// Draws four rows of cells, each cell below the name that the merge options give it: the mask modes; their masks; the
  /// colour transfers; the merge modes, then sharpened, blurred, a larger face, the frame and the face.
  func sheet() throws(LiaeError) -> Picture {
    var sheet = ContactSheet(columns: 11, side: 128)
    var results: [Picture] = [], masks: [Picture] = []
    for mode in CompositeOptions.MaskMode.allCases {
      let (result, mask) = try composite { ($0.maskMode, $0.colorTransfer) = (mode, .none) }
      results.append(result)
      masks.append(mask)
    }
    // A cell has room for 21 letters: learned-prd*dst, and four factors are "all four".
    let names = MergeSettings.maskModes.map { name in
      name.count > 24 ? "all four" : name.replacing("*learned-", with: "*").replacing("+learned-", with: "+")
    }
    try sheet.add(results, captions: names)
    try sheet.add(masks, captions: names.map { _ in "its mask" })
    try sheet.add(
      ColorTransfer.allCases.map { (mode) throws(LiaeError) in try composite { $0.colorTransfer = mode }.result },
      captions: MergeSettings.colorTransfers.map { "colours: \($0)" })
    var blends = try CompositeOptions.Blend.allCases.filter { $0 != .rawPredict }.map { (blend) throws(LiaeError) in
      try composite { ($0.blend, $0.colorTransfer) = (blend, .none) }.result
    }
    blends.append(try composite { ($0.sharpening, $0.sharpenAmount) = (.gaussian, 12) }.result)
    blends.append(try composite { $0.sharpenAmount = -25 }.result)
    blends.append(try composite { $0.faceScale = 15 }.result)
    blends.append(picture)
    let swapped = try Picture(width: face.rgb.width, height: face.rgb.height, format: .rgb8)
    face.rgb.write(toWhole: swapped.mutableView)
    blends.append(swapped)
    try sheet.add(
      blends,
      captions: MergeSettings.modes.filter { $0 != "raw-predict" }
        + ["sharpened", "blurred", "face scale 15", "frame", "face"])
    return try sheet.picture()
  }

  private func composite(_ change: (inout CompositeOptions) -> Void) throws(LiaeError)
    -> (result: Picture, mask: Picture)
  {
    var options = CompositeOptions()
    (options.erode, options.blur) = (8, 40)
    change(&options)
    let result = try Picture(width: Self.side, height: Self.side, format: .rgb8)
    let mask = try Picture(width: Self.side, height: Self.side, format: .gray8)
    var compositor = try Compositor(frame, options: options)
    try compositor.add(face)
    try compositor.write(to: result.mutableView, mask: mask.mutableView)
    return (result, mask)
  }
}
