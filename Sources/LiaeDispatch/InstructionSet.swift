// SPDX-License-Identifier: Apache-2.0
import CLiaeIntrinsics
import LiaeKernels
import LiaeKernelsBaseline
import LiaeSystem

#if arch(x86_64)
  import LiaeKernelsAVX2
  import LiaeKernelsAVX512
#elseif arch(arm64)
  import LiaeKernelsNEON
#endif

/// The instruction sets that kernels are written for, of all processor architectures; files of packed weights name them.
package enum InstructionSet: String, Sendable, Comparable {
  /// The features that every processor of an architecture has, four lanes: SSE2 on x86-64, Advanced SIMD on arm64.
  case baseline
  /// Advanced SIMD of arm64 at eight lanes, two registers a vector.
  case neon
  /// AVX2 with FMA (x86-64-v3).
  case avx2
  /// AVX-512 F, BW, CD, DQ, VL (x86-64-v4).
  case avx512

  /// The instruction sets that this build has kernels for, lowest first.
  package static var built: [InstructionSet] {
    #if arch(x86_64)
      [.baseline, .avx2, .avx512]
    #elseif arch(arm64)
      [.baseline, .neon]
    #endif
  }

  /// Orders the instruction sets of one architecture.
  package static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .baseline: 0
    case .neon, .avx2: 1
    case .avx512: 2
    }
  }

  /// The highest that the processor has and whose registers the operating system saves.
  package static let detected: InstructionSet = detect()

  /// Instruction sets that this processor can run, lowest first.
  package static var supported: [InstructionSet] { built.filter { $0 <= detected } }

  /// The detected one, or the one that `LIAE_ISA` names where it is lower.
  ///
  /// - Throws: `invalidArgument` when the variable holds another word.
  package static func preferred() throws(LiaeError) -> InstructionSet {
    guard let wish = environmentVariable("LIAE_ISA"), !wish.isEmpty else { return detected }
    guard let set = InstructionSet(rawValue: wish), built.contains(set) else {
      let names = built.map(\.rawValue).joined(separator: ", ")
      throw LiaeError(.invalidArgument, "LIAE_ISA is \"\(wish)\"; expected one of \(names)")
    }
    return min(set, detected)
  }

  /// The kernels. Nothing of a module is touched that this processor cannot run.
  package func kernels() throws(LiaeError) -> KernelTable {
    try requireSupport()
    switch self {
    #if arch(x86_64)
      case .avx2: return LiaeKernelsAVX2.kernelTable()
      case .avx512: return LiaeKernelsAVX512.kernelTable()
    #elseif arch(arm64)
      case .neon: return LiaeKernelsNEON.kernelTable()
    #endif
    default: return LiaeKernelsBaseline.kernelTable()
    }
  }

  /// The kernels of training.
  package func trainingKernels() throws(LiaeError) -> TrainingKernelTable {
    try requireSupport()
    switch self {
    #if arch(x86_64)
      case .avx2: return LiaeKernelsAVX2.trainingKernelTable()
      case .avx512: return LiaeKernelsAVX512.trainingKernelTable()
    #elseif arch(arm64)
      case .neon: return LiaeKernelsNEON.trainingKernelTable()
    #endif
    default: return LiaeKernelsBaseline.trainingKernelTable()
    }
  }

  private func requireSupport() throws(LiaeError) {
    guard Self.supported.contains(self) else {
      throw LiaeError(.unsupported, "this processor has no \(rawValue); it has \(Self.detected.rawValue)")
    }
  }

  private static func detect() -> InstructionSet {
    #if arch(x86_64)
      let leaf1 = liae_cpuid(1, 0), leaf7 = liae_cpuid(7, 0), extended = liae_cpuid(0x8000_0001, 0)
      func has(_ register: UInt32, _ bits: [UInt32]) -> Bool { bits.allSatisfy { register >> $0 & 1 == 1 } }
      // ecx of leaf 1: FMA 12, SSSE3 9, SSE4.1 19, SSE4.2 20, MOVBE 22, POPCNT 23, OSXSAVE 27, AVX 28, F16C 29.
      guard has(leaf1.ecx, [12, 22, 23, 27, 28, 29]) else { return .baseline }
      let saved = liae_xgetbv0()
      // BMI1 3, AVX2 5, BMI2 8 of leaf 7; LZCNT 5 of the extended leaf. XCR0: XMM 1, YMM 2.
      guard has(leaf7.ebx, [3, 5, 8]), has(extended.ecx, [5]), saved & 0x6 == 0x6 else { return .baseline }
      // AVX-512 F 16, DQ 17, CD 28, BW 30, VL 31. XCR0: opmask 5, upper ZMM 6, ZMM16-31 7.
      guard has(leaf7.ebx, [16, 17, 28, 30, 31]), saved & 0xe0 == 0xe0 else { return .avx2 }
      return .avx512
    #elseif arch(arm64)
      // Advanced SIMD is a part of the architecture.
      return .neon
    #endif
  }
}
