// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// The interleaved pictures that a context's runs read and write.
struct RunPictures {
  private let inputStorage, outputStorage: Bytes
  let input: ActivationView
  /// (images, side, side, channels)
  let rgb, mask, destinationMask: UnsafeMutablePointer<Float>
  var bytes: Int { inputStorage.count + outputStorage.count }

  init(_ architecture: Architecture, images: Int) throws(LiaeError) {
    let border = ActivationGrid.border, side = architecture.resolution + 2 * border
    // A vector behind the last pixel may be read.
    guard let inputFloats = CheckedSize.product([images, side, side, 3]).flatMap({ CheckedSize.sum($0, 64) }),
      let rgbFloats = CheckedSize.product([images, architecture.rgbSide, architecture.rgbSide, 3]),
      let maskFloats = CheckedSize.product([images, architecture.maskSide, architecture.maskSide]),
      let outputFloats = CheckedSize.sum([rgbFloats, maskFloats, maskFloats]),
      let inputBytes = CheckedSize.product(inputFloats, 4), let outputBytes = CheckedSize.product(outputFloats, 4)
    else { throw LiaeError(.outOfMemory, "out of memory: the pictures of \(images) images") }
    inputStorage = try Bytes.allocate(inputBytes, for: "\(images) input images")
    outputStorage = try Bytes.allocate(outputBytes, for: "\(images) output images")
    input = ActivationView(
      origin: inputStorage.base.assumingMemoryBound(to: Float.self) + border * side * 3 + border * 3, row: side * 3,
      plane: 0, image: side * side * 3)
    rgb = outputStorage.base.assumingMemoryBound(to: Float.self)
    mask = rgb + rgbFloats
    destinationMask = mask + maskFloats
  }

  /// The pictures that a request reads and writes.
  func scheduled(_ request: RunRequest) -> ScheduledPictures {
    var outputs = ["\(request.branch).rgb": rgb, "\(request.branch).mask": mask]
    if request.destinationMask { outputs["destination.mask"] = destinationMask }
    return ScheduledPictures(input: input, outputs: outputs)
  }
}

/// Makes the schedules of a context: one for everything that a run can ask for, all in the same memory.
struct ScheduleBuilder {
  private let plan: Plan
  private let tables: ConvolutionTables
  private let requests: [RunRequest]
  /// The drafts by number of images, in the order of the requests.
  private let drafts: [Int: [ScheduleDraft]]
  let activations: Bytes
  let pictures: RunPictures
  let scratch: ScratchSize

  /// - Parameter workers: threads of the context.
  /// - Throws: `outOfMemory`, `unsupported`, `internalError`.
  init(_ plan: Plan, maxBatch: Int, workers: Int) throws(LiaeError) {
    (self.plan, tables) = (plan, ConvolutionTables(workers: workers))
    requests = RunRequest.all(of: plan.graph)
    pictures = try RunPictures(plan.architecture, images: maxBatch)
    var drafts: [Int: [ScheduleDraft]] = [:]
    var bytes = 0
    var scratch = ScratchSize()
    for request in requests {
      let graph = try plan.graph(of: request.outputs)
      for images in Set([1, maxBatch]) {
        let draft = try ScheduleDraft(
          plan, graph, images: images, pictures: pictures.scheduled(request), tables: tables)
        drafts[images, default: []].append(draft)
        bytes = max(bytes, draft.bytes)
        scratch.include(draft.scratch)
      }
    }
    activations = try Bytes.allocate(bytes, for: "the activations of \(maxBatch) images")
    (self.drafts, self.scratch) = (drafts, scratch)
  }

  /// Returns the schedules by `RunRequest.index`.
  ///
  /// - Parameter images: 1 or the largest batch.
  func schedules(images: Int) throws(LiaeError) -> [Schedule?] {
    var schedules = [Schedule?](repeating: nil, count: RunRequest.count)
    for (request, draft) in zip(requests, drafts[images] ?? []) {
      schedules[request.index] = try Schedule(
        draft, plan: plan, activations: activations, tables: tables)
    }
    return schedules
  }
}
