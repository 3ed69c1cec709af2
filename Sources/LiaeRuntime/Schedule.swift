// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// The steps of one kind of run over a fixed number of images, before they have memory.
///
/// Everything is an interpretation of the graph: a step for each node that computes something, buffers from `ValuePlaces`.
struct ScheduleDraft {
  let graph: Graph
  let images: Int
  fileprivate let places: ValuePlaces
  fileprivate let placement: LifetimePlanner.Placement
  /// Bytes of activations.
  let bytes: Int
  /// Scratch memory that the steps need of the workspace.
  let scratch: ScratchSize

  /// - Parameters:
  ///   - graph: `Plan.graph(of:)` of the run's outputs.
  ///   - input: the run's pictures.
  /// - Throws: `outOfMemory`, `internalError`.
  init(_ plan: Plan, _ graph: Graph, images: Int, input: ActivationView, tables: ConvolutionTables) throws(LiaeError) {
    var places = try ValuePlaces(graph, images: images, width: plan.kernels.width)
    var scratch = ScratchSize()
    // Addresses are computed from it and not used.
    let nowhere = ScheduleAddresses(graph, images: images, places: places)
    for (index, node) in graph.nodes.enumerated() {
      switch node.operation {
      case .convolution(let convolution):
        let packed = try plan.weights.convolution(convolution)
        var own = tables.scratch(packed, try nowhere.binding(index, input: input))
        if own.shared > 0 { places.takeScratch(own.shared, node: index) }
        own.shared = 0
        scratch.include(own)
      case .dense(let dense) where dense.flattens:
        let rows = try plan.weights.rows(dense).dense
        guard let floats = DenseRowsStep.scratchFloats(rows, images: images) else {
          throw LiaeError(.outOfMemory, "out of memory: the input of \(node.name)")
        }
        places.takeScratch(floats, node: index)
      case .responseNorm(let block):
        let norm = try plan.weights.norm(block)
        guard let floats = ResponseNormStep.sumFloats(norm, side: node.shape.side, images: images) else {
          throw LiaeError(.outOfMemory, "out of memory: the sums of \(node.name)")
        }
        places.takeScratch(floats, node: index)
      default: break
      }
    }
    placement = LifetimePlanner.place(places.lifetimes)
    guard let bytes = CheckedSize.product(placement.size, 4) else {
      throw LiaeError(.outOfMemory, "out of memory: the activations do not fit in the address space")
    }
    (self.graph, self.images, self.places, self.bytes, self.scratch) = (graph, images, places, bytes, scratch)
  }
}

/// Addresses of a graph's values.
private struct ScheduleAddresses {
  let graph: Graph
  let images: Int
  let places: ValuePlaces
  private let offsets: [Int]
  private let base: UnsafeMutablePointer<Float>

  /// Lays the schedule out in memory; without it addresses can be computed and not used.
  init(
    _ graph: Graph, images: Int, places: ValuePlaces, placement: LifetimePlanner.Placement? = nil, memory: Bytes? = nil
  ) {
    (self.graph, self.images, self.places) = (graph, images, places)
    offsets = placement?.offsets ?? [Int](repeating: 0, count: places.lifetimes.count)
    base =
      memory?.base.assumingMemoryBound(to: Float.self)
      ?? UnsafeMutablePointer(bitPattern: Bytes.alignment) ?? .allocate(capacity: 0)
  }

  func stretch(_ index: Int) -> UnsafeMutablePointer<Float> { base + offsets[index] }

  func buffer(_ value: Graph.Value) throws(LiaeError) -> ActivationBuffer {
    guard let picture = places.pictures[value.index] else {
      throw LiaeError(.unsupported, "node \(graph[value].name) makes no picture that a kernel can read")
    }
    let buffer = places.buffers[picture.buffer]
    let start = stretch(buffer.stretch) + picture.image * buffer.grid.image + picture.block * buffer.grid.plane
    return ActivationBuffer(buffer.grid, at: start, blocks: picture.blocks)
  }

