// SPDX-License-Identifier: Apache-2.0
import LiaeGraph
import LiaeSystem
import LiaeTensor

/// Determines an architecture from the names and shapes of weights: all of it but `u` and `c`, which change no shape.
///
/// It knows no family. Names are compared with those of every network that there is. The size of an axis is a product
/// of powers of the architecture's sizes; which ones is found by doubling each of them in turn and building the graph.
struct ArchitectureInference {
  /// The file's name in messages.
  let file: String
  let scheme: NamingScheme
  let tensors: TensorDictionary

  /// - Throws: `missingTensor`, `shapeMismatch`, `unknownArchitecture`, naming the tensor.
  func infer() throws(LiaeError) -> Architecture {
    let form = try self.form()
    do throws(LiaeError) { return try sized(form) } catch { throw error.naming(file) }
  }

  // MARK: - Names

  /// All architectures that differ in their layers, with all sizes 1.
  private static let forms: [Architecture] = {
    var forms: [Architecture] = []
    for family in Architecture.Family.allCases {
      for flavour in Architecture.Flavour.allCases {
        for options in ["", "d", "t", "dt"] {
          let form = Architecture.smallest(family, flavour: flavour, options: options)
          do throws(LiaeError) { try form.validate() } catch { continue }
          if !forms.contains(form) { forms.append(form) }
        }
      }
    }
    return forms
  }()

  /// The form whose tensors differ least from those of the file.
  private func form() throws(LiaeError) -> Architecture {
    var best: (form: Architecture, distance: Int)?
    var complete: [Architecture.Family] = []
    for form in Self.forms where scheme.flavours.contains(form.flavour) {
      let specs = try Graph(form).tensors
      let found = specs.filter { shape(of: $0, in: form) != nil }.count
      let missing = specs.filter { !$0.isUnused && shape(of: $0, in: form) == nil }.count
      if missing == 0 && !complete.contains(form.family) { complete.append(form.family) }
      let distance = missing + tensors.count - found
      if distance < best?.distance ?? .max { best = (form, distance) }
      // Nothing is missing and nothing left over.
      if distance == 0 { break }
    }
    guard complete.count <= 1 else {
      let names = complete.map(\.rawValue).joined(separator: " and ")
      throw LiaeError(
        .unknownArchitecture, "\(file): holds the tensors of several networks, \(names); expected those of one")
    }
    guard let best else {
      throw LiaeError(.internalError, "\(file): no network is known under names of this kind")
    }
    return best.form
  }

  /// The canonical shape that the file has for a tensor; nil if it has none of its rank and kernel.
  private func shape(of spec: TensorSpec, in form: Architecture) -> [Int]? {
    guard let tensor = tensors[scheme.name(spec.name, doubleResolution: form.doubleResolution)] else { return nil }
    let shape = scheme.canonicalShape(tensor.shape)
    return shape.count == spec.shape.count && shape.dropFirst(2) == spec.shape.dropFirst(2) ? shape : nil
  }

  // MARK: - Sizes

  private typealias Size = (name: String, path: WritableKeyPath<Architecture, Int>)
  private static var sizes: [Size] {
    [
      ("e_dims", \.eDims), ("ae_dims", \.aeDims), ("d_dims", \.dDims), ("d_mask_dims", \.dMaskDims),
      ("inter_dims", \.interDims), ("base_dims", \.baseDims),
    ]
  }
  private static var resolution: Size { ("resolution", \.resolution) }

  /// The form with the sizes that its tensors have in the file.
  private func sized(_ form: Architecture) throws(LiaeError) -> Architecture {
    let sizes = Self.sizes.filter { form[keyPath: $0.path] > 0 }
    let base = try Graph(form).tensors
    var grown: [[TensorSpec]] = []
    for size in sizes + [Self.resolution] {
      var form = form
      form[keyPath: size.path] *= 2
      grown.append(try Graph(form).tensors)
    }
    /// The first axis in the file that grows with one size, and with no other where `isAlone` is set.
    func axis(_ place: Int, of size: Size, isAlone: Bool) throws(LiaeError) -> (tensor: Int, axis: Int, found: Int) {
      var first: TensorSpec?
      for (index, spec) in base.enumerated() {
        for axis in spec.shape.indices {
          let growing = grown.indices.filter { grown[$0][index].shape[axis] != spec.shape[axis] }
          guard isAlone ? growing == [place] : growing.contains(place) else { continue }
          if let found = shape(of: spec, in: form) { return (index, axis, found[axis]) }
          first = first ?? spec
        }
      }
      let name = scheme.name(first?.name ?? "", doubleResolution: form.doubleResolution)
      throw LiaeError(
        .missingTensor, "no tensor tells \(size.name); expected \(name) of \(first?.shape.count ?? 0) dimensions")
    }

    var result = form
    for (place, size) in sizes.enumerated() {
      let (tensor, axis, found) = try axis(place, of: size, isAlone: true)
      let unit = base[tensor].shape[axis]
      guard found > 0, found % unit == 0 else {
        throw mismatch(base[tensor], form, "axis \(axis) is \(unit) times \(size.name)")
      }
      result[keyPath: size.path] = found / unit
    }
    // The one size that is left: areas grow with its square.
    let (tensor, axis, found) = try axis(sizes.count, of: Self.resolution, isAlone: false)
    let side = form.resolution
    let unit = try Graph(result).tensors[tensor].shape[axis]
    guard let area = CheckedSize.product([found, side, side]), area % unit == 0, let root = squareRoot(area / unit)
    else {
      throw mismatch(
        base[tensor], form, "axis \(axis) is \(unit) at resolution \(side) and grows with the square of the resolution")
    }
    result.resolution = root
    try result.validate()
    return result
  }

  private func mismatch(_ spec: TensorSpec, _ form: Architecture, _ expected: String) -> LiaeError {
    let name = scheme.name(spec.name, doubleResolution: form.doubleResolution)
    let shape = tensors[name]?.shape ?? []
    let canonical = scheme.canonicalShape(shape)
    let layout = shape == canonical ? "" : ", \(canonical) in PyTorch's layout"
    return LiaeError(.shapeMismatch, "tensor \(name) has shape \(shape)\(layout), whose \(expected)")
  }

  private func squareRoot(_ value: Int) -> Int? {
    let root = Int(Double(value).squareRoot().rounded())
    return root > 0 && root.multipliedReportingOverflow(by: root) == (value, false) ? root : nil
  }
}
