namespace GovChain.Core.Cryptography.Engine;

/// <summary>A point of y^2 = x^3 + b other than infinity; both coordinates have magnitude 1.</summary>
/// <remarks>No formula of the engine uses b: the same code serves the small groups of the exhaustive tests.</remarks>
internal readonly struct AffinePoint(in FieldElement x, in FieldElement y)
{
    public readonly FieldElement X = x;
    public readonly FieldElement Y = y;

    /// <summary>The base point of SEC 2, section 2.4.1.</summary>
    public static AffinePoint Generator => new(
        FieldElement.From(new(0x59F2815B16F81798, 0x029BFCDB2DCE28D9, 0x55A06295CE870B07, 0x79BE667EF9DCBBAC)),
        FieldElement.From(new(0x9C47D08FFB10D4B8, 0xFD17B448A6855419, 0x5DA4FBFC0E1108A8, 0x483ADA7726A3C465)));

    /// <summary>The point of a key, which has been checked to lie on the curve.</summary>
    public static AffinePoint Of(PublicKey key) => new(
        FieldElement.From(Words256.Read(key.Uncompressed[1..33])), FieldElement.From(Words256.Read(key.Uncompressed[33..])));
}