  func numbers(_ value: Graph.Value) throws(LiaeError) -> (start: UnsafeMutablePointer<Float>, stride: Int) {
    guard let found = places.numbers[value.index] else {
      throw LiaeError(.unsupported, "node \(graph[value].name) makes no numbers that a dense layer can read")
    }
    return (stretch(found.stretch) + found.offset, found.stride)
  }

  /// - Parameter input: the run's pictures.
  func binding(_ index: Int, input: ActivationView) throws(LiaeError) -> ConvolutionBinding {
    let node = graph.nodes[index]
    guard case .convolution(let convolution) = node.operation else {
      throw LiaeError(.internalError, "node \(node.name) is no convolution")
    }
    let source = graph[node.inputs[0]].operation == .input ? input : try buffer(node.inputs[0]).view
    // The images of a stack stand one behind the other.
    let parts = graph[node.inputs[0]].operation == .stack ? graph[node.inputs[0]].inputs : [node.inputs[0]]
    let halves = parts.prefix { convolution.reading == .repeatedHalf || graph.hasZeroHalf($0) }.count
    return ConvolutionBinding(
      source: source, target: try buffer(Graph.Value(index)).view,
      residual: node.inputs.count == 2 ? try buffer(node.inputs[1]).view : nil, images: images * node.shape.images,
      halfImages: images * halves)
  }
}

/// The steps of one kind of run, bound to their memory.
final class Schedule {
  let images: Int
  private(set) var steps: [Step] = []
  /// Places of the packed weights that the steps read, in `Plan.check`.
  private(set) var parts: [Int] = []
  /// True if those weights are known to be sound.
  var isChecked = false
  /// Borders that no step clears: of buffers on which nothing else of this schedule lies.
  private var borders: [Border] = []

