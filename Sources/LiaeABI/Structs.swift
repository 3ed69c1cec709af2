// SPDX-License-Identifier: Apache-2.0

// liae.h 2: Handles, callbacks and structs

/// A checkpoint made ready to run. Immutable; any number of threads may use it at the same time.
package enum CModel {}

/// The workspace of one run. One thread at a time.
package enum CContext {}

/// State of one face from frame to frame, which keeps it from flickering. One thread at a time.
package enum CSmoothing {}

/// Takes a message of the library, NUL-terminated, valid for the call. Called on the thread whose call of the library
/// caused it, also on several threads at once. MUST NOT call the library, and MUST return.
package typealias CLogCallback =
  @convention(c) (
    _ userData: UnsafeMutableRawPointer?, _ level: CLogLevel, _ message: UnsafePointer<CChar>?
  ) -> Void

/// Takes the share of a run that is done, 0...1. Called on the thread that runs, between two steps of the network.
/// MUST NOT call the library, except liae_context_cancel(), and MUST return: a context that a longjmp or an exception has left
/// stays busy.
package typealias CProgressCallback =
  @convention(c) (
    _ userData: UnsafeMutableRawPointer?, _ share: Float
  ) -> Void

/// One piece of a run's work, given to the host's liae_parallel_for.
package typealias CTask = @convention(c) (_ context: UnsafeMutableRawPointer?, _ index: Int) -> Void

/// The host's thread pool. MUST call task(context, index) exactly once for each index in 0...count - 1, on any threads,
/// in any order, at the same time or one after another, and MUST return when all calls have returned, not earlier: a run
/// whose work was not done ends with LIAE_ERROR_THREAD_FAILURE. Called on the thread that runs, many times a run. MUST NOT
/// call the library, except liae_context_cancel().
package typealias CParallelFor =
  @convention(c) (
    _ userData: UnsafeMutableRawPointer?, _ count: Int, _ task: CTask, _ context: UnsafeMutableRawPointer?
  ) -> Void

/// An image described, not copied. This struct never grows.
package struct CImage: CStruct {
  /// The first pixel of the top row. The caller's; an input is only read.
  package var pixels: UnsafeMutableRawPointer? = nil
  /// Pixels.
  package var width: Int32 = 0
  /// Pixels.
  package var height: Int32 = 0
  /// Bytes from one row to the next, at least width times the bytes of a pixel.
  package var stride: Int = 0
  package var format: CPixelFormat = 0
  /// Zero.
  package var reserved: Int32 = 0
}

/// A float tensor described, not copied: (N, H, W, C) row-major without gaps. This struct never grows.
package struct CTensor: CStruct {
  /// The first element. The caller's; an input is only read.
  package var data: UnsafeMutableRawPointer? = nil
  /// Elements, N * H * W * C.
  package var count: Int = 0
}

/// Options of opening a model: what the caller knows of the checkpoint, and how it is made ready.
/// liae_model_options_init() fills in defaults.
package struct CModelOptions: GrowingStruct {
  static let smallestSize = 32
  /// sizeof(liae_model_options); set by liae_model_options_init().
  package var structSize: Int = 0
  /// "liae-udt", "df", "amp" and the like: overrules what the file says or what would be guessed, as `u` and `c` change no
  /// shape. NULL: as the file says. Copied.
  package var architecture: UnsafePointer<CChar>? = nil
  /// Overrules what the file says.
  package var colorOrder: CColorOrder = 0
  /// LIAE_CONVOLUTION_AUTOMATIC keeps at least 100 dB against float64; LIAE_CONVOLUTION_DIRECT is slower and closer.
  package var convolution: CConvolution = 0
  /// Threads that pack the weights, 0...64; 0 is one for each processor.
  package var threads: Int32 = 0
  /// Zero.
  package var reserved: Int32 = 0
  /// Packed weights beside a checkpoint (docs/packed-weights.md): mapped where they fit it, else written, or where that
  /// is not possible done without; the log says which. Where a run finds them damaged, the checkpoint is packed again in
  /// that run. NULL: none. Copied.
  package var packedPath: UnsafePointer<CChar>? = nil
  /// 1: packed weights are read whole and their checksums compared when they are opened; 0: the header's alone, and that
  /// of each part in the first run that uses it.
  package var verifyPacked: Int32 = 0
  /// Memory that weights may take. Results of all policies are the same to the bit.
  package var memory: CMemory = 0
  /// Face type of the model's faces; overrules what the file says. A .dfm does not say it, a PyTorch file neither, and
  /// frames need it. LIAE_FACE_TYPE_HALF to LIAE_FACE_TYPE_HEAD; LIAE_FACE_TYPE_AUTOMATIC: as the file says.
  package var faceType: CFaceType = 0
  /// Multiplications that the machine does in the time in which it reads one byte of memory, at most 10,000: it decides
  /// which layers of a large model LIAE_MEMORY_SPEED stores as taps, because their transformed weights would be waited for.
  /// Results do not depend on it. 0: measured when the model is packed, within some 50 ms.
  package var machineBalance: Float = 0
  /// Ends the call with LIAE_ERROR_CANCELLED, soon, once another thread has set it to anything but 0 with an atomic store.
  /// The caller's, valid for the call; NULL: none.
  package var cancel: UnsafePointer<Int32>? = nil
  /// Bytes of memory that the call, and the packed weights that it leaves, may take; past it LIAE_ERROR_RESOURCE_LIMIT.
  /// Mapped files do not count. 0: no limit.
  package var memoryLimit: UInt64 = 0
  /// 1: packed weights are read into memory of this process. 0: they are mapped and shared with other processes; a file
  /// that is truncated while it is mapped ends the process (SIGBUS), so that packed weights MUST be replaced by their name
  /// alone, as liae_model_save_packed() does, and never written to in place.
  package var copyPacked: Int32 = 0
  /// 1: weights that are infinite or NaN are run; 0: they are LIAE_ERROR_CORRUPT_FILE when the model is opened, and a run
  /// whose result is not finite is LIAE_ERROR_INVALID_ARGUMENT.
  package var allowNonFinite: Int32 = 0
  // 0.1 ends here; append below.
}

