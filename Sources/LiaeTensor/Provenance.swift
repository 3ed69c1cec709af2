// SPDX-License-Identifier: Apache-2.0
import LiaeSystem

/// The statement of a picture file about its origin.
package struct Provenance: Sendable {
  /// Kinds of origin, by their names in the IPTC NewsCodes vocabulary `digitalsourcetype`.
  package enum SourceType: String, Sendable {
    /// Media that a trained model made from nothing but its input: a raw face.
    case trainedAlgorithmicMedia
    /// A photograph with a part that a trained model made.
    case compositeWithTrainedAlgorithmicMedia

    /// The identifier of the source type in IPTC's vocabulary.
    package var uri: String { "http://cv.iptc.org/newscodes/digitalsourcetype/\(rawValue)" }
  }

  package var sourceType: SourceType
  /// Name and version of the program, as in `libliae 0.1.0`. Letters, digits, spaces, dots and dashes only.
  package var creatorTool: String

  package init(sourceType: SourceType, creatorTool: String) {
    (self.sourceType, self.creatorTool) = (sourceType, creatorTool)
  }

  /// The provenance of a face that comes straight out of a model.
  package static var rawFace: Provenance { ofThisLibrary(.trainedAlgorithmicMedia) }
  /// The provenance of a frame with a swapped face.
  package static var composite: Provenance { ofThisLibrary(.compositeWithTrainedAlgorithmicMedia) }

  private static func ofThisLibrary(_ sourceType: SourceType) -> Provenance {
    Provenance(sourceType: sourceType, creatorTool: "libliae \(Version.string)")
  }

  /// An XMP packet: IPTC Photo Metadata Standard's `DigitalSourceType`, and `CreatorTool`.
  package var xmp: String {
    """
    <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?>
    <x:xmpmeta xmlns:x="adobe:ns:meta/">
     <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about=""
        xmlns:xmp="http://ns.adobe.com/xap/1.0/"
        xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
        xmp:CreatorTool="\(creatorTool)"
        Iptc4xmpExt:DigitalSourceType="\(sourceType.uri)"/>
     </rdf:RDF>
    </x:xmpmeta>
    <?xpacket end="r"?>
    """
  }
}
