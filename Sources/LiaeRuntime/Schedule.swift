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
  fileprivate let heads: FusedHeads
  fileprivate let pictures: ScheduledPictures
  fileprivate let placement: LifetimePlanner.Placement
  /// Bytes of activations.
  let bytes: Int
  /// Scratch memory that the steps need of the workspace.
  let scratch: ScratchSize

  /// - Parameters:
  ///   - graph: `Plan.graph(of:)` of the run's outputs.
  ///   - pictures: the run's.
  /// - Throws: `outOfMemory`, `internalError`.
  init(_ plan: Plan, _ graph: Graph, images: Int, pictures: ScheduledPictures, tables: ConvolutionTables)
    throws(LiaeError)
  {
    let heads = try FusedHeads(graph, plan.weights)
    var places = try ValuePlaces(
      graph, images: images, width: plan.kernels.width, placeless: heads.placeless)
    var scratch = ScratchSize()
    // Addresses are computed from it and not used.
    let nowhere = ScheduleAddresses(
      graph, plan.weights, images: images, places: places, heads: heads, pictures: pictures)
    for (index, node) in graph.nodes.enumerated() {
      switch node.operation {
      case .convolution(let convolution):
        let packed = try plan.weights.convolution(convolution)
        var own = tables.scratch(packed, try nowhere.binding(index))
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
    (self.graph, self.images, self.places, self.heads) = (graph, images, places, heads)
    (self.pictures, self.bytes, self.scratch) = (pictures, bytes, scratch)
  }
}

/// The pictures that a run reads and writes.
struct ScheduledPictures {
  let input: ActivationView
  /// The memory that each of the graph's outputs is written to, (images, side, side, channels).
  let outputs: [String: UnsafeMutablePointer<Float>]
}

/// Addresses of a graph's values.
private struct ScheduleAddresses {
  let graph: Graph
  let weights: PackedWeights
  let images: Int
  let places: ValuePlaces
  let heads: FusedHeads
  let pictures: ScheduledPictures
  private let offsets: [Int]
  private let base: UnsafeMutablePointer<Float>

  /// Lays the schedule out in memory; without it addresses can be computed and not used.
  init(
    _ graph: Graph, _ weights: PackedWeights, images: Int, places: ValuePlaces, heads: FusedHeads,
    pictures: ScheduledPictures, placement: LifetimePlanner.Placement? = nil, memory: Bytes? = nil
  ) {
    (self.graph, self.weights, self.images, self.places) = (graph, weights, images, places)
    (self.heads, self.pictures) = (heads, pictures)
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

  /// Returns where an output goes.
  func output(_ value: Graph.Value) throws(LiaeError) -> UnsafeMutablePointer<Float> {
    guard let output = graph.outputs.first(where: { $0.value == value }), let target = pictures.outputs[output.name]
    else {
      let node = graph[value]
      throw LiaeError(.unsupported, "node \(node.name): a \(node.operation.label) that is no output has no kernel")
    }
    return target
  }

  /// The masks of a head as pictures of one float a pixel. Those of a stack stand one behind the other, as outputs do.
  private func masks(_ values: [Graph.Value]) throws(LiaeError) -> ActivationView {
    let targets = try values.map { (value) throws(LiaeError) in try output(value) }
    guard let first = targets.first else { throw LiaeError(.internalError, "a head without masks") }
    let side = graph.shape(values[0]).side, image = targets.count == 1 ? side * side : (targets[1] - first) / images
    guard targets.indices.allSatisfy({ targets[$0] == first + $0 * images * image }) else {
      throw LiaeError(.internalError, "node \(graph[values[0]].name): the masks of a stack do not follow one another")
    }
    return ActivationView(origin: first, row: side, plane: 0, image: image)
  }

  func binding(_ index: Int) throws(LiaeError) -> ConvolutionBinding {
    let node = graph.nodes[index]
    guard case .convolution(let convolution) = node.operation else {
      throw LiaeError(.internalError, "node \(node.name) is no convolution")
    }
    let source = graph[node.inputs[0]].operation == .input ? pictures.input : try buffer(node.inputs[0]).view
    // The images of a stack stand one behind the other.
    let parts = graph[node.inputs[0]].operation == .stack ? graph[node.inputs[0]].inputs : [node.inputs[0]]
    let halves = parts.prefix { convolution.reading == .repeatedHalf || graph.hasZeroHalf($0) }.count
    let head = heads.heads[index]
    let target: ActivationView
    if let head { target = try masks(head.masks) } else { target = try buffer(Graph.Value(index)).view }
    var binding = ConvolutionBinding(
      source: source, target: target, residual: node.inputs.count == 2 ? try buffer(node.inputs[1]).view : nil,
      images: images * node.shape.images, halfImages: images * halves)
    if let head { binding.head = MaskHeadWeights(try weights.convolution(head.convolution)) }
    return binding
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

  /// - Parameter activations: `draft.bytes` or more, zero at first, which other schedules may use between runs of this one.
  /// - Throws: `outOfMemory`, `unsupported`, `internalError`.
  init(
    _ draft: ScheduleDraft, plan: Plan, activations: Bytes, tables: ConvolutionTables
  ) throws(LiaeError) {
    images = draft.images
    let graph = draft.graph, places = draft.places
    let addresses = ScheduleAddresses(
      graph, plan.weights, images: images, places: places, heads: draft.heads, pictures: draft.pictures,
      placement: draft.placement, memory: activations)
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
        let binding = try addresses.binding(index)
        layers += [packed.layer.name] + (binding.head.map { [$0.packed.layer.name] } ?? [])
        step = convolutionStep(packed, binding, tables: tables, part: node.part)
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
        step = HeadStep(
          node.name, source: try addresses.buffer(node.inputs[0]).view, side: graph.shape(node.inputs[0]).side,
          channels: node.shape.channels, factor: node.operation == .shuffledSigmoid ? 2 : 1,
          output: try addresses.output(value), images: images, part: node.part)
      case .maskHead where draft.heads.placeless.contains(node.inputs[0].index): continue
      case .maskHead(let convolution):
        let packed = try plan.weights.convolution(convolution)
        layers.append(packed.layer.name)
        step = MaskHeadStep(
          node.name, packed, source: try addresses.buffer(node.inputs[0]).view, side: node.shape.side,
          output: try addresses.output(value), images: images, part: node.part)
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