/// Properties of a model. Text is UTF-8, the library's, valid until liae_model_free() of the handle it was asked of.
package struct CModelInfo: GrowingStruct {
  static let smallestSize = 128
  /// sizeof(liae_model_info); set by liae_model_info_init().
  package var structSize: Int = 0
  /// Family and options: "liae-udt", "df", "amp", "xseg".
  package var architecture: UnsafePointer<CChar>? = nil
  /// "liae", "df", "amp" or "xseg".
  package var family: UnsafePointer<CChar>? = nil
  /// "dfl" or "torch": which of the two published implementations.
  package var flavour: UnsafePointer<CChar>? = nil
  /// "safetensors", "deepfacelab", "dfm" or "torch": what the file was.
  package var origin: UnsafePointer<CChar>? = nil
  /// "half_face", "midfull_face", "full_face", "whole_face", "head"; empty where neither the file nor the options say it.
  package var faceType: UnsafePointer<CChar>? = nil
  /// Assumptions about what the file could not tell, a line each; empty where nothing was.
  package var guesses: UnsafePointer<CChar>? = nil
  /// Contents of the file that a run does not use, a line each; empty where there is nothing.
  package var notes: UnsafePointer<CChar>? = nil
  /// The instruction set that runs of this model use: "avx512", "avx2" or "baseline"; on arm64 "neon" or "baseline".
  package var isa: UnsafePointer<CChar>? = nil
  /// Training iteration, -1 where the file does not say.
  package var iteration: Int64 = -1
  /// Weights that a run reads.
  package var parameterCount: UInt64 = 0
  /// Bytes of packed weights in memory.
  package var packedBytes: UInt64 = 0
  /// Side of the input, pixels.
  package var resolution: Int32 = 0
  /// Side of the returned picture, pixels. It differs from the input's in one family of networks, and is 0 for a model of
  /// LIAE_MODEL_KIND_SEGMENT, which returns none.
  package var rgbSide: Int32 = 0
  /// Side of the returned masks, pixels.
  package var maskSide: Int32 = 0
  /// LIAE_COLOR_ORDER_RGB or LIAE_COLOR_ORDER_BGR: the order of the channels of float tensors.
  package var colorOrder: CColorOrder = 0
  package var eDims: Int32 = 0
  package var aeDims: Int32 = 0
  package var dDims: Int32 = 0
  package var dMaskDims: Int32 = 0
  /// Channels of a latent code of AMP, which liae_run_options.morph is a share of; 0 in other families.
  package var interDims: Int32 = 0
  /// 1: LIAE_MODE_MORPH runs (liae, amp); 0: it is LIAE_ERROR_UNSUPPORTED (df).
  package var canMorph: Int32 = 0
  /// Share of the source's channels that AMP's training mixed in, DeepFaceLab's morph_factor, 0...1; -1 where the file
  /// does not say, and in other families.
  package var trainedMorph: Float = -1
  /// The kind says what runs return.
  package var kind: CModelKind = 0
  /// Channels of the outermost level of XSeg; 0 in other families.
  package var baseDims: Int32 = 0
  /// Zero.
  package var reserved: Int32 = 0
  // 0.1 ends here; append below.
}

