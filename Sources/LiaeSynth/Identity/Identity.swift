// SPDX-License-Identifier: Apache-2.0

/// Who is rendered: everything that does not change from frame to frame.
package struct Identity: Sendable {
  package var name: String
  var shape = FaceShape()
  var skin = SkinLook()
  var hair = HairLook()
  var brows = BrowLook()
  /// Colours of the iris, at the rim and near the pupil.
  var iris = (outer: Vector(0.10, 0.05, 0.02), inner: Vector(0.22, 0.11, 0.04))
  var shirt = Vector(0.10, 0.12, 0.16)
  /// The seed of the noise of skin and hair.
  var seed: UInt32 = 1
}

/// Sizes of a face; millimetres, or factors of an average head.
struct FaceShape: Sendable {
  var headWidth: Float = 1
  var jawWidth: Float = 1
  /// The shape of the chin: 0 broad, 1 pointed.
  var chinTaper: Float = 0.5
  /// The length of the chin beyond that of an average head.
  var chinLength: Float = 0
  var chinForward: Float = 3
  var cheekbones: Float = 3
  var cheekHollow: Float = 1
  var browRidge: Float = 2.5
  var noseWidth: Float = 1
  var noseHeight: Float = 1
  /// The length of the nose beyond the average: how much lower its tip stands.
  var noseLength: Float = 0
  /// The hump of its bridge.
  var noseHump: Float = 0
  /// The amount by which the tip is turned up.
  var noseUp: Float = 0
  /// Middle of the face to the middle of an eye.
  var eyeSpacing: Float = 32.5
  /// Half the width of an eye.
  var eyeWidth: Float = 13.2
  /// The height of the upper lid above the line between the corners, and below it the depth of the lower.
  var upperLid: Float = 5.6
  var lowerLid: Float = 3.0
  /// The height of the outer corner above the inner one.
  var eyeTilt: Float = 1.2
  /// Half the width of the mouth.
  var mouthWidth: Float = 27
  var upperLip: Float = 6.5
  var lowerLip: Float = 8.5
  var lipBulge: Float = 4
  var earSize: Float = 1
}

struct SkinLook: Sendable {
  var color = Vector(0.62, 0.37, 0.26)
  var lips = Vector(0.50, 0.17, 0.15)
  /// The redness of cheeks, nose and ears, 0...1.
  var blush: Float = 0.3
  var freckles: Float = 0
  /// Shadow of a shaved beard, 0...1.
  var stubble: Float = 0
  /// Lines of age, 0...1.
  var lines: Float = 0
  /// Colour on the upper lids, 0...1.
  var lidShadow: Float = 0.15
  var gloss: Float = 1
}

struct BrowLook: Sendable {
  var color = Vector(0.05, 0.03, 0.02)
  /// Half the thickness, millimetres.
  var thickness: Float = 3
  var density: Float = 0.9
  /// The height of the arch above the inner end, millimetres.
  var arch: Float = 5
  /// The height of the whole brow above the average.
  var height: Float = 0
}

struct HairLook: Sendable {
  enum Style: Sendable { case short, long, curly }
  var style = Style.short
  var color = Vector(0.04, 0.025, 0.018)
  /// The colour of single strands.
  var highlight = Vector(0.12, 0.08, 0.055)
  /// Thickness on top, millimetres.
  var volume: Float = 14
  /// The height of the hairline above the average at the forehead, and at the temples.
  var forehead: Float = 0
  var temples: Float = 0
}
