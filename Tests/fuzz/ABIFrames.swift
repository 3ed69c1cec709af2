// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeABI
import LiaeFrame
import LiaeSystem
import LiaeTensor

/// An image as it is described, and all of its memory.
struct Described {
  var image: CImage
  var block: UnsafeMutableRawPointer
  var bytes: Int
  /// Every value is within 0...1.
  var isInRange = true
}

/// Faces in frames: liae.h 7 and 8.
extension Caller {
  func frames(_ call: UInt8) {
    switch call {
    case 0, 1: swap(beside: false)
    case 2: swap(beside: true)
    case 3, 4, 5: swapFaces()
    case 6, 7, 8: composite()
    case 9: align()
    case 10: transform()
    case 11: transformPoints()
    case 12: warp()
    case 13: landmarkMask()
    case 14: input.oneIn(2) ? smoothing() : pose()
    default: initializeFrames()
    }
  }

  // MARK: - Calls

  private func swap(beside: Bool) {
    let context = chosen(contexts, models)
    let frame = frame()
    let (landmarks, count) = landmarks(in: frame)
    let options = compositeOptions()
    let result = output(like: frame)
    let companion = beside ? Companion(context, models.last?.handle, input.next(), input.next()) : nil
    keepingOnFailure([result], "frame_swap", inRange: frame.isInRange) {
      liaeFrameSwap(context, place(frame), landmarks, count, options, result.flatMap { place($0) })
    } check: {
      expect($0, "frame_swap", of: context)
    }
    for freed in companion?.join() ?? [] { live.remove(freed) }
  }

  private func swapFaces() {
    let frame = frame()
    let options = compositeOptions()
    let run = runOptions()
    let (faces, count, used) = faces(in: frame, isWithPictures: false)
    let (result, mask) = (output(like: frame), output(like: frame, format: 5))
    keepingOnFailure([result, mask], "frame_swap_faces", inRange: frame.isInRange) {
      liaeFrameSwapFaces(
        place(frame), faces, count, options, run, result.flatMap { place($0) }, mask.flatMap { place($0) })
    } check: { status in
      expect(status, "frame_swap_faces")
      precondition(status != 0 || used.allSatisfy { $0.map { live.contains($0) } == true }, "a dead context")
    }
  }

  private func composite() {
    let frame = frame()
    let options = compositeOptions()
    let (faces, count, used) = faces(in: frame, isWithPictures: true)
    let (result, mask) = (output(like: frame), output(like: frame, format: 5))
    keepingOnFailure([result, mask], "frame_composite", inRange: false) {
      liaeFrameComposite(place(frame), faces, count, options, result.flatMap { place($0) }, mask.flatMap { place($0) })
    } check: { status in
      expect(status, "frame_composite")
      precondition(status != 0 || used.allSatisfy { $0.map { live.contains($0) } != false }, "a dead context")
    }
  }

  private func align() {
    let context = chosen(contexts, models)
    let frame = frame()
    let (landmarks, count) = landmarks(in: frame)
    let (type, options) = (input.enumeration(0...7), compositeOptions())
    let side = contexts.first { $0.handle == context }?.sides.face ?? 32
    let face = image(side, side)
    let matrix = input.oneIn(4) ? nil : matrixMemory(nil)
    keepingOnFailure([face], "frame_align", inRange: frame.isInRange) {
      liaeFrameAlign(context, place(frame), landmarks, count, type, options, place(face), matrix)
    } check: {
      expect($0, "frame_align", of: context)
    }
  }

  private func transform() {
    let (landmarks, count) = landmarks(in: nil)
    let type = input.enumeration(0...7)
    let size = input.integer([64, 256, 1, 16384])
    let scale = Double(input.oneIn(4) ? input.float() * 3 : 1)
    let matrix = input.oneIn(32) ? nil : matrixMemory(nil)
    let status = liaeFaceTransform(landmarks, count, type, size, scale, matrix)
    expect(status, "face_transform")
    guard let matrix else { return }
    let values = (0..<6).map { matrix[$0] }
    precondition(status == 0 ? values.allSatisfy { $0.isFinite } : values.allSatisfy { $0 == 42 })
  }

  private func transformPoints() {
    let counts = [input.next(below: 64), -1, 65_537, .max, .min]
    let count = counts[max(0, Int(input.next()) - 256 + counts.count)]
    let described = max(0, min(count, 64))
    let (points, shift) = (memory.allocate(described * 8 + 2), input.oneIn(32) ? 2 : 0)
    for i in 0..<2 * described {
      points.storeBytes(of: input.float() * 100, toByteOffset: 4 * i, as: Float.self)
    }
    let isInPlace = input.oneIn(2)
    let result = isInPlace ? points : memory.allocate(described * 8)
    let to = input.oneIn(32) ? nil : result.assumingMemoryBound(to: Float.self)
    let from = input.oneIn(32) ? nil : (points + shift).assumingMemoryBound(to: Float.self)
    let status = liaePointsTransform(matrix(), Int32(input.next() % 2), from, count, to)
    expect(status, "points_transform")
  }