/// Options of a context. liae_context_options_init() fills in defaults.
package struct CContextOptions: GrowingStruct {
  static let smallestSize = 48
  /// sizeof(liae_context_options); set by liae_context_options_init().
  package var structSize: Int = 0
  /// Threads of one run, the caller's included, 0...64; 0 is one for each processor, 1 starts none. With
  /// parallel_for: how many tasks a run makes of a step at most. The result is the same, bit for bit, for any number.
  package var threads: Int32 = 0
  /// Images computed together, 1...64. A run takes any number and works through them in groups of this size; a larger
  /// group needs more memory and does each image a little faster.
  package var maxBatch: Int32 = 1
  /// The host's thread pool in place of the context's own; NULL: the context's own. Kept until the context is gone.
  package var parallelFor: CParallelFor? = nil
  package var parallelForUserData: UnsafeMutableRawPointer? = nil
  /// NULL: none. Kept until the context is gone.
  package var progress: CProgressCallback? = nil
  package var progressUserData: UnsafeMutableRawPointer? = nil
  /// Bytes of memory that the context may take, and with it each call that uses it, frames included; past it
  /// LIAE_ERROR_RESOURCE_LIMIT. 0: no limit.
  package var memoryLimit: UInt64 = 0
  // 0.1 ends here; append below.
}

/// Properties of a context.
package struct CContextInfo: GrowingStruct {
  static let smallestSize = 24
  /// sizeof(liae_context_info); set by liae_context_info_init().
  package var structSize: Int = 0
  /// Bytes of activations and scratch; the packed weights are the model's.
  package var workspaceBytes: UInt64 = 0
  /// Threads of one run, the caller's included.
  package var threads: Int32 = 0
  package var maxBatch: Int32 = 1
  // 0.1 ends here; append below.
}

/// Options of one run. liae_run_options_init() fills in defaults: the swap.
package struct CRunOptions: GrowingStruct {
  static let smallestSize = 16
  /// sizeof(liae_run_options); set by liae_run_options_init().
  package var structSize: Int = 0
  package var mode: CMode = 0
  /// Morph factor of LIAE_MODE_MORPH, 0...1: 0 is LIAE_MODE_RECONSTRUCT_DESTINATION, 1 the swap. Not read in other
  /// modes.
  package var morph: Float = 0
  // 0.1 ends here; append below.
}

/// Time of one step of the network.
package struct CTiming: GrowingStruct {
  static let smallestSize = 48
  /// sizeof(liae_timing); set by liae_timing_init().
  package var structSize: Int = 0
  /// The step's name; the library's, valid until the context is freed.
  package var name: UnsafePointer<CChar>? = nil
  /// Name of the step's algorithm; the library's, valid until the context is freed.
  package var algorithm: UnsafePointer<CChar>? = nil
  package var nanoseconds: UInt64 = 0
  /// Multiplications and additions of the plain sum, all images.
  package var flops: UInt64 = 0
  /// Bytes of packed weights that the step reads.
  package var weightBytes: UInt64 = 0
  // 0.1 ends here; append below.
}

/// The processor and what the library makes of it.
package struct CCpu: GrowingStruct {
  static let smallestSize = 32
  /// sizeof(liae_cpu); set by liae_cpu_init().
  package var structSize: Int = 0
  /// The instruction set in use: "avx512", "avx2" or "baseline"; on arm64 "neon" or "baseline". Static.
  package var isa: UnsafePointer<CChar>? = nil
  /// Features of processor and system, a word each with blanks between, lowest first. Static.
  package var detected: UnsafePointer<CChar>? = nil
  /// Processors that this process may use.
  package var processors: Int32 = 0
  /// Zero.
  package var reserved: Int32 = 0
  // 0.1 ends here; append below.
}

