// SPDX-License-Identifier: Apache-2.0
import LiaeFrame
import LiaeImageIO
import LiaeRuntime
import LiaeSwap
import LiaeSynth
import LiaeSystem
import LiaeTensor
import LiaeText

/// Times of what a face costs beside its model: cut out of a frame of 1080p and set back in, 8 bits in and out.
package struct FrameBenchmark {
  struct Row {
    var name: String
    var milliseconds: Statistics
  }

  static let (width, height) = (1920, 1080)

  let resolution, threads, rounds: Int
  /// Pixels of the frame that the face's square is wide.
  let faceWidth: Int
  let rows: [Row]

  /// All rows in turn in each round, so that a disturbance meets all alike.
  ///
  /// - Parameter xseg: an XSeg model, for a row with both of its masks; nil: none.
  /// - Throws: `cancelled`, `outOfMemory`, `threadFailure`.
  package init(
    resolution: Int, xseg: Plan? = nil, threads: Int, rounds: Int, warmup: Int, isCancelled: () -> Bool
  ) throws(LiaeError) {
    let count = threads > 0 ? threads : processorCount()
    let pool = try ThreadPool(workers: count)
    let workers = Workers(pool)
    let rendered = try RenderedFaces(width: Self.width, height: Self.height).frame(3)
    let picture = try rendered.picture.converted(to: .rgb8)
    let output = try Picture(width: Self.width, height: Self.height, format: .rgb8)
    defer { withExtendedLifetime((picture, output)) {} }
    let landmarks = try Landmarks(rendered.landmarks)
    let frame = try Frame(picture.view, workers: workers)

    // The face of somebody else, as a network would have made it, and masks as large as a head.
    let placement = try FacePlacement(landmarks, type: .whole)
    let aligned = try frame.aligned(placement, side: resolution)
    var face = CompositeFace(aligned, rgb: try aligned.crop.copy())
    for i in 0..<face.rgb.count {
      face.rgb.pixels[i] = LiaeFrame.Color(0.9, 0.8, 0.7, 1) * face.rgb.pixels[i]
    }
    let mask = try MaskCanvas(width: resolution, height: resolution)
    for i in 0..<mask.count {
      let (x, y) = (Float(i % resolution) / Float(resolution) - 0.5, Float(i / resolution) / Float(resolution) - 0.5)
      mask.pixels[i] = min(max((0.4 - (x * x * 1.6 + y * y).squareRoot()) * 20, 0), 1)
    }
    (face.swapMask, face.destinationMask) = (mask, mask)

    var cases: [(String, () throws(LiaeError) -> Void)] = [
      (
        "align",
        { () throws(LiaeError) in
          _ = try frame.aligned(FacePlacement(landmarks, type: .whole), side: resolution)
        }
      )
    ]
    func add(_ name: String, _ change: (inout CompositeOptions) -> Void) {
      var options = CompositeOptions()
      options.colorTransfer = .none
      change(&options)
      cases.append(
        (
          name,
          { () throws(LiaeError) in
            var compositor = try Compositor(frame, options: options)
            try compositor.add(face)
            try compositor.write(to: output.mutableView, mask: nil)
          }
        ))
    }
    add("overlay") { _ in }
    add("overlay, rct") { $0.colorTransfer = .rct }
    add("overlay, rct, erode 20, blur 60") { ($0.colorTransfer, $0.erode, $0.blur) = (.rct, 20, 60) }
    add("overlay, lct") { $0.colorTransfer = .lct }
    add("overlay, mkl") { $0.colorTransfer = .mkl }
    add("hist-match") { $0.blend = .histogramMatch }
    add("seamless") { $0.blend = .seamless }
    add("seamless, rct") { ($0.blend, $0.colorTransfer) = (.seamless, .rct) }
    add("overlay, idt") { $0.colorTransfer = .idt }
    add("overlay, sot-m") { $0.colorTransfer = .sotM }
    if let xseg {
      var options = ContextOptions()
      options.threads = threads
      let segmenter = try Context(plan: xseg, options: options).segmenter()
      face.segmenter = segmenter
      let crop = try frame.crop(placement.transform(size: segmenter.side), side: segmenter.side, clamps: false)
      cases.append(
        (
          "xseg, both masks alone",
          { () throws(LiaeError) in for _ in 0..<2 { _ = try segmenter.mask(crop) } }
        ))
      add("overlay, xseg-prd*xseg-dst") { $0.maskMode = .xsegProduct }
    }

    var times = [[Double]](repeating: [], count: cases.count)
    for round in 0..<warmup + rounds {
      for (index, test) in cases.enumerated() {
        if isCancelled() { throw LiaeError(.cancelled, "interrupted") }
        pool.begin()
        let start = monotonicNanoseconds()
        try test.1()
        let end = monotonicNanoseconds()
        pool.end()
        if round >= warmup { times[index].append(Double(end - start) / 1e6) }
      }
    }
    (self.resolution, self.threads, self.rounds) = (resolution, count, rounds)
    faceWidth = Int((Double(resolution) / aligned.matrix.determinant.squareRoot()).rounded())
    rows = zip(cases, times).map { Row(name: $0.0, milliseconds: Statistics($1)) }
  }

  package var text: String {
    let cells = rows.map { row in
      [
        row.name, row.milliseconds.median.fixed(2), row.milliseconds.minimum.fixed(2),
        row.milliseconds.deviation.fixed(2),
      ]
    }
    return """
      \(Self.width) x \(Self.height) frame, face of \(resolution) in a square of \(faceWidth) pixels, \
      \(threads) \(threads == 1 ? "thread" : "threads"), \(rounds) \(rounds == 1 ? "round" : "rounds")

      \(table(header: ["step", "median ms", "min ms", "MAD ms"], rows: cells, leftColumns: 1))
      """
  }

  package var json: JSON {
    .object([
      ("frame", .array([.integer(Self.width), .integer(Self.height)])), ("resolution", .integer(resolution)),
      ("face_width", .integer(faceWidth)), ("threads", .integer(threads)), ("rounds", .integer(rounds)),
      (
        "steps",
        .array(
          rows.map { row in
            .object([
              ("name", .string(row.name)), ("median_ms", .number(row.milliseconds.median)),
              ("min_ms", .number(row.milliseconds.minimum)), ("mad_ms", .number(row.milliseconds.deviation)),
            ])
          })
      ),
    ])
  }
}
