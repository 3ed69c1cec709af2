// SPDX-License-Identifier: Apache-2.0
import Glibc
import LiaeABI
import LiaeSystem

/// A program of calls of the C interface, as a careless or hostile caller makes them: each byte of the input chooses a
/// call or an argument. Every pointer leads to a block of exactly the size that the description next to it promises, so
/// that the sanitizer sees one byte too many.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzABI(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let caller = Caller(UnsafeRawBufferPointer(start: data, count: count))
  caller.perform()
  caller.leave()
  return 0
}

/// A handle that the library gave out, and what the caller knows of it.
struct Held {
  var handle: OpaquePointer
  var sides: Sides
}

/// Sides of the network's pictures.
struct Sides {
  var face = 32, rgb = 32, mask = 32
}

final class Caller {
  var input: Program
  var memory = Arena()
  /// Handles that were given out, freed ones too.
  var models: [Held] = []
  var contexts: [Held] = []
  /// Alive, the newest last.
  var smoothings: [OpaquePointer] = []
  /// The handles that must work.
  var live: Set<OpaquePointer> = []
  var hooks: [Hook] = []

  init(_ bytes: UnsafeRawBufferPointer) { input = Program(bytes) }

  func perform() {
    // Some calls are slow under the sanitizer.
    var left = 40
    while !input.isAtEnd, left > 0 {
      left -= 1
      let call = input.next() % 32
      switch call {
      case 0: open()
      case 1: openPath()
      case 2: openRest()
      case 3: modelInfo()
      case 4: free(model: chosen(models, contexts))
      case 5, 6: create()
      case 7: contextInfo()
      case 8: timings()
      case 9: expect(liaeContextCancel(chosen(contexts, models)), "cancel")
      case 10: free(context: chosen(contexts, models))
      case 11: run(beside: false)
      case 12: run(beside: true)
      case 13: runTensors()
      case 14: initialize()
      case 15: library()
      default: frames(call - 16)
      }
      memory.release()
    }
  }

  /// Frees what is left; all of it must still be known.
  func leave() {
    liaeLogSetCallback(nil, nil)
    for handle in smoothings { precondition(liaeSmoothingFree(handle) == 0) }
    for held in contexts where live.contains(held.handle) {
      precondition(liaeContextFree(held.handle) == 0)
      precondition(liaeContextFree(held.handle) == Status.invalidHandle.rawValue)
    }
    for held in models where live.contains(held.handle) {
      precondition(liaeModelFree(held.handle) == 0)
      precondition(liaeModelFree(held.handle) == Status.invalidHandle.rawValue)
    }
    memory.release()
  }

  // MARK: - What must hold after every call

  /// The status is known, is no defect of the library, and comes with a message exactly when it is an error.
  func expect(_ status: Int32, _ call: StaticString, of handle: OpaquePointer? = nil) {
    guard let known = Status(rawValue: status) else { preconditionFailure("\(call): status \(status)") }
    let message = liaeLastError().flatMap { String(validatingCString: $0) }
    guard let message, message.utf8.count < 1024 else { preconditionFailure("\(call): no message, or not UTF-8") }
    precondition(known != .internalError, "\(call): \(message)")
    precondition(message.isEmpty == (known == .ok), "\(call): status \(known), message \(message)")
    if let handle, !live.contains(handle) { precondition(known != .ok, "\(call): took the handle \(handle)") }
  }

  // MARK: - Models

  private func keep(_ status: Int32, _ model: OpaquePointer?, _ call: StaticString) {
    expect(status, call)
    precondition((status == 0) == (model != nil), "\(call): status \(status), handle \(String(describing: model))")
    guard let model else { return }
    precondition(live.insert(model).inserted, "\(call): gave a handle out twice")
    let info = memory.allocate(128)
    precondition(liaeModelInfoInit(info, 128) == 0 && liaeModelGetInfo(model, info) == 0)
    let found = info.load(as: CModelInfo.self)
    for text in [found.architecture, found.family, found.origin, found.faceType, found.guesses, found.notes] {
      precondition(text.flatMap { String(validatingCString: $0) } != nil)
    }
    precondition(found.resolution > 0 && found.rgbSide > 0 && found.maskSide > 0 && found.packedBytes > 0)
    let sides = Sides(face: Int(found.resolution), rgb: Int(found.rgbSide), mask: Int(found.maskSide))
    models.append(Held(handle: model, sides: sides))
  }

