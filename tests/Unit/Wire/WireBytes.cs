namespace GovChain.Tests.Unit.Wire;

/// <summary>Writes protobuf bytes by hand, right or wrong as asked.</summary>
internal sealed class WireBytes
{
    private readonly List<byte> _bytes = [];

    public WireBytes Tag(int number, int wireType, int needless = 0) =>
        Varint((ulong)number << 3 | (uint)wireType, needless);

    /// <summary>A varint with <paramref name="needless"/> bytes more than it needs.</summary>
    public WireBytes Varint(ulong value, int needless = 0)
    {
        var bytes = new List<byte>();
        do
        {
            bytes.Add((byte)(value & 0x7f | 0x80));
            value >>= 7;
        }
        while (value != 0);
        for (int i = 0; i < needless; i++)
            bytes.Add(0x80);
        bytes[^1] &= 0x7f;
        _bytes.AddRange(bytes);
        return this;
    }

    public WireBytes Raw(params ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
            _bytes.Add(b);
        return this;
    }

    public WireBytes Bytes(int number, params ReadOnlySpan<byte> value) =>
        Tag(number, 2).Varint((ulong)value.Length).Raw(value);

    public WireBytes Number(int number, ulong value) => Tag(number, 0).Varint(value);

    public byte[] ToArray() => [.. _bytes];
}
