// SPDX-License-Identifier: Apache-2.0
import LiaeConvert
import LiaeFormats
import LiaeSystem
import LiaeTestSupport
import LiaeTrain
import Testing

/// Model folders that DeepFaceLab saved in the middle of a training: its moments are taken over, and training goes on.
@Suite(.golden("training")) struct SavedModelGoldenTests {
  private static let end = "_SAEHD_src_dst_opt.npy"
  static let folders = GoldenSet.chosen.folders("training").filter {
    !GoldenSet.chosen.files("training/\($0)", suffix: end).isEmpty
  }

  @Test(.having(folders.count, "saved models"), arguments: folders) func goesOn(_ name: String) throws {
    let folder = GoldenSet.chosen.path("training/\(name)")
    func file(_ suffix: String) throws -> String {
      try #require(GoldenSet.chosen.files("training/\(name)", suffix: suffix).first, "\(name): no \(suffix)")
    }
    let model = try ModelReader.open(path: folder)
    let moments = try file(Self.end), data = try file("_data.dat")
    let stored = try DeepFaceLabFile.parseWeights(try Bytes.read(path: "\(folder)/\(moments)"), name: moments)
    let settings = try DeepFaceLabFile.parseData(try Bytes.read(path: "\(folder)/\(data)"), name: data)
    let given = try #require(settings["options"])
    func flag(_ key: String) throws -> Bool { try #require(given[key]?.boolValue as Bool?, "\(key)") }
    var options = TrainingOptions()
    options.optimizer = try flag("adabelief") ? .adabelief : .rmsprop
    (options.maskedTraining, options.eyesMouthPriority) = (try flag("masked_training"), try flag("eyes_mouth_prio"))
    (options.blurOutMask, options.clipGradient) = (try flag("blur_out_mask"), try flag("clipgrad"))
    options.randomWarp = try flag("random_warp")
    let iteration = try #require(settings["iter"]?.intValue), steps = Int(try #require(stored["iters:0"])[0])
    let trainer = try Trainer(
      engine: Engine(workers: 2), architecture: model.architecture, weights: model, options: options, seed: 1)
    try trainer.restore(deepFaceLab: stored, steps: steps, iteration: iteration)
    #expect(trainer.iteration == iteration && trainer.optimizer.steps == steps)
    let prefixes = options.optimizer == .adabelief ? ["ms", "vs"] : ["acc"]
    for parameter in trainer.network.parameters {
      let name = Trainer.deepFaceLabName(parameter.name)
      for (moment, prefix) in zip([parameter.first, parameter.second], prefixes) {
        guard let expected = stored["\(prefix)_\(name)_0:0"] else {
          #expect(parameter.name.hasPrefix("inter_AB.") && !options.randomWarp, "\(prefix) \(name)")
          continue
        }
        let moments = parameter.inFileOrder(try #require(moment))
        #expect((0..<parameter.count).allSatisfy { moments[$0] == expected[$0] }, "\(prefix) \(name)")
      }
    }
    // The last losses that it wrote are those before its last iteration.
    let history = try #require(settings["loss_history"]?.elements)
    let last = (history.last?.elements ?? []).compactMap(\.doubleValue)
    try #require(last.count == 2)
    let count = given["batch_size"]?.intValue ?? 2
    let batches = try TrainingBatch.of(side: model.architecture.resolution, count: count)
    let report = try trainer.iterate(source: batches.source, destination: batches.destination)
    #expect(Double(report.sourceLoss) < last[0] && Double(report.destinationLoss) < last[1])
  }
}
