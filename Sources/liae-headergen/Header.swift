// SPDX-License-Identifier: Apache-2.0

/// Writes include/liae.h.
struct Header {
  let interface: Interface

  func text() throws(GeneratorError) -> String {
    var out = opening()
    for section in interface.sections.sorted(by: { $0.number < $1.number }) {
      let title = "/* ---- \(section.title) "
      out += "\n\(title)\(String(repeating: "-", count: max(4, 117 - title.count))) */\n"
      if section.items.contains(where: { if case .structure = $0 { true } else { false } }) {
        out += "\n"
        for case .structure(let structure) in section.items {
          out += "typedef struct \(structure.name) \(structure.name);\n"
        }
      }
      for item in section.items { out += "\n" + (try self.text(item)) }
    }
    return out + closing
  }

  private func text(_ item: Interface.Item) throws(GeneratorError) -> String {
    switch item {
    case .constants(let name, let enumeration, let doc):
      guard let constants = interface.enums[enumeration] else {
        throw GeneratorError(message: "no module has an enum \(enumeration): Int32 for \(name)")
      }
      let lines = constants.enumerated().map { i, constant in
        comment(constant.doc, "  ")
          + "  \(constantName(constant.name, of: name)) = \(constant.value)\(i + 1 < constants.count ? "," : "")\n"
      }
      return comment(doc) + "typedef int32_t \(name);\nenum {\n\(lines.joined())};\n"
    case .opaque(let name, let doc):
      return comment(doc) + "typedef struct \(name) \(name);\n"
    case .callback(let function):
      return comment(function.doc) + wrapped("typedef \(declaration(function.result, "(*\(function.name))"))", function)
    case .structure(let structure):
      try refusePadding(structure)
      let members = structure.members.map { comment($0.doc, "  ") + "  \(declaration($0.type, $0.name));\n" }
      let tail = structure.tail.map { "  /* \($0) */\n" }
      return comment(structure.doc) + "struct \(structure.name) {\n\(members.joined())\(tail.joined())};\n"
    case .function(let function):
      // What only releases or asks to stop may be called without a look at its outcome.
      let mustBeRead =
        function.result == "liae_status" && !function.name.hasSuffix("_free") && !function.name.hasSuffix("_cancel")
      let attributes = mustBeRead ? "LIAE_API LIAE_NODISCARD " : "LIAE_API "
      return comment(function.doc) + wrapped(attributes + declaration(function.result, function.name), function)
    }
  }

  private func comment(_ doc: [String], _ indentation: String = "") -> String {
    doc.map { "\(indentation)///\($0.isEmpty ? "" : " \($0)")\n" }.joined()
  }

