// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeGraph
import LiaeSamples
import LiaeSystem
import LiaeText
import LiaeTrain

/// The settings of training a model: the options of `train` and of a settings file, most of which are kept with the
/// model. Names, defaults and ranges are those of DeepFaceLab's SAEHD where it has the option, else of its AMP.
package struct TrainingSettings: ModelSettings {
  // The network: fixed when the model is made.
  package var archi = "liae-ud"
  package var flavour = Architecture.Flavour.dfl
  package var resolution = 128
  package var eDims = 64
  package var aeDims = 256
  package var dDims = 64
  /// The dimensions of the mask decoder; nil: a third of `dDims`, even.
  package var dMaskDims: Int?
  /// Channels of a latent module of amp; nil: `usualInterDims` in amp, and in the other families, which have no such size.
  package var interDims: Int?
  package var faceType = FaceType.full

  // What an iteration computes.
  package var options = TrainingOptions()
  /// The side of a patch of the adversarial loss; nil: an eighth of the resolution.
  package var ganPatchSize: Int?
  /// Iterations at which random warp ends, and at which the weight on eyes and mouth, learning-rate dropout and the GAN
  /// begin; nil: never.
  package var randomWarpUntil: Int?
  package var eyesMouthPriorityFrom: Int?
  package var learningRateDropoutFrom: Int?
  package var ganFrom: Int?
  /// Later learning rates; nil: the first stays.
  package var learningRateFrom: LearningRateSchedule?

  // Samples.
  package var batchSize = 4
  package var randomSourceFlip = false
  package var randomDestinationFlip = true
  package var randomHSVPower: Float = 0
  package var uniformYaw = false
  package var colorTransfer = SampleColorTransfer.none
  package var seed = 0

  // Length and backups; 0 is never.
  package var targetIteration = 0
  package var autobackupHours = 0
  package var writesPreviewHistory = false

  /// The settings of one run of the program, not kept with the model.
  package var session = SessionSettings()

  package init() {}

  /// The network that the settings describe.
  ///
  /// - Throws: `invalidArgument` naming the option.
  package func architecture() throws(LiaeError) -> Architecture {
    do throws(LiaeError) {
      let (family, letters) = try Architecture.parse(archi)
      if let interDims, family != .amp {
        throw LiaeError(
          .invalidArgument, "--inter-dims is \(interDims), and --arch is \(archi); that size is of amp only")
      }
      let network = Architecture(
        family: family, flavour: flavour, options: letters, resolution: resolution, eDims: eDims, aeDims: aeDims,
        dDims: dDims, dMaskDims: dMaskDims ?? Self.usualMaskDims(dDims),
        interDims: family == .amp ? interDims ?? Self.usualInterDims : 0)
      try network.validate()
      return network
    } catch { throw LiaeError(.invalidArgument, error.message) }
  }

  /// Takes the description of the network over from a model.
  package mutating func adopt(_ network: Architecture, faceType name: String?) {
    (archi, flavour, resolution) = (network.name, network.flavour, network.resolution)
    (eDims, aeDims, dDims, dMaskDims) = (network.eDims, network.aeDims, network.dDims, network.dMaskDims)
    interDims = network.family == .amp ? network.interDims : nil
    if let type = name.flatMap(FaceType.init(rawValue:)) { faceType = type }
  }

  /// Side of the GAN's receptive field, pixels.
  package var patchSize: Int { ganPatchSize ?? max(3, resolution / 8) }

  package static let usualInterDims = 1024

  package static func usualMaskDims(_ dDims: Int) -> Int { max(2, (dDims / 3 + 1) / 2 * 2) }

  /// Checks the settings against each other; each by itself was checked when it was set.
  ///
  /// - Throws: `invalidArgument` for settings that contradict each other or the network.
  package func check() throws(LiaeError) {
    let network = try architecture()
    if options.trueFacePower > 0, network.family != .df {
      throw LiaeError(
        .invalidArgument,
        "--true-face-power is \(options.trueFacePower), and --arch is \(network.name); true face is for df only"
      )
    }
    var last = options
    last.ganPatchSize = patchSize
    do throws(LiaeError) { try Trainer.check(last, for: network) } catch {
      throw LiaeError(.invalidArgument, error.message)
    }
    if options.pretrain,
      [randomWarpUntil, ganFrom, learningRateDropoutFrom, eyesMouthPriorityFrom].contains(where: { $0 != nil })
        || learningRateFrom != nil
    {
      throw LiaeError(
        .invalidArgument,
        "--pretrain has no phases; remove --random-warp-until, --eyes-mouth-prio-from, --learning-rate-from, "
          + "--lr-dropout-from and --gan-from")
    }
    if ganFrom != nil, options.ganPower == 0 {
      throw LiaeError(.invalidArgument, "--gan-from is \(ganFrom ?? 0), and --gan-power is 0; expected a power above 0")
    }
    if let from = eyesMouthPriorityFrom, network.family == .amp {
      throw LiaeError(
        .invalidArgument, "--eyes-mouth-prio-from is \(from), and --arch is amp, which weights eyes and mouth always")
    }
    if randomWarpUntil != nil, !options.randomWarp {
      throw LiaeError(
        .invalidArgument, "--random-warp-until is \(randomWarpUntil ?? 0), and random warp is off from the start")
    }
  }
}