  private func warp() {
    let frame = frame()
    let side = 1 + input.next(below: 64)
    let result = image(side, input.oneIn(16) ? side + 1 : side, isFixed: false)
    let (matrix, filter) = (matrix(), input.enumeration(0...1))
    keepingOnFailure([result], "image_warp", inRange: frame.isInRange) {
      liaeImageWarp(place(frame), matrix, filter, place(result))
    } check: {
      expect($0, "image_warp")
    }
  }

  private func landmarkMask() {
    let (landmarks, count) = landmarks(in: nil)
    let mask = image(1 + input.next(below: 96), 1 + input.next(below: 96), isFixed: false)
    let (kind, expansion) = (input.enumeration(0...2), input.float() * 2)
    keepingOnFailure([mask], "landmark_mask", inRange: true) {
      liaeLandmarkMask(landmarks, count, kind, expansion, place(mask))
    } check: {
      expect($0, "landmark_mask")
    }
  }

  private func pose() {
    let (landmarks, count) = landmarks(in: nil)
    let pose = memory.allocate(MemoryLayout<CPose>.size)
    let status = liaeFacePose(landmarks, count, input.oneIn(32) ? nil : pose)
    expect(status, "face_pose")
    guard status == 0 else { return }
    let found = pose.load(as: CPose.self)
    for angle in [found.pitch, found.yaw, found.roll] { precondition(abs(angle) < 1.6, "face_pose: \(angle)") }
  }

  /// A sequence of frames of one face: begun, steadied, begun anew, ended.
  private func smoothing() {
    let newest = smoothings.last
    switch input.next(below: 4) {
    case 0:
      var options = zeroed(CSmoothingOptions.self)
      (options.cutoff, options.slope) = (input.float(), input.float())
      (options.maskRate, options.colorRate) = (input.float(), input.float())
      let made = input.oneIn(4) ? nil : memory.place(options, claiming: input.structSize(of: CSmoothingOptions.self))
      var handle: OpaquePointer? = OpaquePointer(bitPattern: 0xbad)
      let status = liaeSmoothingCreate(made, &handle)
      expect(status, "smoothing_create")
      precondition((status == 0) == (handle != nil))
      if let handle { smoothings.append(handle) }
    case 1:
      let (landmarks, count) = landmarks(in: nil)
      let result = memory.allocate(68 * 8).assumingMemoryBound(to: Float.self)
      let seconds = Double(input.float())
      expect(
        liaeSmoothingLandmarks(newest, landmarks, count, seconds, input.oneIn(16) ? nil : result), "smoothing_landmarks"
      )
    case 2: expect(liaeSmoothingReset(input.oneIn(4) ? chosen(contexts, models) : newest), "smoothing_reset")
    default:
      expect(liaeSmoothingFree(newest), "smoothing_free")
      if newest != nil { smoothings.removeLast() }
    }
  }

  private func initializeFrames() {
    let sizes = [0, 7, 8, 79, 80, 88, 103, 104, 112, 4096, 4097, .max, -1, .min, Int(input.next())]
    let size = sizes[input.next(below: sizes.count)]
    let block = input.oneIn(16) ? nil : memory.allocate(size >= 0 && size <= 4096 ? size : 1)
    if input.oneIn(2) {
      expect(liaeFaceInit(block, size), "face_init")
    } else {
      expect(liaeCompositeOptionsInit(block, size), "composite_options_init")
    }
  }

  // MARK: - What must hold after them

  /// Outputs of a call that fails are as they were; floats of one that succeeds are numbers where what came in was in
  /// range, and masks are within 0...1.
  private func keepingOnFailure(
    _ outputs: [Described?], _ call: StaticString, inRange: Bool, _ run: () -> Int32, check: (Int32) -> Void
  ) {
    let before = outputs.map { output in
      output.map { Array(UnsafeRawBufferPointer(start: $0.block, count: $0.bytes)) } ?? []
    }
    let status = run()
    check(status)
    // A pool of the host's that does not do what it is asked leaves pixels that nobody has computed.
    let isComputed = inRange && hooks.allSatisfy { $0.isHonest }
    for (output, before) in zip(outputs, before) {
      guard let output else { continue }
      if status != 0 {
        precondition(memcmp(output.block, before, output.bytes) == 0, "\(call): an output of a failed call has changed")
      } else if isComputed, let format = PixelFormat(rawValue: output.image.format), format.isFloat {
        for y in 0..<Int(output.image.height) {
          for x in 0..<Int(output.image.width) * format.channels {
            let value = output.block.load(fromByteOffset: y * output.image.stride + 4 * x, as: Float.self)
            precondition(value.isFinite, "\(call): \(value) at \(x), \(y)")
          }
        }
      }
    }
  }