/// A face of a frame. liae_face_init() fills in an empty one.
package struct CFace: GrowingStruct {
  static let smallestSize = 112
  /// sizeof(liae_face); set by liae_face_init().
  package var structSize: Int = 0
  /// x, y of each landmark in pixels of the frame; the first pixel's centre is (0, 0). The caller's.
  package var landmarks: UnsafePointer<Float>? = nil
  /// Points: 68 in iBUG's order; or 5, left eye, right eye, tip of the nose, left and right corner of the mouth, as seen
  /// in the picture.
  package var landmarkCount: Int = 0
  /// The model that swaps it, and the threads that composite it. Only liae_frame_composite() may do without.
  package var context: Handle<CContext>? = nil
  /// State of the face in a sequence of frames: averages the face's mask and colours over them. One face a call; NULL:
  /// none.
  package var smoothing: Handle<CSmoothing>? = nil
  /// Mask of LIAE_MASK_MODE_GIVEN: of the frame's size. The caller's; NULL: none.
  package var frameMask: In<CImage>? = nil
  /// XSeg's mask of the swapped face: a square of any side over the part of the frame that the model sees; NULL: none.
  package var xsegMask: In<CImage>? = nil
  /// XSeg's mask of the destination face, likewise.
  package var xsegDstMask: In<CImage>? = nil
  /// liae_frame_composite() only: the face as liae_context_run() gave it, square. Where rgb_side is less than mask_side,
  /// the context tells: the face is extended by its outermost pixels.
  package var rgb: In<CImage>? = nil
  /// liae_frame_composite() only: its mask, as large as the face; NULL where the mask mode does not need it.
  package var mask: In<CImage>? = nil
  /// liae_frame_composite() only: the mask of the destination face, likewise.
  package var dstMask: In<CImage>? = nil
  /// liae_frame_composite() only: the face enlarged 4 times, where super_resolution is not 0.
  package var enhanced: In<CImage>? = nil
  package var faceType: CFaceType = 0
  /// Motion of the face from the frame before to the frame after, pixels of a full face of 256 pixels; for motion blur.
  package var motionPower: Float = 0
  /// Direction of that movement, degrees counter-clockwise.
  package var motionDegrees: Float = 0
  /// Zero.
  package var reserved: Int32 = 0
  /// A context of a model of LIAE_MODEL_KIND_SEGMENT computes XSeg's masks that the mask mode needs and that are NULL, as
  /// DeepFaceLab's merger does. Several faces may share it; NULL: none.
  package var xsegContext: Handle<CContext>? = nil
  // 0.1 ends here; append below.
}

/// Options of compositing faces into a frame. liae_composite_options_init() fills in defaults, DeepFaceLab's.
package struct CCompositeOptions: GrowingStruct {
  static let smallestSize = 80
  /// sizeof(liae_composite_options); set by liae_composite_options_init().
  package var structSize: Int = 0
  /// Seed of the random colour transfers: IDT, IDT_M, SOT_M, MIX_M.
  package var seed: UInt64 = 0
  /// LIAE_BLEND_RAW_PREDICT, a face without a frame, is what liae_context_run() gives, and refused here.
  package var blend: CBlend = 1
  package var maskMode: CMaskMode = 4
  /// Pixels of the mask at 4 times the face's resolution; negative dilates. -400...400.
  package var erode: Int32 = 0
  /// Kernel of a Gaussian blur in the same pixels. 0...400.
  package var blur: Int32 = 0
  /// Enlargement of the face, per cent. -50...50.
  package var faceScale: Int32 = 0
  package var colorTransfer: CColorTransfer = 1
  /// 0: histograms of all pixels, else of the masked ones.
  package var maskedHistogram: Int32 = 1
  /// 0...255.
  package var histogramThreshold: Int32 = 238
  package var sharpening: CSharpening = 0
  /// Negative blurs. -100...100.
  package var sharpenAmount: Int32 = 0
  /// 0...100, of the movement in liae_face.
  package var motionBlur: Int32 = 0
  /// Share of liae_face.enhanced. 0...100.
  package var superResolution: Int32 = 0
  /// Median filtering of the whole frame. 0...500.
  package var denoise: Int32 = 0
  /// Bicubic degrading of the whole frame. 0...100.
  package var bicubicDegrade: Int32 = 0
  /// Colour degrading of the whole frame. 0...100.
  package var colorDegrade: Int32 = 0
  /// Zero.
  package var reserved: Int32 = 0
  /// Ends the call with LIAE_ERROR_CANCELLED, soon, once another thread has set it to anything but 0 with an atomic store;
  /// liae_context_cancel() does the same where a context takes part. The caller's, valid for the call; NULL: none.
  package var cancel: UnsafePointer<Int32>? = nil
  // 0.1 ends here; append below.
}

/// Options of smoothing a face of a sequence. liae_smoothing_options_init() fills in defaults.
package struct CSmoothingOptions: GrowingStruct {
  static let smallestSize = 24
  /// sizeof(liae_smoothing_options); set by liae_smoothing_options_init().
  package var structSize: Int = 0
  /// Cutoff of the landmarks' filter: Hz that pass at rest, above 0; less is steadier.
  package var cutoff: Float = 1
  /// Slope of the landmarks' filter: Hz by which that rises for a speed of one face width a second, 0 or more; more
  /// lags less.
  package var slope: Float = 1
  /// Weight of the newest mask in the average, above 0 and up to 1; 1: as it is.
  package var maskRate: Float = 1
  /// Likewise of the statistics of LIAE_COLOR_TRANSFER_RCT, _LCT, _MKL and _MKL_M.
  package var colorRate: Float = 1
  // 0.1 ends here; append below.
}

/// Direction in which a head looks.
package struct CPose: CStruct {
  /// Radians, as DeepFaceLab has them; each within -pi/2...pi/2.
  package var pitch: Float = 0
  package var yaw: Float = 0
  package var roll: Float = 0
  /// The cheaper estimate of yaw that head alignment uses, in sides of the face's template.
  package var averagedYaw: Float = 0
}
