// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeABI
import LiaeSystem
import LiaeTensor

extension Caller {
  /// The newest that is alive, or another one; one in four is freed, of the other kind, or no handle.
  func chosen(_ right: [Held], _ wrong: [Held]) -> OpaquePointer? {
    let byte = Int(input.next())
    if byte < 192 {
      let alive = right.filter { live.contains($0.handle) }
      return alive.isEmpty ? right.last?.handle : alive[alive.count - 1 - byte % alive.count].handle
    }
    if byte < 208 { return right.isEmpty ? nil : right[byte % right.count].handle }
    if byte < 224 { return wrong.isEmpty ? nil : wrong[byte % wrong.count].handle }
    let bits = right.first.map { UInt(bitPattern: $0.handle) } ?? 0x15
    let forged: [UInt] = [0, 1, 5, 9, 16, .max, bits ^ 1 << 4, bits ^ 1 << 24, bits ^ 1 << 63, bits &+ 1]
    return OpaquePointer(bitPattern: forged[byte % forged.count])
  }

  private func sides(of context: OpaquePointer?) -> Sides {
    contexts.first { $0.handle == context }?.sides ?? Sides()
  }

  func runOptions() -> UnsafeMutableRawPointer? {
    guard !input.oneIn(3) else { return nil }
    var options = zeroed(CRunOptions.self)
    options.mode = input.enumeration(0...3)
    options.morph = input.float()
    return memory.place(options, claiming: input.structSize(of: CRunOptions.self))
  }

  // MARK: - Described images

  /// - Parameter beside: another thread uses the context, and frees it, at the same time.
  func run(beside: Bool) {
    let context = chosen(contexts, models)
    let sides = sides(of: context)
    let options = runOptions()
    let isBatch = input.oneIn(2)
    let counts = [1, 2, 3, 5, 9, 0, -1, 65_537, .max, .min]
    let count = isBatch ? counts[min(input.next(below: 16), counts.count - 1)] : 1
    let described = (1...16).contains(count) ? count : 1
    let face = input.oneIn(32) ? nil : images(described, side: sides.face)
    let rgb = input.oneIn(4) ? nil : images(described, side: sides.rgb)
    let mask = input.oneIn(3) ? nil : images(described, side: sides.mask)
    let second = input.oneIn(2) ? nil : images(described, side: sides.mask)
    let companion = beside ? Companion(context, models.last?.handle, input.next(), input.next()) : nil
    if isBatch {
      expect(liaeContextRunBatch(context, options, count, face, rgb, mask, second), "run_batch", of: context)
    } else {
      expect(liaeContextRun(context, options, face, rgb, mask, second), "run", of: context)
    }
    for freed in companion?.join() ?? [] { live.remove(freed) }
  }

  /// `count` descriptions, most of them right.
  private func images(_ count: Int, side: Int) -> UnsafeMutableRawPointer {
    let size = MemoryLayout<CImage>.stride
    let block = memory.allocate(count * size)
    for index in 0..<count {
      block.storeBytes(of: image(side, side).image, toByteOffset: index * size, as: CImage.self)
    }
    return block
  }

  /// A description with its memory, most of them right. Values repeat, or differ from pixel to pixel.
  ///
  /// - Parameter isFixed: the library knows the size, so that another one needs no memory: it is refused. Where it takes
  ///   any size, what is said is true as far as it can be believed.
  func image(_ width: Int, _ height: Int, isFixed: Bool = true) -> Described {
    var image = zeroed(CImage.self)
    image.format = input.enumeration(1...10)
    (image.width, image.height) = (Int32(clamping: width), Int32(clamping: height))
    if input.oneIn(32) { image.width = input.integer([1, Int32(clamping: width + 1)]) }
    if input.oneIn(32) { image.height = input.integer([1, Int32(clamping: height - 1)]) }
    if !isFixed {
      // Nobody has so much memory to show.
      if image.width > 256 { image.width = -image.width }
      if image.height > 256 { image.height = -image.height }
    }
    let format = PixelFormat(rawValue: image.format)
    let row = Int(clamping: Int64(image.width) * Int64(format?.size ?? 1))
    image.stride = row
    if input.oneIn(4) {
      // None is so wide that the library would take it for a promise of memory that is not there.
      let strides = [row + 1, row + 4, row + 64, row &- 1, 0, -row, .max, .min]
      image.stride = strides[input.next(below: strides.count)]
    }
    let shift = input.oneIn(16) ? 1 : 0
    let isSize = isFixed ? (image.width, image.height) == (Int32(clamping: width), Int32(clamping: height)) : true
    let isRight =
      format != nil && isSize && image.width > 0 && image.height > 0 && image.stride >= row
      && (image.stride <= row + 64 || image.height == 1)
    let bytes = isRight ? (Int(image.height) - 1) * image.stride + row : 1
    let block = memory.allocate(bytes + shift)
    var described = Described(image: image, block: block + shift, bytes: bytes)
    if format?.isFloat == true && isRight {
      let value = input.float()
      for offset in stride(from: 0, through: bytes - 4, by: 4) {
        block.storeBytes(of: value, toByteOffset: offset, as: Float.self)
      }
      let pixel = input.oneIn(8) ? input.float() : value
      block.storeBytes(of: pixel, toByteOffset: Int(input.next16()) % (bytes / 4) * 4, as: Float.self)
      described.isInRange = (0...1).contains(value) && (0...1).contains(pixel)
      if !isFixed, described.isInRange {
        texture(bytes / 4) { block.storeBytes(of: Float($1) / 255, toByteOffset: 4 * $0, as: Float.self) }
      }
    } else {
      memset(block, Int32(input.next()), bytes + shift)
      if !isFixed { texture(bytes) { block.storeBytes(of: $1, toByteOffset: $0, as: UInt8.self) } }
    }
    described.image.pixels = input.oneIn(32) ? nil : block + shift
    return described
  }

