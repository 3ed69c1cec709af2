// SPDX-License-Identifier: Apache-2.0
import LiaeConvolution
import LiaeGraph
import LiaeKernels
import LiaeSystem

/// Places of a graph's values in one piece of memory: which share a buffer, and from which node to which each buffer is
/// needed. Steps are numbered as the nodes are.
///
/// A response norm takes the place of its input, and the sum of a residual block takes the place of its own residual, which is
/// read pixel by pixel before it is written. The values of a stack, and those of a concatenation, stand in its buffer from the
/// start.
struct ValuePlaces {
  /// A picture of blocked activations.
  struct Picture {
    let buffer: Int
    /// The first of its images in the buffer.
    let image: Int
    /// The first of its blocks of W channels in each image, and how many there are.
    let block, blocks: Int
  }
  struct Buffer {
    let grid: ActivationGrid
    /// Place among `lifetimes`.
    let stretch: Int
    /// True if a node reads the value that looks past its edge.
    let readsBorder: Bool
  }

  /// The pictures by node; nil where the value is no picture of ours: the run's input, numbers without a place,
  /// outputs.
  private(set) var pictures: [Picture?]
  private(set) var buffers: [Buffer] = []
  /// Numbers without a place by node: stretch, first number of an image, numbers of an image in the stretch.
  private(set) var numbers: [Int: (stretch: Int, offset: Int, stride: Int)] = [:]
  /// Memory that one step alone uses, by node.
  private(set) var scratch: [Int: Int] = [:]
  private(set) var lifetimes: [Lifetime] = []

  /// - Parameters:
  ///   - images: images of a run.
  ///   - placeless: nodes that need no place.
  /// - Throws: `outOfMemory`; `internalError` for a graph whose stacks or concatenations overlap.
  init(_ graph: Graph, images: Int, width: Int, placeless: Set<Int> = []) throws(LiaeError) {
    pictures = [Picture?](repeating: nil, count: graph.nodes.count)
    let (owners, isPicture) = try Self.owners(graph, images: images, width: width)
    let last = graph.lifetimes
    let borders = Self.valuesReadPastTheEdge(graph)
    var members: [Int: [Int]] = [:]
    for index in graph.nodes.indices where isPicture[index] && !placeless.contains(index) {
      members[owners[index].node, default: []].append(index)
    }
    for (owner, values) in members.sorted(by: { $0.key < $1.key }) {
      let shape = graph.nodes[owner].shape
      let grid = try ActivationGrid(
        channels: Self.channels(graph.nodes[owner], graph, width), side: shape.side, width: width)
      guard let size = CheckedSize.product([images, shape.images, grid.image]) else {
        throw LiaeError(.outOfMemory, "out of memory: activations of \(graph.nodes[owner].name)")
      }
      for value in values {
        pictures[value] = Picture(
          buffer: buffers.count, image: owners[value].image, block: owners[value].block,
          blocks: ActivationBuffer.blocks(Self.channels(graph.nodes[value], graph, width), width))
      }
      let parts = parts(of: values, graph, grid, size: size, last: last, until: last[owner])
      let stretch = add(Lifetime(size: size, parts: parts, plane: grid.plane))
      let readsBorder = values.contains { borders.contains(Graph.Value($0)) }
      buffers.append(Buffer(grid: grid, stretch: stretch, readsBorder: readsBorder))
    }
    for (index, node) in graph.nodes.enumerated() {
      switch node.operation {
      case .dense(let dense) where dense.side == nil:
        guard let size = CheckedSize.product(images, dense.outputs) else {
          throw LiaeError(.outOfMemory, "out of memory: the numbers of \(node.name)")
        }
        numbers[index] = (add(Lifetime(size: size, first: index, last: last[index])), 0, dense.outputs)
      case .denseOutput(let place, let count):
        guard let whole = numbers[node.inputs[0].index] else {
          throw LiaeError(.internalError, "node \(node.name) is a part of no dense layer")
        }
        numbers[index] = (whole.stretch, place * (whole.stride / count), whole.stride)
        // A part stands in the numbers of all until its last reader.
        lifetimes[whole.stretch].extend(to: last[index])
      default: break
      }
    }
  }

  /// Returns when the parts of a buffer hold something. The channels of a concatenation are needed from when its inputs are made on, in
  /// every image; any other buffer is one part.
  ///
  /// - Parameters:
  ///   - values: that stand in the buffer.
  ///   - size: of the buffer, floats.
  ///   - end: the last reader of the whole.
  private func parts(
    of values: [Int], _ graph: Graph, _ grid: ActivationGrid, size: Int, last: [Int], until end: Int
  ) -> [Lifetime.Part] {
    // Within one image, by the first float.
    var channels: [Int: Lifetime.Part] = [:]
    for value in values {
      if case .concatenation = graph.nodes[value].operation { continue }
      guard let picture = pictures[value] else { continue }
      let start = picture.block * grid.plane
      let range = start..<start + picture.blocks * grid.plane
      var part = channels[start] ?? Lifetime.Part(range, first: value, last: end)
      (part.first, part.last) = (min(part.first, value), max(part.last, last[value]))
      channels[start] = part
    }
    guard channels.count > 1 else {
      return channels.values.map { Lifetime.Part(0..<size, first: $0.first, last: $0.last) }
    }
    return channels.sorted { $0.key < $1.key }.flatMap { start, part in
      stride(from: start, to: size, by: grid.image).map {
        Lifetime.Part($0..<$0 + part.range.count, first: part.first, last: part.last)
      }
    }
  }

