// SPDX-License-Identifier: Apache-2.0
import LiaeTrain

/// Settings of one run of the program, which may differ at each start.
package struct SessionSettings {
  /// 0: one for each processor.
  package var threads = 0
  package var generatorThreads = 2
  /// What an iteration keeps between its two passes.
  package var memory = ActivationMemory.speed
  /// Minutes; 0: at the end only.
  package var saveEvery: Float = 25
  /// Iterations; 0: never.
  package var previewEvery = 500
  package var previewFaces = 4
  package var logEvery = 1
  /// Seconds between plain lines where standard error is no terminal.
  package var statusEvery: Float = 10
  /// The number of backups that are kept.
  package var backups = 5
  /// Iterations; 0: never.
  package var backupEvery = 0
  /// The multiple of the running mean from which a loss is a spike; 0: none is.
  package var spikeFactor: Float = 10
}
