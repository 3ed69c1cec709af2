// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeRuntime
import LiaeSystem
import LiaeTensor

// liae.h 1: Constants

/// The outcome of a call. Values are pinned and never reused; classes of outcomes are spaced in decades: 1 a defect of the
/// library, 10 the caller's mistake, 20 files and formats, 30 the network in the file, 40 resources, 50 during a run,
/// 60 unsupported.
package typealias CStatus = CEnum<Status>

/// The layout of an image's pixels in memory. 8-bit values are 0...255, FLOAT values are float, 0...1; rows of floats
/// begin at addresses divisible by 4.
package typealias CPixelFormat = CEnum<PixelFormat>

/// A mode chooses the face that a run computes, by the code that the decoder is given. A code is named after the module
/// that makes it.
package typealias CMode = CEnum<Mode>

/// The order of the three channels that a network was trained on.
package typealias CColorOrder = CEnum<ColorOrderChoice>

/// The convolution algorithms that the plan may choose from.
package typealias CConvolution = CEnum<PlanOptions.Convolution>

/// The memory that a model's weights may take. A checkpoint in 16 bits is kept in 16 bits wherever weights stand as the
/// checkpoint has them, exactly.
package typealias CMemory = CEnum<MemoryPolicy>

/// The part of a head that a face shows: DeepFaceLab's face types.
package typealias CFaceType = CEnum<FaceTypeChoice>

/// A mask that follows from landmarks alone.
package typealias CMaskKind = CEnum<MaskKind>

/// The interpolation between pixels of an image.
package typealias CInterpolation = CEnum<InterpolationChoice>

/// The blend by which a face is set into its frame; the numbers are DeepFaceLab's modes.
package typealias CBlend = CEnum<CompositeOptions.Blend>

/// The mask with which a face is set in; the numbers are DeepFaceLab's mask modes. "Swap" is its "prd", "destination"
/// its "dst".
package typealias CMaskMode = CEnum<CompositeOptions.MaskMode>

/// The method by which a face takes the colours of the frame; the numbers are DeepFaceLab's modes.
package typealias CColorTransfer = CEnum<ColorTransfer>

/// The method by which a face is sharpened.
package typealias CSharpening = CEnum<Sharpening>

/// A kind says what runs of a model return.
package typealias CModelKind = CEnum<ModelKind>

/// The severity of a log message.
package typealias CLogLevel = CEnum<LogLevel>

/// The origin of a picture that the caller writes.
package typealias CProvenance = CEnum<ProvenanceKind>

package enum Mode: Int32 {
  /// The swap: the source's face in place of a destination face. liae: AB, AB; df: inter, by the source's decoder; amp:
  /// inter_src.
  case swap = 0
  /// A destination face reconstructed. liae: B, AB; df: inter, by the destination's decoder; amp: inter_dst.
  case reconstructDestination = 1
  /// A source face reconstructed: what the swap computes, of a source face.
  case reconstructSource = 2
  /// The face between the destination's reconstruction (0) and the swap (1), by liae_run_options.morph. liae: lerp(B,
  /// AB, morph), AB; amp: the first trunc(inter_dims * morph) channels of inter_src, a product in float, and the others
  /// of inter_dst. Not in df, which has one code.
  case morph = 3
  /// The mask of a face, 1 where nothing covers it: xseg, and no other model.
  case segment = 4
}

package enum ModelKind: Int32 {
  /// Faces with another identity, and their masks: liae, df, amp.
  case swap = 0
  /// The mask of a face, less where something covers it: xseg.
  case segment = 1
}

package enum ColorOrderChoice: Int32 {
  /// The order that the file states, BGR where it states none.
  case automatic = 0
  case rgb = 1
  case bgr = 2
}

package enum LogLevel: Int32 {
  /// A call failed; the text of liae_last_error().
  case error = 1
  /// A warning that something was assumed, or left out, which the caller may want to know.
  case warning = 2
  /// A remark on what a file holds beside the network; packed weights that were written.
  case info = 3
}

package enum ProvenanceKind: Int32 {
  /// A face as the network gives it.
  case generated = 1
  /// A frame into which such a face was set.
  case composite = 2
}

package enum FaceTypeChoice: Int32, CaseIterable {
  /// The model's; in liae_model_options: as the file says.
  case automatic = 0
  case half = 1
  case midFull = 2
  case full = 3
  case whole = 4
  case head = 5
  /// The extent of full, not turned with the face.
  case fullNoAlign = 6
  /// The extent of head, not turned with the face.
  case headNoAlign = 7
}

package enum MaskKind: Int32 {
  /// The face without forehead: the hull of the landmarks.
  case hull = 0
  /// Both eyes, with soft edges.
  case eyes = 1
  /// The opening of the lips, with soft edges.
  case mouth = 2
}

package enum InterpolationChoice: Int32 {
  /// Four neighbours, as DeepFaceLab extracts faces.
  case linear = 0
  /// Sixteen neighbours, as it merges them.
  case cubic = 1
}
