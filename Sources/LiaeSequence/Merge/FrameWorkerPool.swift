// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// The way in which a sequence is spread over the processors.
package enum Parallelism: String, CaseIterable, Sendable {
  /// Frames where that is possible and there are enough of them.
  case auto
  /// Several frames at once, each on one thread: the higher throughput.
  case frames
  /// One frame at a time on all threads: the least memory.
  case frame
}

/// A frame with its faces swapped.
package struct SwappedFrame {
  package var picture: Picture
  /// Mask of the pixels that were changed, gray; float where the picture is.
  package var mask: Picture
  package var faces: [SwappedFace]
}

/// One model on several workers, each of which swaps the faces of one frame at a time.
package final class FrameWorkerPool: @unchecked Sendable {
  package let settings: MergeSettings
  package let workers: Int
  private let swapper: FrameSwapper
  private let plan: Plan
  /// One for each worker, which is the only one to use it; of the model that swaps, and of the XSeg model if there is one.
  private let contexts, xsegContexts: [Context]
  /// The side of the model's faces.
  let side: Int
  /// A text that tells this model from others.
  var modelIdentity: String { plan.identity }
  /// The same of the XSeg model; nil where there is none.
  let xsegIdentity: String?
  private let faceType: FaceType
  /// The smoothings of faces by their tracks, used with one worker only.
  private var smoothings: [Int: FaceSmoothing] = [:]
  private var lastSmoothed: Int?

  /// - Parameters:
  ///   - xseg: the XSeg model, for masks that take it; nil: the masks that aligned faces have are taken.
  ///   - threads: of all workers together; 0: one for each processor.
  ///   - frames: of the sequence; nil where that is not known.
  ///   - computesAllMasks: also those that the mask mode does not need.
  /// - Throws: `invalidArgument` where nobody says the model's face type, and for frames at once that need each other;
  ///   `unsupported` for a morph of a model that cannot, and for models of the other kind; `outOfMemory`,
  ///   `threadFailure`.
  package init(
    _ plan: Plan, xseg: Plan? = nil, settings: MergeSettings, threads: Int, parallelism: Parallelism, frames: Int?,
    computesAllMasks: Bool = false
  ) throws(LiaeError) {
    self.settings = settings
    guard let type = settings.faceType ?? plan.info.faceType.flatMap({ FaceType(rawValue: $0) }) else {
      throw LiaeError(
        .invalidArgument,
        "the model does not say which face type it was trained on; --face-type does, as whole_face")
    }
    try plan.checkRunnable(settings.runMode)
    try xseg?.requireSegmenting()
    (faceType, self.plan, xsegIdentity) = (type, plan, xseg?.identity)
    side = plan.architecture.resolution
    swapper = FrameSwapper(
      options: settings.options, mode: settings.runMode, computesAllMasks: computesAllMasks)
    let threads = threads > 0 ? threads : processorCount()
    var inFrames = parallelism == .frames
    if parallelism == .auto { inFrames = !settings.isSequential && (frames ?? .max) / 2 >= threads }
    if inFrames && settings.isSequential {
      throw LiaeError(
        .invalidArgument, "--parallel frames: --smooth-mask and --smooth-color need one frame after the other")
    }
    workers = inFrames ? threads : 1
    var (contexts, xsegContexts): ([Context], [Context]) = ([], [])
    for _ in 0..<workers {
      var options = ContextOptions()
      options.threads = inFrames ? 1 : threads
      contexts.append(try Context(plan: plan, options: options))
      if let xseg, settings.options.maskMode.needsXSeg || computesAllMasks {
        xsegContexts.append(try Context(plan: xseg, options: options))
      }
    }
    (self.contexts, self.xsegContexts) = (contexts, xsegContexts)
  }

  /// Returns a pool of the same model and workers with other settings; only one of the two is used at a time. All masks
  /// are
  ///
  /// - Throws: `unsupported` for a morph of a model that cannot.
  func with(_ settings: MergeSettings) throws(LiaeError) -> FrameWorkerPool {
    try plan.checkRunnable(settings.runMode)
    return FrameWorkerPool(self, settings: settings)
  }

  private init(_ other: FrameWorkerPool, settings: MergeSettings) {
    (self.settings, workers, contexts) = (settings, other.workers, other.contexts)
    (xsegContexts, xsegIdentity) = (other.xsegContexts, other.xsegIdentity)
    (side, plan, faceType) = (other.side, other.plan, settings.faceType ?? other.faceType)
    swapper = FrameSwapper(options: settings.options, mode: settings.runMode, computesAllMasks: true)
  }

  /// Swaps all faces of a frame. The result has the frame's alpha; a gray frame's is RGB.
  ///
  /// - Parameters:
  ///   - worker: in 0..<workers; one frame at a time each.
  ///   - number: of the frame in its sequence.
  ///   - mask: for the mask mode `given`.
  ///   - isFloat: whether the result is a float picture, as it always is of a float frame.
  ///   - predicted: what the model made of these faces in another call, with all masks; nil: it is run.
  func swap(
    _ frame: Picture, _ detected: [DetectedFace], number: Int, worker: Int, mask: MaskCanvas?, isFloat: Bool = false,
    predicted: [SwappedFace]? = nil
  ) throws(LiaeError) -> SwappedFrame {
    let isFloat = isFloat || frame.format.isFloat
    let result = try Picture(
      unfilledWidth: frame.width, height: frame.height, format: frame.format.inColor(isFloat: isFloat))
    let alpha = try Picture(unfilledWidth: frame.width, height: frame.height, format: isFloat ? .grayFloat : .gray8)
    beginFrame(number)
    var faces: [FrameFace] = []
    for face in detected { faces.append(try frameFace(face, worker, mask)) }
    let swapped = try swapper.swap(
      frame.view, faces, predicted: predicted, into: result.mutableView, mask: alpha.mutableView)
    endFrame(number)
    withExtendedLifetime((frame, result, alpha)) {}
    return SwappedFrame(picture: result, mask: alpha, faces: swapped)
  }

  /// The faces alone, as the model returns them, each with the mask of the mask mode. Parameters as those of `swap`.
  func predict(_ frame: Picture, _ detected: [DetectedFace], number: Int, worker: Int, mask: MaskCanvas?)
    throws(LiaeError) -> [SwappedFrame]
  {
    defer { withExtendedLifetime(frame) {} }
    beginFrame(number)
    var results: [SwappedFrame] = []
    for face in detected {
      let raw = try swapper.rawPrediction(frame.view, frameFace(face, worker, mask))
      results.append(
        SwappedFrame(
          picture: try Picture(raw.picture, format: .rgb8), mask: try Picture(raw.mask, format: .gray8),
          faces: [raw.face]))
    }
    if !detected.isEmpty { endFrame(number) }
    return results
  }

  /// Averages begin anew where the frame before had no face or failed.
  private func beginFrame(_ number: Int) {
    if settings.isSequential, lastSmoothed != number - 1 { smoothings = [:] }
  }

  private func endFrame(_ number: Int) {
    if settings.isSequential { lastSmoothed = number }
  }

  private func frameFace(_ face: DetectedFace, _ worker: Int, _ mask: MaskCanvas?) throws(LiaeError) -> FrameFace {
    let landmarks: Landmarks
    do throws(LiaeError) { landmarks = try Landmarks(face.points) } catch { throw error.within(face.origin) }
    var result = FrameFace(landmarks: landmarks, context: contexts[worker])
    (result.type, result.name) = (faceType, face.origin)
    result.mask = mask
    result.motion = face.motion
    if !xsegContexts.isEmpty {
      result.xseg = xsegContexts[worker]
    } else if settings.options.maskMode.needsXSegDestination {
      result.xsegDestination = try xsegMask(face, landmarks)
    }
    if settings.isSequential {
      let smoothing =
        smoothings[face.track] ?? FaceSmoothing(mask: settings.maskSmoothing, color: settings.colorSmoothing)
      smoothings[face.track] = smoothing
      result.smoothing = smoothing
    }
    return result
  }

  private func xsegMask(_ face: DetectedFace, _ landmarks: Landmarks) throws(LiaeError) -> MaskCanvas {
    guard let stored = face.xseg else {
      throw LiaeError(
        .unsupported,
        "\(face.origin): has no xseg mask; `liae-infer xseg apply` and DeepFaceLab write one, --xseg computes it, or choose another mask mode"
      )
    }
    let placement: FacePlacement
    do throws(LiaeError) { placement = try FacePlacement(landmarks, type: faceType) } catch {
      throw error.within(face.origin)
    }
    return try stored.canvas(placement)
  }
}

extension PixelFormat {
  /// RGB, or RGBA where this has alpha.
  fileprivate func inColor(isFloat: Bool) -> PixelFormat {
    channels == 4 ? (isFloat ? .rgbaFloat : .rgba8) : isFloat ? .rgbFloat : .rgb8
  }
}
