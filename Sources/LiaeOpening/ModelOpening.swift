// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeGraph
import LiaePack
import LiaeRuntime
import LiaeSystem
import LiaeTensor

/// Opens what holds a model, recognised by its content, and makes it ready to run.
package struct ModelOpening: Sendable {
  /// The caller's knowledge of the checkpoint.
  package var checkpoint = OpenOptions()
  package var plan = PlanOptions()
  /// Packed weights beside the checkpoint: mapped where they fit it, made where they do not or are not there.
  package var packedPath: String?
  /// Reads packed weights whole and checks them when they are opened; else each part is checked as it is first used.
  package var verifiesPacked = false
  /// Copies packed weights into memory of this process; else they are mapped, and a file that is truncated meanwhile ends
  /// the process.
  package var copiesPacked = false
  /// Takes what a user should know of packed weights.
  package var report: @Sendable (Remark) -> Void = { _ in }

  package struct Remark: Sendable {
    /// True if something did not work and the model was opened without it.
    package var isWarning: Bool
    package var text: String
  }

  package init() {}

  /// - Parameter path: a checkpoint, as `ModelReader.open` takes it, or packed weights.
  /// - Throws: what reading a checkpoint or packed weights throws; `packMismatch` for packed weights that do not fit;
  ///   `invalidArgument` for packed weights beside packed weights.
  package func open(_ path: String) throws(LiaeError) -> Plan { try open(CheckpointFile(path: path)) }

  /// Opens what was found at a path.
  ///
  /// - Throws: as `open` of a path.
  package func open(_ source: CheckpointFile) throws(LiaeError) -> Plan {
    guard let packed = source.packedWeights else {
      return try open(ModelReader.open(source, options: checkpoint), from: source.path)
    }
    guard packedPath == nil else {
      throw LiaeError(
        .invalidArgument, "\(source.path): holds packed weights itself; others beside it are for a checkpoint")
    }
    let file = try PackFile(packed, copying: copiesPacked)
    if verifiesPacked { try file.verify() }
    return try file.plan(PackRequest(plan), info: try described(file), isSound: verifiesPacked)
  }

  /// - Parameters:
  ///   - model: a checkpoint that has been read with the options of `checkpoint`.
  ///   - path: where it was read, so that packed weights which turn out to be damaged can be made anew; nil: nowhere.
  package func open(_ model: consuming Model, from path: String? = nil) throws(LiaeError) -> Plan {
    do throws(LiaeError) {
      guard let packedPath else { return try Plan(model: consume model, options: plan) }
      return try open(consume model, from: path, packedIn: packedPath)
    } catch {
      // The weights themselves are wrong.
      guard let path, error.status == .corruptFile else { throw error }
      throw error.naming(path)
    }
  }

  private func open(_ model: consuming Model, from source: String?, packedIn path: String) throws(LiaeError) -> Plan {
    let request = try PackRequest(plan, of: copy model)
    /// The reason why the file is written; nil where it is not ours to replace.
    let reason: String?
    do throws(LiaeError) {
      let file = try PackFile(path: path, copying: copiesPacked)
      if verifiesPacked { try file.verify() }
      return try file.plan(request, isSound: verifiesPacked, makeAnew: packingAnew(source, request, to: path))
    } catch {
      switch error.status {
      case .fileNotFound: reason = "\(path): packed weights are not there yet"
      case .packMismatch, .corruptFile, .limitExceeded, .unknownArchitecture: reason = error.message
      case .inputOutput, .unknownFormat:
        report(Remark(isWarning: true, text: "\(error.message); it stays as it is, and the weights are packed anew"))
        reason = nil
      default: throw error
      }
    }
    let fresh = try Plan(model: consume model, options: plan)
    guard let reason else { return fresh }
    do throws(LiaeError) {
      try PackFile.write(fresh, to: path, replacing: true)
      report(Remark(isWarning: false, text: "\(reason); written"))
      // What was written is shared with other processes, what is in memory is not.
      return try PackFile(path: path, copying: copiesPacked)
        .plan(request, makeAnew: packingAnew(source, request, to: path))
    } catch {
      report(Remark(isWarning: true, text: "\(error.message); this run does without"))
      return fresh
    }
  }

  /// Reads the checkpoint again, packs it and writes the file anew; nil where nobody knows the checkpoint's path.
  private func packingAnew(_ source: String?, _ request: PackRequest, to path: String)
    -> (@Sendable () throws(LiaeError) -> [WeightPart])?
  {
    guard let source else { return nil }
    let fingerprint = request.checkpoint?.fingerprint
    return { [self] () throws(LiaeError) in
      let model = try ModelReader.open(path: source, options: checkpoint)
      guard try model.fingerprint() == fingerprint else {
        throw LiaeError(.packMismatch, "\(source): is another checkpoint by now")
      }
      let fresh = try Plan(model: model, options: plan)
      do throws(LiaeError) {
        try PackFile.write(fresh, to: path, replacing: true)
        report(Remark(isWarning: true, text: "\(path): packed weights were damaged; written"))
      } catch {
        report(Remark(isWarning: true, text: "\(path): packed weights are damaged; \(error.message)"))
      }
      return fresh.parts
    }
  }

  /// Returns what a packed file says of its model, with what the caller knows better.
  private func described(_ file: PackFile) throws(LiaeError) -> ModelInfo {
    var info = file.header.info
    if let order = checkpoint.colorOrder { info.colorOrder = order }
    if let faceType = try checkpoint.faceTypeName() { info.faceType = faceType }
    if let name = checkpoint.architecture {
      let (family, options) = try Architecture.parse(name)
      let held = file.header.architecture
      let wanted = Architecture(
        family: family, flavour: held.flavour, options: options, resolution: held.resolution, eDims: held.eDims,
        aeDims: held.aeDims, dDims: held.dDims, dMaskDims: held.dMaskDims, interDims: held.interDims,
        baseDims: held.baseDims)
      guard wanted == held else {
        throw LiaeError(.packMismatch, "\(file.name): packed weights of \(held.name), and \(wanted.name) is asked for")
      }
    }
    return info
  }
}