  // MARK: - Arguments

  private func place(_ described: Described) -> UnsafeMutableRawPointer? {
    if input.oneIn(64) { return nil }
    let result = memory.allocate(MemoryLayout<CImage>.stride)
    result.storeBytes(of: described.image, as: CImage.self)
    return result
  }

  private func frame() -> Described {
    let (width, height) = (input.next(), input.next())
    // Where the program has ended: as wide as tall.
    return image(width == 0 ? 64 : 1 + Int(width) % 96, height == 0 ? 64 : 1 + Int(height) % 96, isFixed: false)
  }

  /// Another image of the frame's size, or the frame itself; sometimes not wanted.
  private func output(like frame: Described, format: Int32? = nil) -> Described? {
    if input.oneIn(8) { return nil }
    // The mask is never the frame: outputs may not overlap.
    if format == nil, input.oneIn(4) { return frame }
    return image(Int(frame.image.width), Int(frame.image.height))
  }

  /// A face that the frame shows, which the input then distorts.
  private func landmarks(in frame: Described?) -> (UnsafePointer<Float>?, Int) {
    let (width, height) = (Double(frame?.image.width ?? 64), Double(frame?.image.height ?? 64))
    let size = (0.2 + Double(input.next()) / 64) * max(min(width, height), 1) / 150
    let (x, y) = (
      width * 0.5 + Double(Int8(bitPattern: input.next())), height * 0.5 + Double(Int8(bitPattern: input.next()))
    )
    let angle = Double(Int8(bitPattern: input.next())) / 40
    var points = FaceTemplate.solid.map { p in
      Point(x + size * (p.x * cos(angle) - p.y * sin(angle)), y + size * (p.x * sin(angle) + p.y * cos(angle)))
    }
    if input.oneIn(4) { points = [36, 45, 30, 48, 54].map { points[$0] } }
    switch input.next() % 16 {
    case 8: for i in points.indices { points[i] = points[0] }
    case 9: for i in points.indices { points[i].y = points[i].x * 2 }
    case 10: for i in points.indices { points[i] *= 1e4 }
    case 11: for i in points.indices { points[i] *= 1e-3 }
    case 12: for i in points.indices { points[i] += Point(Double(input.next()), Double(input.next())) / 16 }
    case 13: for i in points.indices { points[i].x = -points[i].x }
    case 14: points[input.next(below: points.count)].x = Double(input.float()) * 1e5
    case 15: points[input.next(below: points.count)].y = Double(input.float())
    default: break
    }
    let shift = input.oneIn(64) ? 2 : 0
    let block = memory.allocate(points.count * 8 + shift)
    for (i, point) in points.enumerated() {
      block.storeBytes(of: Float(point.x), toByteOffset: 8 * i, as: Float.self)
      block.storeBytes(of: Float(point.y), toByteOffset: 8 * i + 4, as: Float.self)
    }
    let count = input.oneIn(64) ? [0, 4, 6, 67, 69, -1, .max, .min][input.next(below: 8)] : points.count
    return (input.oneIn(64) ? nil : UnsafePointer((block + shift).assumingMemoryBound(to: Float.self)), count)
  }

  private func compositeOptions() -> UnsafeMutableRawPointer? {
    guard !input.oneIn(4) else { return nil }
    let size = MemoryLayout<CCompositeOptions>.size
    let made = memory.allocate(size)
    precondition(liaeCompositeOptionsInit(made, size) == 0)
    var options = made.load(as: CCompositeOptions.self)
    for _ in 0..<input.next(below: 6) {
      switch input.next(below: 16) {
      case 0: options.blend = input.enumeration(0...6)
      case 1: options.maskMode = input.enumeration(0...10)
      case 2: options.erode = input.integer([5, -5, 40, -400, 400, 1])
      case 3: options.blur = input.integer([10, 1, 400, 35])
      case 4: options.faceScale = input.integer([10, -10, 50, -50])
      case 5: options.colorTransfer = input.enumeration(0...8)
      case 6: options.maskedHistogram = input.integer([0, 1])
      case 7: options.histogramThreshold = input.integer([255, 238, 0, 1])
      case 8: options.sharpening = input.enumeration(0...2)
      case 9: options.sharpenAmount = input.integer([10, -10, 100, -100])
      case 10: options.motionBlur = input.integer([50, 100])
      case 11: options.superResolution = input.integer([50, 100, 1])
      case 12: options.denoise = input.integer([10, 35, 101])
      case 13: options.bicubicDegrade = input.integer([10, 100, 50])
      case 14: options.colorDegrade = input.integer([10, 100])
      default: options.seed = UInt64(input.next())
      }
    }
    return memory.place(options, claiming: input.structSize(of: CCompositeOptions.self))
  }

