// SPDX-License-Identifier: Apache-2.0
import LiaeDispatch
import LiaeSystem
import LiaeTensor

// liae.h 3: The library

/// The version of the library that runs, which may be newer than the header: compare with LIAE_VERSION.
///
/// @return major * 10000 + minor * 100 + patch.
/// Threads: any. Since: 0.1.
@_cdecl("liae_version")
package func liaeVersion() -> Int32 { Int32(Version.number) }

/// The version as text, "0.1.0"; it ends in "-dev" between releases.
///
/// @return a static string.
/// Threads: any. Since: 0.1.
@_cdecl("liae_version_string")
package func liaeVersionString() -> UnsafePointer<CChar>? { StaticText.of(Version.string) }

/// The name of a status: "LIAE_ERROR_INVALID_HANDLE".
///
/// @param[in] status  any value
/// @return a static string; "LIAE_STATUS_UNKNOWN" for a value that this library does not have.
/// Threads: any. Since: 0.1.
@_cdecl("liae_status_string")
package func liaeStatusString(_ status: CStatus) -> UnsafePointer<CChar>? {
  StaticText.of(Status(rawValue: status).map(cName(of:)) ?? "LIAE_STATUS_UNKNOWN")
}

/// Returns the error message of the thread's last call: names the file, the tensor, what was found and what was
/// expected.
///
/// @return UTF-8 of at most 1023 bytes; empty where the last call succeeded. The library's, valid until the thread's
///   next call of a function that returns a liae_status.
/// Threads: each has its own. Since: 0.1.
@_cdecl("liae_last_error")
package func liaeLastError() -> UnsafePointer<CChar>? { LastError.text ?? StaticText.of("") }

/// Sets who is told of errors, guesses and remarks. The library itself prints nothing.
///
/// @param[in] callback   NULL: nobody is told, as at start
/// @param[in] user_data  handed to the callback; may be NULL
/// Ownership: both are kept until the next call; a call of the old callback may still be under way on another thread
/// when this returns.
/// Threads: any. Since: 0.1.
@_cdecl("liae_log_set_callback")
package func liaeLogSetCallback(_ callback: CLogCallback?, _ userData: UnsafeMutableRawPointer?) {
  Log.set(callback, userData)
}

/// Sets how much memory any one call may take at a time, with its images and buffers; past it the call ends with
/// LIAE_ERROR_RESOURCE_LIMIT before it takes more. For contexts and models there are limits of their own in their options.
///
/// @param[in] bytes  0: no limit, as at first
/// @return LIAE_OK.
/// Threads: any; calls that are under way keep the limit they began with. Since: 0.1.
@_cdecl("liae_memory_set_limit")
package func liaeMemorySetLimit(_ bytes: UInt64) -> CStatus {
  call { () throws(LiaeError) in CallLimit.set(Int(clamping: bytes)) }
}

/// Fills in an empty liae_cpu.
///
/// @param[out] cpu          zeroed and given its struct_size
/// @param[in]  struct_size  sizeof(liae_cpu)
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when cpu is NULL, LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_cpu_init")
package func liaeCpuInit(_ cpu: Out<CCpu>?, _ structSize: Int) -> CStatus {
  call { () throws(LiaeError) in try CCpu.initialize(cpu, structSize, "cpu") }
}

/// Returns the instruction set that the library uses on this processor. The environment variable LIAE_ISA can only
/// lower it.
///
/// @param[in,out] cpu  made by liae_cpu_init(); unchanged on failure
/// @return LIAE_OK, LIAE_ERROR_INVALID_ARGUMENT when cpu is NULL or LIAE_ISA is not one of their names,
///   LIAE_ERROR_INVALID_STRUCT_SIZE.
/// Threads: any. Since: 0.1.
@_cdecl("liae_cpu_features")
package func liaeCpuFeatures(_ cpu: Out<CCpu>?) -> CStatus {
  call { () throws(LiaeError) in
    let cpu = try require(cpu, "cpu")
    var result = CCpu()
    result.isa = StaticText.of(try InstructionSet.preferred().rawValue)
    result.detected = StaticText.of(InstructionSet.supported.map(\.rawValue).joined(separator: " "))
    result.processors = Int32(clamping: processorCount())
    try result.write(to: cpu, "cpu")
  }
}

/// The XMP packet that says of a picture that it was made with a trained network: put it into every picture you write
/// (PNG: an iTXt chunk with the keyword "XML:com.adobe.xmp"; JPEG: an APP1 segment).
///
/// It holds IPTC DigitalSourceType trainedAlgorithmicMedia (LIAE_PROVENANCE_GENERATED) or
/// compositeWithTrainedAlgorithmicMedia (LIAE_PROVENANCE_COMPOSITE) and the library's name and version.
/// @param[in] provenance  LIAE_PROVENANCE_GENERATED, LIAE_PROVENANCE_COMPOSITE
/// @return a static string, UTF-8 XML; NULL for another value.
/// Threads: any. Since: 0.1.
@_cdecl("liae_provenance_xmp")
package func liaeProvenanceXMP(_ provenance: CProvenance) -> UnsafePointer<CChar>? {
  guard let kind = ProvenanceKind(rawValue: provenance) else { return nil }
  return StaticText.of((kind == .generated ? Provenance.rawFace : .composite).xmp)
}
