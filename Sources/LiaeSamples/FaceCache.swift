// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The faces of a source at the model's size: made when they are asked for, kept while there is room.
///
/// A face whose picture turns out to be broken is skipped for good; the next one that can be used stands in for it, so
/// that what is returned depends on the files alone.
final class FaceCache: @unchecked Sendable {
  private let source: FacesetSource
  /// The indices of the source's faces that count.
  private let members: [Int]
  private let prepare: @Sendable (SourceFace) throws(LiaeError) -> PackedFace
  /// Guards what follows.
  private let monitor = Monitor()
  private var kept: [Int: PackedFace] = [:]
  private var broken: [Int: LiaeError] = [:]
  private var room: Int

  /// - Parameters:
  ///   - memory: bytes.
  ///   - prepare: on any thread, always with the same result.
  init(
    _ source: FacesetSource, _ members: [Int], memory: Int,
    prepare: @escaping @Sendable (SourceFace) throws(LiaeError) -> PackedFace
  ) {
    (self.source, self.members, room, self.prepare) = (source, members, memory, prepare)
  }

  /// Member `index` or what stands in for it.
  ///
  /// - Throws: `outOfMemory`; what the face's picture threw where no other can be read either.
  func face(_ index: Int) throws(LiaeError) -> PackedFace {
    let count = members.count
    var first: LiaeError?
    for step in 0..<count {
      let candidate = (index + step) % count
      let (face, error) = monitor.locked { (kept[candidate], broken[candidate]) }
      if let face { return face }
      if let error {
        first = first ?? error
        continue
      }
      do throws(LiaeError) {
        let face = try prepare(source.faces[members[candidate]])
        monitor.locked {
          guard kept[candidate] == nil, face.byteCount <= room else { return }
          kept[candidate] = face
          room -= face.byteCount
        }
        return face
      } catch {
        guard error.status != .outOfMemory else { throw error }
        let face = source.faces[members[candidate]]
        let named = error.naming(face.name)
        monitor.locked { broken[candidate] = named }
        source.skip(face, error)
        first = first ?? named
      }
    }
    let reason = first?.message ?? "it has no faces"
    throw LiaeError(first?.status ?? .invalidArgument, "\(source.path): no face is left that can be read; \(reason)")
  }
}
