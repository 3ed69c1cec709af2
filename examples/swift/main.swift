// SPDX-License-Identifier: Apache-2.0
// swap MODEL: runs a model on a drawn face and says what came out.
import Liae

guard CommandLine.arguments.count == 2 else {
  print("usage: swap MODEL")
  throw CancellationError()
}
let model = try Model(path: CommandLine.arguments[1])
let context = try Context(model)
let side = model.resolution
let pixels = (0..<side * side * 3).map { UInt8($0 * 7919 % 251) }
let output = try context.run(Image(width: side, height: side, bytes: pixels))
let sum = output.picture?.bytes.reduce(0) { $0 + Int($1) } ?? 0
print("\(model.architecture), \(side) x \(side) pixels; mean of the picture \(sum / (model.pictureSide * model.pictureSide * 3))")