  /// Takes memory that the step of a node alone uses; it holds anything.
  mutating func takeScratch(_ floats: Int, node: Int) {
    scratch[node] = add(Lifetime(size: floats, first: node, last: node))
  }

  private mutating func add(_ lifetime: Lifetime) -> Int {
    lifetimes.append(lifetime)
    return lifetimes.count - 1
  }

  /// Returns for each picture the node whose buffer it stands in, its first image and its first block of channels there.
  private static func owners(_ graph: Graph, images: Int, width: Int) throws(LiaeError) -> (
    owners: [(node: Int, image: Int, block: Int)], isPicture: [Bool]
  ) {
    var owners = graph.nodes.indices.map { (node: $0, image: 0, block: 0) }
    var isPicture = [Bool](repeating: false, count: graph.nodes.count)
    let last = graph.lifetimes
    /// Channels one after the other, from which a part of a concatenation may be made.
    func hasPlainChannels(_ node: Graph.Node) -> Bool {
      switch node.operation {
      case .convolution, .dense, .blurPool: true
      default: false
      }
    }
    for (index, node) in graph.nodes.enumerated() {
      switch node.operation {
      case .convolution:
        isPicture[index] = true
        guard node.inputs.count == 2 else { continue }
        let residual = node.inputs[1].index
        if last[residual] == index && isPicture[residual] { owners[index] = owners[residual] }
      case .dense(let dense): isPicture[index] = dense.side != nil
      case .splitHalves, .mixChannels, .blurPool: isPicture[index] = true
      case .responseNorm:
        isPicture[index] = true
        guard last[node.inputs[0].index] == index, isPicture[node.inputs[0].index] else {
          throw LiaeError(.internalError, "node \(node.name): something else reads what it changes in place")
        }
        owners[index] = owners[node.inputs[0].index]
      case .unstack(let place):
        isPicture[index] = true
        let stack = owners[node.inputs[0].index]
        owners[index] = (stack.node, stack.image + place * images, stack.block)
      case .stack:
        isPicture[index] = true
        for (place, input) in node.inputs.enumerated() {
          guard isPicture[input.index], owners[input.index] == (input.index, 0, 0) else {
            throw LiaeError(.internalError, "node \(node.name): \(graph[input].name) stands in another stack already")
          }
          for other in 0..<index where owners[other].node == input.index {
            owners[other] = (index, owners[other].image + place * images, owners[other].block)
          }
        }
      case .concatenation:
        isPicture[index] = true
        var block = 0
        for input in node.inputs {
          let owner = owners[input.index]
          guard isPicture[input.index], owner == (owner.node, 0, 0), hasPlainChannels(graph.nodes[owner.node]) else {
            throw LiaeError(.internalError, "node \(node.name): \(graph[input].name) stands in something else already")
          }
          for other in 0..<index where owners[other].node == owner.node { owners[other] = (index, 0, block) }
          block += ActivationBuffer.blocks(graph.shape(input).channels, width)
        }
      default: break
      }
    }
    return (owners, isPicture)
  }

  /// Channels in the buffer: each half of a code and each part of a concatenation begins at a whole vector, in a stack of
  /// codes too.
  private static func channels(_ node: Graph.Node, _ graph: Graph, _ width: Int) -> Int {
    switch node.operation {
    case .splitHalves: 2 * roundUp(node.shape.channels / 2, width)
    case .concatenation: node.inputs.reduce(0) { $0 + roundUp(graph.shape($1).channels, width) }
    case .stack, .unstack: node.inputs.first.map { channels(graph[$0], graph, width) } ?? node.shape.channels
    default: node.shape.channels
    }
  }

  /// Values of which a reader needs the border of zeros.
  private static func valuesReadPastTheEdge(_ graph: Graph) -> Set<Graph.Value> {
    var values: Set<Graph.Value> = []
    for node in graph.nodes {
      switch node.operation {
      case .convolution(let convolution) where convolution.padding > 0: values.insert(node.inputs[0])
      case .maskHead(let convolution) where convolution.padding > 0: values.insert(node.inputs[0])
      case .blurPool: values.insert(node.inputs[0])
      // These copy whole planes.
      case .splitHalves, .mixChannels: values.formUnion(node.inputs)
      default: break
      }
    }
    return values
  }
}