  /// - Parameters:
  ///   - activations: `draft.bytes` or more, zero at first, which other schedules may use between runs of this one.
  ///   - input: the run's pictures.
  ///   - outputs: where the graph's outputs go, (images, side, side, channels).
  /// - Throws: `outOfMemory`, `unsupported`, `internalError`.
  init(
    _ draft: ScheduleDraft, plan: Plan, activations: Bytes, input: ActivationView,
    outputs: [String: UnsafeMutablePointer<Float>], tables: ConvolutionTables
  ) throws(LiaeError) {
    images = draft.images
    let graph = draft.graph, places = draft.places
    let addresses = ScheduleAddresses(
      graph, images: images, places: places, placement: draft.placement, memory: activations)
    let sharesBorder = places.buffers.map {
      $0.readsBorder && LifetimePlanner.sharesBorder($0.stretch, places.lifetimes, draft.placement)
    }
    var layers: [String] = []
    for (index, node) in graph.nodes.enumerated() {
      let value = Graph.Value(index)
      let step: Step
      switch node.operation {
      case .convolution(let convolution):
        let packed = try plan.weights.convolution(convolution)
        layers.append(packed.layer.name)
        step = convolutionStep(
          packed, try addresses.binding(index, input: input), tables: tables,
          part: node.part)
      case .dense(let dense) where dense.flattens:
        let (packed, first) = try plan.weights.rows(dense)
        guard let scratch = places.scratch[index] else { throw Self.lacksMemory(node) }
        layers.append(packed.name)
        step = DenseRowsStep(
          packed, first: first, layer: dense, input: graph.shape(node.inputs[0]),
          source: try addresses.buffer(node.inputs[0]).view, images: images, scratch: addresses.stretch(scratch),
          output: try addresses.numbers(value).start, part: node.part)
      case .dense(let dense):
        let numbers = try addresses.numbers(node.inputs[0])
        let packed = try plan.weights.columns(dense)
        layers.append(packed.name)
        step = DenseColumnsStep(
          packed, input: numbers.start, inputStride: numbers.stride,
          target: try addresses.buffer(value).view, images: images, part: node.part)
      case .splitHalves(let morphs):
        step = SplitHalvesStep(
          node.name, first: try addresses.buffer(node.inputs[0]), second: try addresses.buffer(node.inputs[1]),
          target: try addresses.buffer(value), images: images, morphs: morphs, part: node.part)
      case .mixChannels:
        step = MixChannelsStep(
          node.name, first: try addresses.buffer(node.inputs[0]), rest: try addresses.buffer(node.inputs[1]),
          target: try addresses.buffer(value), images: images, part: node.part)
      case .responseNorm(let block):
        let norm = try plan.weights.norm(block)
        guard let scratch = places.scratch[index] else { throw Self.lacksMemory(node) }
        layers.append("\(block).frn")
        step = ResponseNormStep(
          norm, pixels: try addresses.buffer(value).view, side: node.shape.side, images: images,
          sums: addresses.stretch(scratch), part: node.part)
      case .blurPool(let size):
        step = BlurPoolStep(
          node.name, size: size, source: try addresses.buffer(node.inputs[0]).view,
          target: try addresses.buffer(value).view, channels: node.shape.channels, side: node.shape.side,
          images: images, width: plan.kernels.width, part: node.part)
      case .sigmoid, .shuffledSigmoid:
        guard let output = graph.outputs.first(where: { $0.value == value }), let target = outputs[output.name]
        else { throw LiaeError(.unsupported, "node \(node.name): a sigmoid that is no output has no kernel") }
        step = HeadStep(
          node.name, source: try addresses.buffer(node.inputs[0]).view, side: graph.shape(node.inputs[0]).side,
          channels: node.shape.channels, factor: node.operation == .shuffledSigmoid ? 2 : 1, output: target,
          images: images, part: node.part)
      case .maskHead(let convolution):
        let packed = try plan.weights.convolution(convolution)
        layers.append(packed.layer.name)
        guard let output = graph.outputs.first(where: { $0.value == value }), let target = outputs[output.name]
        else { throw LiaeError(.unsupported, "node \(node.name): a mask that is no output has no kernel") }
        step = MaskHeadStep(
          node.name, packed, source: try addresses.buffer(node.inputs[0]).view, side: node.shape.side, output: target,
          images: images, part: node.part)
      case .input, .stack, .unstack, .concatenation, .denseOutput: continue
      default: throw LiaeError(.unsupported, "node \(node.name): there is no kernel for \(node.operation.label)")
      }
      if let picture = places.pictures[index], sharesBorder[picture.buffer], !Self.keepsBorder(node, places, index) {
        step.border = try addresses.buffer(value).border(images: images * node.shape.images)
      }
      if step.scratch.shared > 0 {
        guard let scratch = places.scratch[index] else { throw Self.lacksMemory(node) }
        step.shared = addresses.stretch(scratch)
      }
      steps.append(step)
    }
    parts = plan.check?.parts(of: layers) ?? []
    for (buffer, isShared) in zip(places.buffers, sharesBorder) where buffer.readsBorder && !isShared {
      let images = places.lifetimes[buffer.stretch].size / buffer.grid.image
      borders.append(ActivationBuffer(buffer.grid, at: addresses.stretch(buffer.stretch)).border(images: images))
    }
  }

  /// Clears the borders that the steps rely on, after another schedule has used the memory.
  func clearBorders() {
    for border in borders { for plane in 0..<border.planes { border.clear(plane: plane) } }
  }

  /// Tells whether the border is zero already: that of a value in whose place another one stands, or one that is
  /// copied.
  private static func keepsBorder(_ node: Graph.Node, _ places: ValuePlaces, _ index: Int) -> Bool {
    switch node.operation {
    case .splitHalves, .mixChannels, .responseNorm: return true
    case .convolution where node.inputs.count == 2:
      return places.pictures[node.inputs[1].index]?.buffer == places.pictures[index]?.buffer
    default: return false
    }
  }

  private static func lacksMemory(_ node: Graph.Node) -> LiaeError {
    LiaeError(.internalError, "node \(node.name) has no memory of its own")
  }
}