  /// A checkpoint of our own with some bytes changed; most changes fall into its header.
  private func open() {
    let checkpoint = checkpoints[input.next(below: checkpoints.count)]
    var size = checkpoint.count
    if input.oneIn(16) { size = input.next16() % (size + 1) }
    let bytes = memory.allocate(size)
    bytes.copyMemory(from: checkpoint, byteCount: size)
    for _ in 0..<input.next() % 4 {
      let (place, value) = (input.next16(), input.next())
      if place < size { bytes.storeBytes(of: value, toByteOffset: place, as: UInt8.self) }
    }
    openMemory(bytes, size)
  }

  /// What is left of the input is the checkpoint.
  private func openRest() {
    let options = input.next()
    let rest = input.rest()
    let bytes = memory.allocate(rest.count)
    bytes.copyMemory(from: rest, byteCount: rest.count)
    input = Program([options, 0, 0, 0, 0, 0])
    openMemory(bytes, rest.count)
    // The run of what was opened.
    input = Program([5, 0, 0, 0, 0, 0, 0, 0, 11])
  }

  private func openMemory(_ bytes: UnsafeMutableRawPointer, _ size: Int) {
    let options = modelOptions()
    if input.oneIn(32) { return expect(liaeModelOpenMemory(bytes, size, options, nil), "open_memory") }
    var model: OpaquePointer? = OpaquePointer(bitPattern: 0xbad)
    let data = input.oneIn(32) ? nil : bytes
    let said = input.oneIn(32) ? -1 - Int(input.next()) : size
    keep(liaeModelOpenMemory(data, said, options, &model), model, "open_memory")
  }

  private func openPath() {
    let paths: [[UInt8]?] = [
      nil, [], Array("/".utf8), Array("/dev/null".utf8), Array("no such file".utf8), [0xff, 0xfe, 0x2f],
      [UInt8](repeating: UInt8(ascii: "x"), count: 5000), Array("/dev/null/x".utf8),
    ]
    let path = paths[input.next(below: paths.count)].map { memory.string($0) }
    var model: OpaquePointer?
    keep(liaeModelOpen(path, modelOptions(), &model), model, "open")
  }

  private func modelOptions() -> UnsafeMutableRawPointer? {
    guard !input.oneIn(3) else { return nil }
    var options = zeroed(CModelOptions.self)
    let names = ["liae-udt", "df", "", "liae-", "liae-uu", "\u{fffd}", String(repeating: "u", count: 2000)]
    if input.oneIn(4) { options.architecture = memory.string(Array(names[input.next(below: names.count)].utf8)) }
    options.colorOrder = input.enumeration(0...2)
    options.convolution = input.enumeration(0...1)
    options.threads = input.integer([1, 1, 1, 2, 3])
    return memory.place(options, claiming: input.structSize(of: CModelOptions.self))
  }

  private func modelInfo() {
    let model = chosen(models, contexts)
    let info =
      input.oneIn(16)
      ? nil : memory.place(zeroed(CModelInfo.self), claiming: input.structSize(of: CModelInfo.self))
    expect(liaeModelGetInfo(model, info), "get_info", of: model)
  }

  private func free(model: OpaquePointer?) {
    let status = liaeModelFree(model)
    expect(status, "model_free", of: model)
    if status == 0, let model { live.remove(model) }
  }

  // MARK: - Contexts

