// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeRuntime
import LiaeSwap
import LiaeSystem
import LiaeTensor

/// Faces of one frame at most: a count past it is a mistake.
private let mostFaces = 1024

/// The points at a pointer.
func landmarks(_ points: UnsafePointer<Float>?, _ count: Int, _ what: String) throws(LiaeError) -> Landmarks {
  guard Landmarks.Kind(rawValue: count) != nil else {
    throw LiaeError(.invalidArgument, "\(what): \(UInt(bitPattern: count)) points; expected 68 or 5")
  }
  let points = try require(points, what)
  try requireAligned(points, what)
  do throws(LiaeError) {
    return try Landmarks((0..<count).map { Point(Double(points[2 * $0]), Double(points[2 * $0 + 1])) })
  } catch { throw error.within(what) }
}

/// nil: as the model's file says.
func faceType(_ value: CFaceType, _ what: String) throws(LiaeError) -> FaceType? {
  let choice: FaceTypeChoice = try choice(value, what)
  switch choice {
  case .automatic: return nil
  case .half: return .half
  case .midFull: return .midFull
  case .full: return .full
  case .whole: return .whole
  case .head: return .head
  case .fullNoAlign: return .fullNoAlign
  case .headNoAlign: return .headNoAlign
  }
}

extension CFace {
  /// An array of them: each is as long as the first says that it is.
  static func readArray(_ faces: UnsafeRawPointer?, _ count: Int) throws(LiaeError) -> [CFace] {
    guard (0...mostFaces).contains(count) else {
      throw LiaeError(.invalidArgument, "face_count is \(UInt(bitPattern: count)); expected 0 to \(mostFaces)")
    }
    guard count > 0 else { return [] }
    let faces = try require(faces, "faces")
    var result: [CFace] = []
    for index in 0..<count {
      let face = try CFace.read(faces + index * (result.first?.structSize ?? 0), "faces[\(index)]")
      guard face.structSize == result.first?.structSize ?? face.structSize else {
        throw LiaeError(
          .invalidStructSize, "struct_size of faces[\(index)] is \(face.structSize), that of faces[0] is another")
      }
      result.append(face)
    }
    return result
  }

  /// - Throws: `invalidHandle` also for a context that is missing.
  func frameFace(_ index: Int) throws(LiaeError) -> FrameFace {
    let name = "faces[\(index)]"
    var result = FrameFace(
      landmarks: try LiaeABI.landmarks(landmarks, landmarkCount, "\(name).landmarks"),
      context: try openContext(name).context)
    result.type = try LiaeABI.faceType(faceType, "\(name).face_type")
    result.mask = try mask(frameMask, "\(name).frame_mask")
    result.xsegSwap = try mask(xsegMask, "\(name).xseg_mask")
    result.xsegDestination = try mask(xsegDstMask, "\(name).xseg_dst_mask")
    result.xseg = try openSegmenter(name)
    result.motion = try motion(name)
    return result
  }

  func compositeFace(_ index: Int) throws(LiaeError) -> CompositeFace {
    let name = "faces[\(index)]"
    let context = context == nil ? nil : try openContext(name).context
    var type = try LiaeABI.faceType(faceType, "\(name).face_type")
    if type == nil {
      guard let context else {
        throw LiaeError(.invalidArgument, "\(name) has neither a face_type nor a context whose model has one")
      }
      do throws(LiaeError) { type = try context.faceType() } catch { throw error.within(name) }
    }
    let points = try LiaeABI.landmarks(landmarks, landmarkCount, "\(name).landmarks")
    var rgb = try color(CImage.read(rgb, "\(name).rgb"), "\(name).rgb")
    if let context { rgb = try rgb.extended(to: context.plan.architecture) }
    var result = CompositeFace(landmarks: points, type: type ?? .full, rgb: rgb)
    result.swapMask = try mask(self.mask, "\(name).mask")
    result.destinationMask = try mask(dstMask, "\(name).dst_mask")
    result.mask = try mask(frameMask, "\(name).frame_mask")
    result.xsegSwap = try mask(xsegMask, "\(name).xseg_mask")
    result.xsegDestination = try mask(xsegDstMask, "\(name).xseg_dst_mask")
    result.segmenter = try openSegmenter(name).map { (context) throws(LiaeError) in try context.segmenter() }
    if let enhanced {
      result.enhanced = try color(try CImage.read(enhanced, "\(name).enhanced"), "\(name).enhanced")
    }
    result.motion = try motion(name)
    return result
  }

  private func openContext(_ name: String) throws(LiaeError) -> OpenContext {
    do throws(LiaeError) { return try OpenContext.registry.find(context) } catch { throw error.within(name) }
  }

  /// The context of the model that computes XSeg's masks; nil: there is none.
  ///
  /// - Throws: `invalidHandle`; `unsupported` for a model that swaps.
  func openSegmenter(_ name: String) throws(LiaeError) -> Context? {
    guard let xsegContext else { return nil }
    do throws(LiaeError) {
      let context = try OpenContext.registry.find(xsegContext).context
      try context.plan.requireSegmenting()
      return context
    } catch { throw error.within("\(name).xseg_context") }
  }

  private func color(_ image: MutableImageView, _ what: String) throws(LiaeError) -> ColorCanvas {
    do throws(LiaeError) { return try ColorCanvas(reading: ImageView(image)) } catch { throw error.within(what) }
  }

  private func mask(_ image: UnsafeRawPointer?, _ what: String) throws(LiaeError) -> MaskCanvas? {
    guard let view = try CImage.readOptional(image, what) else { return nil }
    do throws(LiaeError) { return try MaskCanvas(reading: ImageView(view)) } catch { throw error.within(what) }
  }

  private func motion(_ name: String) throws(LiaeError) -> Motion {
    guard motionPower.isFinite, motionDegrees.isFinite else {
      throw LiaeError(
        .invalidArgument, "the motion of \(name) is \(motionPower), \(motionDegrees); expected finite numbers")
    }
    return Motion(power: Double(motionPower), degrees: Double(motionDegrees))
  }
}

extension CCompositeOptions {
  /// The options at a pointer, and the flag in them that ends the call; defaults for NULL.
  static func options(_ pointer: UnsafeRawPointer?) throws(LiaeError) -> (
    composition: CompositeOptions, cancelFlag: UnsafePointer<Int32>?
  ) {
    guard let pointer else { return (CompositeOptions(), nil) }
    let options = try CCompositeOptions.read(pointer, "options")
    return (try options.options(), options.cancel)
  }

  private func options() throws(LiaeError) -> CompositeOptions {
    var result = CompositeOptions()
    result.blend = try choice(blend, "options.blend")
    result.maskMode = try choice(maskMode, "options.mask_mode")
    result.colorTransfer = try choice(colorTransfer, "options.color_transfer")
    result.sharpening = try choice(sharpening, "options.sharpening")
    (result.erode, result.blur, result.faceScale) = (Int(erode), Int(blur), Int(faceScale))
    (result.masksHistogramMatch, result.histogramThreshold) = (maskedHistogram != 0, Int(histogramThreshold))
    (result.sharpenAmount, result.motionBlur) = (Int(sharpenAmount), Int(motionBlur))
    (result.superResolution, result.denoise) = (Int(superResolution), Int(denoise))
    (result.bicubicDegrade, result.colorDegrade, result.seed) = (Int(bicubicDegrade), Int(colorDegrade), seed)
    do throws(LiaeError) { try result.check() } catch { throw error.within("options") }
    return result
  }
}
