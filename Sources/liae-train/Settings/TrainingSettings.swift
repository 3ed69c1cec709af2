// SPDX-License-Identifier: Apache-2.0
import LiaeCommandLine
import LiaeFrame
import LiaeGraph
import LiaeSystem
import LiaeText
import LiaeTrain

/// All that says how a model is trained: what the options of `train` and a settings file say, and what is kept with the
/// model. Names, defaults and ranges are those of DeepFaceLab's SAEHD where it has the option.
struct TrainingSettings: SettingsTable {
  // The network: fixed when the model is made.
  var archi = "liae-ud"
  var flavour = Architecture.Flavour.dfl
  var resolution = 128
  var eDims = 64
  var aeDims = 256
  var dDims = 64
  /// Nil: a third of `dDims`, even.
  var dMaskDims: Int?
  var faceType = FaceType.full

  // What a step computes.
  var options = TrainingOptions()
  /// Nil: an eighth of the resolution.
  var ganPatchSize: Int?
  /// Iterations at which the phases of one training begin; nil: there is no such phase.
  var randomWarpUntil: Int?
  var learningRateDropoutFrom: Int?
  var ganFrom: Int?

  // What it is given.
  var batchSize = 4
  var randomSourceFlip = false
  var randomDestinationFlip = true
  var randomHSVPower: Float = 0
  var uniformYaw = false
  var colorTransfer = SampleColorTransfer.none
  var seed = 0

  // How long, and what is kept. 0 is never.
  var targetIteration = 0
  var autobackupHours = 0
  var writesPreviewHistory = false

  // Of one run of the program, not kept with the model.
  var session = SessionSettings()

  /// - Throws: `Failure` of status `usage` naming the option.
  func architecture() throws -> Architecture {
    do throws(LiaeError) {
      let (family, letters) = try Architecture.parse(archi)
      let network = Architecture(
        family: family, flavour: flavour, options: letters, resolution: resolution, eDims: eDims, aeDims: aeDims,
        dDims: dDims, dMaskDims: dMaskDims ?? Self.usualMaskDims(dDims))
      try network.validate()
      return network
    } catch { throw Failure(.usage, error.message) }
  }

  /// Makes these settings say what a model is.
  mutating func adopt(_ network: Architecture, faceType name: String?) {
    (archi, flavour, resolution) = (network.name, network.flavour, network.resolution)
    (eDims, aeDims, dDims, dMaskDims) = (network.eDims, network.aeDims, network.dDims, network.dMaskDims)
    if let type = name.flatMap(FaceType.init(rawValue:)) { faceType = type }
  }

  /// Pixels that the adversary judges at a time.
  var patchSize: Int { ganPatchSize ?? max(3, resolution / 8) }

  static func usualMaskDims(_ dDims: Int) -> Int { max(2, (dDims / 3 + 1) / 2 * 2) }

  /// - Throws: `Failure` of status `usage` for settings that are possible by themselves and not together.
  func check() throws {
    let network = try architecture()
    if options.trueFacePower > 0, network.family == .liae {
      throw Failure(
        .usage, "--true-face-power is \(options.trueFacePower), and --arch is \(network.name); true face is for df only"
      )
    }
    var last = options
    last.ganPatchSize = patchSize
    do throws(LiaeError) { try Trainer.check(last, for: network) } catch { throw Failure(.usage, error.message) }
    if options.pretrain, randomWarpUntil != nil || ganFrom != nil || learningRateDropoutFrom != nil {
      throw Failure(
        .usage, "--pretrain has no phases; take --random-warp-until, --gan-from and --lr-dropout-from away")
    }
    if ganFrom != nil, options.ganPower == 0 {
      throw Failure(.usage, "--gan-from is \(ganFrom ?? 0), and --gan-power is 0; expected a power above 0")
    }
    if randomWarpUntil != nil, !options.randomWarp {
      throw Failure(.usage, "--random-warp-until is \(randomWarpUntil ?? 0), and random warp is off from the start")
    }
  }
}

/// What may be other at each start of the program.
struct SessionSettings {
  /// 0: one for each processor.
  var threads = 0
  var generatorThreads = 2
  /// Minutes; 0: at the end only.
  var saveEvery: Float = 25
  /// Iterations; 0: never.
  var previewEvery = 500
  var previewFaces = 4
  var logEvery = 1
  /// Seconds between plain lines where standard error is no terminal.
  var statusEvery: Float = 10
  /// How many are kept.
  var backups = 5
  /// Iterations; 0: never.
  var backupEvery = 0
  /// How many times the usual loss is a spike; 0: nothing is.
  var spikeFactor: Float = 10
}
