// SPDX-License-Identifier: Apache-2.0
import LiaeSystem
import LiaeTensor

/// The zip archives of `torch.save`: a pickle `data.pkl`, and one stored entry `data/KEY` for each storage.
package enum TorchArchive {
  /// The value that was saved. Tensors are views into the file where they lie row-major.
  ///
  /// - Parameters:
  ///   - name: how messages call the file.
  ///   - verifyingChecksums: compares the CRC-32 of every entry that is used, which reads all of the file.
  /// - Throws: `unsupported` with advice for the older form of file and for compressed entries; `unsafeFile`,
  ///   `corruptFile`, `limitExceeded`.
  package static func parse(
    _ bytes: Bytes, name: String, verifyingChecksums: Bool = true
  ) throws(LiaeError) -> PickleValue {
    guard !isLegacy(bytes) else {
      throw LiaeError(
        .unsupported,
        "\(name): the file format of PyTorch before 1.6; load it in a current PyTorch and save it again with torch.save"
      )
    }
    let archive = try ZipArchive(bytes, name: name)
    guard let pickle = archive.entries.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }) else {
      throw LiaeError(.corruptFile, "\(name): a zip archive without data.pkl: not written by torch.save")
    }
    let folder = String(pickle.name.dropLast("data.pkl".count))
    if let entry = archive[folder + "byteorder"] {
      let order = try archive.contents(of: entry, verifying: verifyingChecksums)
      guard withExtendedLifetime(order, { order.raw.elementsEqual("little".utf8) }) else {
        throw LiaeError(.unsupported, "\(name): written on a big-endian machine; only little-endian files are read")
      }
    }
    let content = try archive.contents(of: pickle, verifying: verifyingChecksums)
    let storages = Storages(archive, folder: folder, name: name, verifyingChecksums: verifyingChecksums)
    return try PickleReader.parse(
      bytes, offset: content.offset, count: content.count, name: "\(name): \(pickle.name)", allowing: .torch
    ) { (id) throws(LiaeError) in try storages.load(id) }
  }

  /// The pickled magic number that older files begin with.
  static func isLegacy(_ bytes: Bytes) -> Bool {
    let number: [UInt8] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    return bytes.starts(with: [0x80]) && bytes.starts(with: number, at: 2)
  }

  private static let storageNames: [(DType, String)] = [
    (.float64, "DoubleStorage"), (.float32, "FloatStorage"), (.float16, "HalfStorage"),
    (.bfloat16, "BFloat16Storage"), (.int64, "LongStorage"), (.int32, "IntStorage"), (.int16, "ShortStorage"),
    (.int8, "CharStorage"), (.uint8, "ByteStorage"), (.bool, "BoolStorage"),
  ]

  static func storageName(_ dtype: DType) -> String? { storageNames.first { $0.0 == dtype }?.1 }

  /// The storages of one archive, by the persistent ids of its pickle.
  private final class Storages {
    private let archive: ZipArchive
    private let folder: String
    private let name: String
    private let verifyingChecksums: Bool
    private var loaded: [String: TensorView] = [:]

    init(_ archive: ZipArchive, folder: String, name: String, verifyingChecksums: Bool) {
      (self.archive, self.folder, self.name, self.verifyingChecksums) = (archive, folder, name, verifyingChecksums)
    }

    /// ("storage", type, key, device, number of elements) to a tensor of one axis; opaque for types that we have not.
    func load(_ id: PickleValue) throws(LiaeError) -> PickleValue {
      guard case .tuple(let parts) = id, parts.count >= 5, case .string("storage") = parts[0],
        case .opaque(let type) = parts[1], case .string(let key) = parts[2], case .int(let count) = parts[4], count >= 0
      else { throw LiaeError(.corruptFile, "\(name): a persistent id that is not a storage of torch.save") }
      guard let dtype = storageNames.first(where: { "torch.\($0.1)" == type })?.0 else {
        return .opaque("a tensor of \(type)")
      }
      let content = try contents(key)
      guard CheckedSize.product(count, dtype.size) == content.count else {
        throw LiaeError(
          .corruptFile,
          "\(name): storage \(key) should hold \(count) elements of \(dtype.rawValue), and its entry has "
            + "\(content.count) bytes")
      }
      return .tensor(try TensorView(dtype: dtype, shape: [count], storage: content.storage, offset: content.offset))
    }

    private func contents(_ key: String) throws(LiaeError) -> TensorView {
      if let view = loaded[key] { return view }
      guard let entry = archive["\(folder)data/\(key)"] else {
        throw LiaeError(.corruptFile, "\(name): the storage \(folder)data/\(key) is missing from the archive")
      }
      let view = try archive.contents(of: entry, verifying: verifyingChecksums)
      loaded[key] = view
      return view
    }
  }

  /// Writes the whole file or nothing, in the form that `torch.load(weights_only=True)` reads.
  ///
  /// Each tensor gets a storage of its own; its bytes go straight to the file.
  /// - Throws: `unsupported` for a value that has no form in a pickle.
  package static func write(_ value: PickleValue, to path: String, replacing: Bool) throws(LiaeError) {
    var encoder = try PickleEncoder(version: 2, tensors: .torch)
    do throws(LiaeError) { try encoder.encode(value, depth: 0) } catch { throw error.within(path) }
    let storages = encoder.storages
    var zip = ZipWriter()
    // PyTorch expects one folder in the archive, of any name.
    try zip.add("archive/data.pkl", encoder.finish())
    try zip.add("archive/byteorder", Array("little".utf8))
    for (key, tensor) in storages.enumerated() { try zip.add("archive/data/\(key)", tensor) }
    try zip.add("archive/version", Array("3\n".utf8))
    try zip.write(to: path, replacing: replacing)
  }
}