  private func create() {
    let model = chosen(models, contexts)
    var options: UnsafeMutableRawPointer?
    if !input.oneIn(4) {
      let hook = Hook(input.next(), input.next())
      hooks.append(hook)
      var wishes = zeroed(CContextOptions.self)
      wishes.threads = input.integer([1, 2, 3, 1])
      wishes.maxBatch = input.integer([1, 2, 3, 8])
      wishes.progress = hook.progress
      wishes.progressUserData = hook.userData
      wishes.parallelFor = hook.parallelFor
      wishes.parallelForUserData = hook.userData
      options = memory.place(wishes, claiming: input.structSize(of: CContextOptions.self))
    }
    var context: OpaquePointer? = OpaquePointer(bitPattern: 0xbad)
    let status = liaeContextCreate(model, options, &context)
    expect(status, "context_create", of: model)
    precondition((status == 0) == (context != nil))
    guard let context else { return }
    precondition(live.insert(context).inserted, "context_create: gave a handle out twice")
    if options != nil { hooks.last?.context = context }
    let sides = models.first { $0.handle == model }?.sides ?? Sides()
    contexts.append(Held(handle: context, sides: sides))
  }

  private func contextInfo() {
    let context = chosen(contexts, models)
    let size = input.structSize(of: CContextInfo.self)
    let info = input.oneIn(16) ? nil : memory.place(zeroed(CContextInfo.self), claiming: size)
    expect(liaeContextGetInfo(context, info), "context_get_info", of: context)
  }

  private func timings() {
    let context = chosen(contexts, models)
    var count = 0
    if input.oneIn(16) { expect(liaeContextGetTimingCount(context, nil), "get_timing_count", of: context) }
    expect(liaeContextGetTimingCount(context, &count), "get_timing_count", of: context)
    let indices = [0, count - 1, count, -1, .max, .min, Int(input.next())]
    let index = indices[input.next(below: indices.count)]
    let timing =
      input.oneIn(16) ? nil : memory.place(zeroed(CTiming.self), claiming: input.structSize(of: CTiming.self))
    let status = liaeContextGetTiming(context, index, timing)
    expect(status, "get_timing", of: context)
    precondition(status != 0 || index >= 0 && index < count)
  }

  private func free(context: OpaquePointer?) {
    let status = liaeContextFree(context)
    expect(status, "context_free", of: context)
    if status == 0, let context { live.remove(context) }
  }

  // MARK: - The library

  private func initialize() {
    let sizes = [0, 7, 8, 15, 16, 24, 32, 48, 128, 136, 4096, 4097, .max, -1, .min, Int(input.next())]
    let size = sizes[input.next(below: sizes.count)]
    // A size that is refused is not written to.
    let block = input.oneIn(16) ? nil : memory.allocate(size >= 0 && size <= 4096 ? size : 1)
    switch input.next(below: 7) {
    case 0: expect(liaeModelOptionsInit(block, size), "model_options_init")
    case 1: expect(liaeModelInfoInit(block, size), "model_info_init")
    case 2: expect(liaeContextOptionsInit(block, size), "context_options_init")
    case 3: expect(liaeContextInfoInit(block, size), "context_info_init")
    case 4: expect(liaeTimingInit(block, size), "timing_init")
    case 5: expect(liaeRunOptionsInit(block, size), "run_options_init")
    default: expect(liaeCpuInit(block, size), "cpu_init")
    }
  }

  private func library() {
    precondition(liaeStatusString(input.integer([0, 11, 60])).map { strlen($0) > 0 } == true)
    _ = liaeProvenanceXMP(input.integer([0, 1, 2]))
    let cpu = input.oneIn(8) ? nil : memory.place(zeroed(CCpu.self), claiming: input.structSize(of: CCpu.self))
    expect(liaeCpuFeatures(cpu), "cpu_features")
    let callback: CLogCallback = { _, level, message in
      precondition((1...3).contains(level) && message.map { strlen($0) > 0 } == true)
    }
    liaeLogSetCallback(input.oneIn(2) ? callback : nil, nil)
  }
}