  /// Three in four times.
  private func texture(_ count: Int, _ store: (Int, UInt8) -> Void) {
    let seed = input.next()
    guard seed % 4 != 3 else { return }
    var state = UInt32(seed) &* 2_654_435_761 | 1
    for i in 0..<count {
      state = state &* 1_664_525 &+ 1_013_904_223
      store(i, UInt8(truncatingIfNeeded: state >> 24))
    }
  }

  // MARK: - Tensors

  func runTensors() {
    let context = chosen(contexts, models)
    let sides = sides(of: context)
    let options = runOptions()
    let n = 1 + input.next(below: 3)
    let faces = tensor(n * sides.face * sides.face * 3)
    let rgb = input.oneIn(4) ? nil : tensor(n * sides.rgb * sides.rgb * 3)
    let mask = input.oneIn(3) ? nil : tensor(n * sides.mask * sides.mask)
    let second = input.oneIn(2) ? nil : tensor(n * sides.mask * sides.mask)
    let status = liaeContextRunTensors(context, options, input.oneIn(32) ? nil : faces, rgb, mask, second)
    expect(status, "run_tensors", of: context)
  }

  private func tensor(_ elements: Int) -> UnsafeMutableRawPointer {
    var tensor = zeroed(CTensor.self)
    tensor.count = elements
    // A count that fits another number of images would be believed.
    if input.oneIn(16) {
      tensor.count = [0, 1, elements - 1, elements + 1, -elements, .max, .min][input.next(below: 7)]
    }
    let shift = input.oneIn(16) ? 2 : 0
    let block = memory.allocate(max(elements, 1) * 4 + shift)
    let value = input.float()
    for index in 0..<elements { block.storeBytes(of: value, toByteOffset: index * 4, as: Float.self) }
    tensor.data = input.oneIn(16) ? nil : block + shift
    let result = memory.allocate(MemoryLayout<CTensor>.stride)
    result.storeBytes(of: tensor, as: CTensor.self)
    return result
  }
}

/// The functions that a host hands to a context: callbacks, some of which keep no promise.
final class Hook {
  private let progressKind, poolKind: UInt8
  private var steps = 0
  var context: OpaquePointer?

  init(_ progressKind: UInt8, _ poolKind: UInt8) { (self.progressKind, self.poolKind) = (progressKind, poolKind) }

  /// True if all tasks are run that are asked for.
  var isHonest: Bool { ![3, 4].contains(poolKind % 8) }

  var userData: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  /// Nothing, or a count, or cancels at some step, or what is no context.
  var progress: CProgressCallback? {
    guard progressKind % 4 != 0 else { return nil }
    return { raw, share in
      guard let raw else { return }
      let hook = Unmanaged<Hook>.fromOpaque(raw).takeUnretainedValue()
      precondition(share > 0 && share <= 1)
      hook.steps += 1
      if hook.progressKind % 4 == 2 { precondition(liaeContextCancel(nil) == Status.invalidHandle.rawValue) }
      if hook.progressKind % 4 == 1, hook.steps % 64 == Int(hook.progressKind / 4) {
        precondition(hook.context == nil || liaeContextCancel(hook.context) != Status.internalError.rawValue)
      }
    }
  }

  /// The context's own, or one after another, or backwards, or never, or with indices that were not asked for.
  var parallelFor: CParallelFor? {
    switch poolKind % 8 {
    case 1: return { _, count, task, context in for index in 0..<count { task(context, index) } }
    case 2: return { _, count, task, context in for index in (0..<count).reversed() { task(context, index) } }
    case 3: return { _, _, _, _ in }
    case 4: return { _, count, task, context in for index in [count, -1, .max, .min, 0, 0] { task(context, index) } }
    default: return nil
    }
  }
}

/// Another thread that does what it likes to a context that runs.
final class Companion: @unchecked Sendable {
  private let context, model: OpaquePointer?
  private let first, second: UInt8
  private var thread = pthread_t()
  private var hasStarted = false
  private var freed: [OpaquePointer] = []

  init(_ context: OpaquePointer?, _ model: OpaquePointer?, _ first: UInt8, _ second: UInt8) {
    (self.context, self.model, self.first, self.second) = (context, model, first, second)
    hasStarted =
      pthread_create(
        &thread, nil,
        { raw in
          if let raw { Unmanaged<Companion>.fromOpaque(raw).takeUnretainedValue().work() }
          return nil
        }, Unmanaged.passUnretained(self).toOpaque()) == 0
  }

  /// - Returns: the handles that it has freed.
  func join() -> [OpaquePointer] {
    if hasStarted { pthread_join(thread, nil) }
    return freed
  }

  private func work() {
    for action in [first, second] {
      // Somewhere in the run.
      usleep(UInt32(action) / 8 * 20)
      var status: Int32 = 0
      switch action % 8 {
      case 0: status = liaeContextCancel(context)
      case 1:
        status = liaeContextFree(context)
        if status == 0, let context { freed.append(context) }
      case 2:
        status = liaeModelFree(model)
        if status == 0, let model { freed.append(model) }
      case 3:
        var count = 0
        status = liaeContextGetTimingCount(context, &count)
      case 4: status = liaeContextRun(context, nil, nil, nil, nil, nil)
      case 5:
        var other: OpaquePointer?
        status = liaeContextCreate(model, nil, &other)
        if status == 0 { status = liaeContextFree(other) }
      default: precondition(liaeLastError().map { strlen($0) < 1024 } == true)
      }
      precondition(status != Status.internalError.rawValue)
      if status != 0 { precondition(liaeLastError().map { strlen($0) > 0 } == true) }
    }
  }
}