  /// - Returns: the array, what is said of its length, and the contexts of its faces.
  private func faces(in frame: Described, isWithPictures: Bool) -> (UnsafeMutableRawPointer?, Int, [OpaquePointer?]) {
    let described = [1, 1, 2, 3, 0][input.next(below: 5)]
    let claimed = input.structSize(of: CFace.self)
    // A size that nobody may believe is not backed by memory.
    let stride = (8...4096).contains(claimed) ? claimed : 8
    let array = memory.allocate(max(described * stride, 8))
    var used: [OpaquePointer?] = []
    for index in 0..<described {
      let (face, context) = face(in: frame, isWithPictures: isWithPictures)
      used.append(context)
      let size = input.oneIn(64) ? input.structSize(of: CFace.self) : claimed
      let bytes = memory.place(face, claiming: claimed)
      (array + index * stride).copyMemory(from: bytes, byteCount: stride)
      (array + index * stride).storeBytes(of: size, as: Int.self)
    }
    let count = input.oneIn(64) ? [-1, 1025, .max, .min][input.next(below: 4)] : described
    return (input.oneIn(64) ? nil : array, count, used)
  }

  private func face(in frame: Described, isWithPictures: Bool) -> (CFace, OpaquePointer?) {
    var face = zeroed(CFace.self)
    let (landmarks, count) = landmarks(in: frame)
    (face.landmarks, face.landmarkCount) = (landmarks, count)
    face.context = input.oneIn(8) ? nil : chosen(contexts, models)
    face.faceType = input.enumeration(0...7)
    if input.oneIn(4) { face.motionPower = input.float() * 50 }
    if input.oneIn(4) { face.motionDegrees = input.float() * 360 }
    func optional(_ described: Described) -> UnsafeRawPointer? { place(described).map { UnsafeRawPointer($0) } }
    if input.oneIn(4) {
      face.frameMask = optional(image(Int(frame.image.width), Int(frame.image.height), isFixed: false))
    }
    if input.oneIn(4) { face.xsegMask = optional(square()) }
    if input.oneIn(4) { face.xsegDstMask = optional(square()) }
    if input.oneIn(4) { face.smoothing = smoothings.last }
    guard isWithPictures || input.oneIn(16) else { return (face, face.context) }
    let sides = contexts.first { $0.handle == face.context }?.sides ?? Sides()
    let side = input.oneIn(8) ? 1 + input.next(below: 64) : sides.rgb
    face.rgb = optional(image(side, side, isFixed: false))
    let maskSide = input.oneIn(16) ? side : sides.mask
    if !input.oneIn(16) { face.mask = optional(image(maskSide, maskSide, isFixed: false)) }
    if !input.oneIn(16) { face.dstMask = optional(image(maskSide, maskSide, isFixed: false)) }
    if input.oneIn(4) { face.enhanced = optional(image(maskSide * 4, maskSide * 4, isFixed: false)) }
    return (face, face.context)
  }

  private func square() -> Described {
    let side = 1 + input.next(below: 64)
    return image(side, side, isFixed: false)
  }

  private func matrixMemory(_ values: [Double]?) -> UnsafeMutablePointer<Double> {
    let shift = input.oneIn(64) ? 4 : 0
    let block = memory.allocate(48 + shift)
    for i in 0..<6 { block.storeBytes(of: values?[i] ?? 42, toByteOffset: 8 * i, as: Double.self) }
    return (block + (values == nil ? 0 : shift)).assumingMemoryBound(to: Double.self)
  }

  private func matrix() -> UnsafePointer<Double>? {
    if input.oneIn(64) { return nil }
    let scale = input.oneIn(2) ? Double(input.float()) * 4 : 1
    let angle = Double(Int8(bitPattern: input.next())) / 40
    var values = [
      scale * cos(angle), -scale * sin(angle), Double(Int8(bitPattern: input.next())), scale * sin(angle),
      scale * cos(angle), Double(Int8(bitPattern: input.next())),
    ]
    let odd = [Double.nan, .infinity, 1e300, -1e15, 0, 1e-300, 1e9]
    if input.oneIn(4) { values[input.next(below: 6)] = odd[input.next(below: odd.count)] }
    return UnsafePointer(matrixMemory(values))
  }
}
