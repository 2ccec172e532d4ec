using System.Buffers.Binary;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>A number below 2^256 as four words, the least significant first.</summary>
internal readonly record struct Words256(ulong W0, ulong W1, ulong W2, ulong W3)
{
    /// <summary>Reads 32 bytes, big-endian.</summary>
    public static Words256 Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt64BigEndian(bytes));

    /// <summary>Writes 32 bytes, big-endian.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], W0);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], W1);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], W2);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, W3);
    }
}