  /// `start(parameters);` on lines of at most 120 characters.
  private func wrapped(_ start: String, _ function: Interface.Function) -> String {
    let parameters = function.parameters.map { declaration($0.type, $0.name) }
    var lines = ["\(start)("]
    for (i, parameter) in (parameters.isEmpty ? ["void"] : parameters).enumerated() {
      let piece = parameter + (i + 1 < parameters.count ? "," : ");")
      if lines[lines.count - 1].count + piece.count + 1 > 118 {
        lines.append("    \(piece)")
      } else {
        lines[lines.count - 1] += lines[lines.count - 1].hasSuffix("(") ? piece : " \(piece)"
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Swift gives no promise of C's layout; without padding there is only one way to lay members out in order.
  private func refusePadding(_ structure: Interface.Structure) throws(GeneratorError) {
    var constants: Set<String> = []
    for case .constants(let name, _, _) in interface.sections.flatMap(\.items) { constants.insert(name) }
    var offset = 0
    for member in structure.members {
      let size = size(ofC: member.type, constants: constants)
      guard offset % size == 0 else {
        throw GeneratorError(
          message: "\(structure.name).\(member.name) would stand behind padding: reorder the members")
      }
      offset += size
    }
    guard offset % 8 == 0 else {
      throw GeneratorError(message: "\(structure.name) would end in padding: add a reserved member")
    }
  }

  // MARK: - What stands around it

  private func version(_ name: String) -> String { interface.version[name] ?? "0" }

  private func opening() -> String {
    let (major, minor, patch) = (version("major"), version("minor"), version("patch"))
    let suffix = interface.version["suffix"] ?? ""
    return """
      // SPDX-License-Identifier: Apache-2.0
      // Made by liae-headergen from Sources/LiaeABI: edit there, then `make header`.
      #ifndef LIAE_H
      #define LIAE_H

      /*
       * libliae: runs LIAE, DF and AMP face-swap autoencoders on the CPU, on faces and on faces in frames.
       *
       *   liae_model *model = NULL;
       *   liae_context *context = NULL;
       *   if (liae_model_open("me.safetensors", NULL, &model) != LIAE_OK) puts(liae_last_error());
       *   if (liae_context_create(model, NULL, &context) != LIAE_OK) puts(liae_last_error());
       *   if (liae_context_run(context, NULL, &face, &rgb, &mask, NULL) != LIAE_OK) puts(liae_last_error());
       *   if (liae_frame_swap(context, &frame, landmarks, 68, NULL, &frame) != LIAE_OK) puts(liae_last_error());
       *
       * Ownership
       * 1. Handles are opaque. A liae_model is immutable and shared by threads; a liae_context holds one run's
       *    workspace and is used by one thread at a time; a context retains its model, so free order is free; freeing
       *    NULL does nothing. Handles are looked up before use: a foreign or freed one is LIAE_ERROR_INVALID_HANDLE.
       * 2. The library never hands out memory that the caller must free and never frees the caller's. Outputs go to
       *    buffers of the caller, whose sizes liae_model_info gives. A returned const char * is static or lives as
       *    long as the named handle; the comment says which.
       * 3. Inputs are borrowed for the call and options are copied.
       * 4. Callbacks take a user_data, and say on which thread they run and what they MUST and MUST NOT do. Only
       *    liae_context_cancel() may come from another thread during a run, and the freeing of handles.
       * 5. After creation a run allocates nothing, takes no global lock past the handle lookup, writes no file and
       *    prints nothing. Work on frames allocates memory for the part of the frame that it changes.
       *
       * Errors: a function that can fail returns a liae_status, and liae_last_error() is its message. No argument ends
       * the process, unless it points to memory that is not there.
       *
       * Memory: an allocation that fails is LIAE_ERROR_OUT_OF_MEMORY, small ones included: objects of the Swift runtime,
       * which cannot report it, come from a reserve of 8 MiB in the library's own pages until the call has given up. What
       * no status can be had for: a host whose other threads use up the reserve at the same time, a stack that cannot
       * grow, and a system that grants memory and ends the process when it is used (overcommitment). How much memory a
       * call, a context or a model may take can be limited: LIAE_ERROR_RESOURCE_LIMIT.
       *
       * The process: each call sets the floating-point environment (MXCSR and x87; FPCR and FPSR) to the default and
       * restores the caller's; callbacks run in the default one. Signal handlers and masks stay as they are; threads of the library block all
       * signals but those of their own faults. Environment variables that the library reads: LIAE_ISA.
       *
       * Growth: a struct that begins with struct_size may grow at its end. Its _init function, which takes its sizeof,
       * fills it in; the library reads and writes no more of it than struct_size says. Enums travel as int32_t.
       */

      #include <stddef.h>
      #include <stdint.h>

      /// The version of this header; liae_version() is that of the library that runs.
      #define LIAE_VERSION_MAJOR \(major)
      #define LIAE_VERSION_MINOR \(minor)
      #define LIAE_VERSION_PATCH \(patch)
      #define LIAE_VERSION (LIAE_VERSION_MAJOR * 10000 + LIAE_VERSION_MINOR * 100 + LIAE_VERSION_PATCH)
      #define LIAE_VERSION_STRING "\(major).\(minor).\(patch)\(suffix)"
      /// The file that a program with this header loads at run time.
      #define LIAE_SONAME "libliae.so.\(version("soname"))"

      #if defined(__GNUC__)
      #define LIAE_API __attribute__((visibility("default")))
      #define LIAE_NODISCARD __attribute__((warn_unused_result))
      #else
      #define LIAE_API
      #define LIAE_NODISCARD
      #endif

      #ifdef __cplusplus
      extern "C" {
      #endif

      """
  }

  private var closing: String {
    """

    #ifdef __cplusplus
    }
    #endif

    #endif

    """
  }
}
