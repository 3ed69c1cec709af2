// SPDX-License-Identifier: Apache-2.0

/// out[y,x] = sum over i,j < size of in[2y+i-before, 2x+j-before] * taps[i] * taps[j] for `rows` rows of one block of W
/// channels, before = (size - 1) / 2.
///
/// Reads: the border of two zero pixels. `source` and `target` point at the first pixel of the first row that is written
/// and of the row of the source that belongs to it.
@inlinable @inline(__always)
package func blurPool<V: Lanes>(
  _: V.Type, source: FloatPointer, sourceRow: Int, target: MutableFloatPointer, targetRow: Int, columns: Int, rows: Int,
  taps: FloatPointer, size: Int
) {
  let W = V.width, before = (size - 1) / 2
  for y in 0..<rows {
    for x in 0..<columns {
      let corner = source + (2 * y - before) * sourceRow + (2 * x - before) * W
      var sum = V(repeating: 0)
      for i in 0..<size {
        let p = corner + i * sourceRow
        var line = V(repeating: 0)
        for j in 0..<size { line = axpy(line, taps[j], load(p + j * W) as V) }
        sum = axpy(sum, taps[i], line)
      }
      store(target + y * targetRow + x * W, sum)
    }
  }
}
